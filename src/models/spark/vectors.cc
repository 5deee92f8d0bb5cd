// Stages that make vectors: VectorAssembler, PolynomialExpansion, Interaction, VectorIndexer.
#include <algorithm>
#include <cmath>
#include <map>

#include "models/spark/stage.h"

namespace slipway::models::spark {
namespace {

constexpr size_t kMaxSize = size_t{1} << 22;
constexpr size_t kMaxDenseSize = 1024;  // longer vectors are kept sparse

struct Part {
  const Vectors* vectors;       // or
  std::vector<double> numbers;  // one for each row
  size_t size() const { return vectors == nullptr ? 1 : vectors->size; }
};

struct Assembler {
  std::vector<std::string> in;
  std::string out;
  Invalid invalid;
};

Result<std::vector<Part>> parts_of(const Assembler& assembler, const Frame& frame) {
  std::vector<Part> parts;
  for (const auto& name : assembler.in) {
    const auto* column = TRY(frame.get(name));
    if (const auto* vectors = std::get_if<Vectors>(&column->cells)) {
      parts.push_back({vectors, {}});
      continue;
    }
    auto numbers = TRY(frame.numbers(name));
    for (size_t i = 0; i < numbers.size() && assembler.invalid == Invalid::error; ++i) {
      if (!std::isnan(numbers[i])) continue;
      return fail(Code::invalid_parameter_value,
                  "column '{}', row {}: VectorAssembler takes no missing value "
                  "(its handleInvalid is error)",
                  name, i);
    }
    parts.push_back({nullptr, std::move(numbers)});
  }
  return parts;
}

Vectors assembled(const std::vector<Part>& parts, size_t n_rows, size_t size) {
  const bool sparse = size > kMaxDenseSize;
  auto out = sparse ? Vectors::empty_sparse(n_rows, size) : Vectors::dense(n_rows, size);
  for (size_t i = 0; i < n_rows; ++i) {
    size_t begin = 0;
    for (const auto& part : parts) {
      const auto put = [&](size_t c, double value) {
        if (!sparse) {
          out.row(i)[begin + c] = value;
        } else if (value != 0) {
          out.put(begin + c, value);
        }
      };
      if (part.vectors == nullptr) {
        put(0, part.numbers[i]);
      } else {
        part.vectors->each(i, put);
      }
      begin += part.size();
    }
    if (sparse) out.end_row();
  }
  return out;
}

std::vector<size_t> levels_of(const std::vector<std::string>& names, const Frame& frame,
                              const std::vector<Part>& parts, size_t size) {
  if (std::ranges::all_of(names, [&](const auto& n) { return frame.find(n)->levels.empty(); })) {
    return {};
  }
  std::vector<size_t> levels;
  for (size_t p = 0; p < parts.size(); ++p) {
    const auto& own = frame.find(names[p])->levels;
    levels.insert(levels.end(), own.begin(), own.end());
    levels.resize(levels.size() + parts[p].size() - own.size());
  }
  levels.resize(size);
  return levels;
}

Result<Stage> assembler(const Saved& saved) {
  Assembler made;
  made.in = TRY(saved.texts("inputCols"));
  made.out = TRY(saved.text("outputCol"));
  made.invalid = TRY(invalid_of(saved));
  Stage stage{"VectorAssembler", made.in, {made.out}, made.invalid == Invalid::skip, {}};
  stage.apply = [made](Frame& frame) -> Result<void> {
    if (made.invalid == Invalid::skip) {
      std::vector<uint8_t> marks(frame.n_rows(), 1);
      const auto parts = TRY(parts_of(made, frame));
      for (const auto& part : parts) {
        for (size_t i = 0; i < part.numbers.size(); ++i) {
          if (std::isnan(part.numbers[i])) marks[i] = 0;
        }
      }
      frame.keep(marks);
    }
    const auto parts = TRY(parts_of(made, frame));
    size_t size = 0;
    for (const auto& part : parts) size += part.size();
    FrameColumn column{assembled(parts, frame.n_rows(), size), {}, {}};
    column.levels = levels_of(made.in, frame, parts, size);
    frame.set(made.out, std::move(column));
    return {};
  };
  return stage;
}

// How many terms of up to `degree` factors there are of n, the constant too; 0: too many.
size_t n_terms(size_t n, size_t degree) {
  double count = 1;
  for (size_t i = 1; i <= degree; ++i) {
    count = count * static_cast<double>(n + i) / static_cast<double>(i);
  }
  const auto rounded = std::round(count);
  return rounded <= static_cast<double>(kMaxSize) ? static_cast<size_t>(rounded) : 0;
}

// Spark's order: the powers of the last number outermost.
struct Expansion {
  const double* x;
  double* out;

  size_t fill(size_t n, size_t degree, double factor, std::ptrdiff_t at) const {
    const auto end = at + static_cast<std::ptrdiff_t>(n_terms(n, degree));
    if (factor == 0) return static_cast<size_t>(end);
    if (degree == 0 || n == 0) {
      if (at >= 0) out[at] = factor;
      return static_cast<size_t>(end);
    }
    double power = factor;
    for (size_t i = 0; i <= degree && power != 0; ++i) {
      at = static_cast<std::ptrdiff_t>(fill(n - 1, degree - i, power, at));
      power *= x[n - 1];
    }
    return static_cast<size_t>(end);
  }
};

Result<Stage> polynomial(const Saved& saved) {
  const double degree = saved.number_or("degree", 2);
  TRY(saved.require(degree >= 1 && degree <= 20, "its degree is none from 1 to 20"));
  const auto whole = static_cast<size_t>(degree);
  return vector_stage(saved, 0, [whole](const Vectors& x) -> Result<Vectors> {
    const auto from = TRY(x.to_dense());
    const size_t n = x.size > kMaxSize ? 0 : n_terms(x.size, whole);
    if (n == 0 || x.size > 4096 || n * x.n_rows > (size_t{1} << 27)) {
      return fail(Code::resource_exhausted, "PolynomialExpansion of {} numbers, {} rows", x.size,
                  x.n_rows);
    }
    auto out = Vectors::dense(x.n_rows, n - 1);
    for (size_t i = 0; i < x.n_rows; ++i) {
      Expansion{from.row(i), out.row(i)}.fill(x.size, whole, 1, -1);
    }
    return out;
  });
}

// A cell's numbers as Interaction takes them: a category becomes as many as it has values.
Result<std::vector<double>> expanded(const FrameColumn& column, const std::string& name,
                                     const Frame& frame, size_t row) {
  std::vector<double> plain;
  if (const auto* vectors = std::get_if<Vectors>(&column.cells)) {
    if (vectors->size > kMaxSize)
      return fail(Code::resource_exhausted, "Interaction of '{}'", name);
    plain.resize(vectors->size);
    vectors->each(row, [&](size_t c, double value) { plain[c] = value; });
  } else {
    const auto numbers = TRY(frame.scalars(name));
    plain.push_back(numbers->number_at(row));
  }
  std::vector<double> out;
  for (size_t c = 0; c < plain.size(); ++c) {
    const size_t n = c < column.levels.size() ? column.levels[c] : 0;
    if (n == 0) {
      out.push_back(plain[c]);
      continue;
    }
    if (!(plain[c] >= 0 && plain[c] < static_cast<double>(n))) {
      return fail(Code::invalid_parameter_value, "column '{}', row {}: {} is no category", name,
                  row, plain[c]);
    }
    const auto begin = out.size();
    out.resize(begin + n);
    out[begin + static_cast<size_t>(plain[c])] = 1;
  }
  return out;
}

Result<std::vector<double>> crossed(const std::vector<std::string>& in, const Frame& frame,
                                    size_t row) {
  std::vector<double> out{1};
  for (const auto& name : in) {
    const auto* column = TRY(frame.get(name));
    const auto next = TRY(expanded(*column, name, frame, row));
    if (next.size() > kMaxSize / out.size()) {
      return fail(Code::resource_exhausted, "Interaction of '{}'", name);
    }
    std::vector<double> product;
    for (const double a : out) {
      for (const double b : next) product.push_back(a * b);
    }
    out = std::move(product);
    if (out.empty()) break;
  }
  return out;
}

Result<Stage> interaction(const Saved& saved) {
  const auto in = TRY(saved.texts("inputCols"));
  const auto out = TRY(saved.text("outputCol"));
  Stage stage{"Interaction", in, {out}, false, {}};
  stage.apply = [in, out](Frame& frame) -> Result<void> {
    auto made = Vectors::empty_sparse(frame.n_rows(), 0);
    for (size_t i = 0; i < frame.n_rows(); ++i) {
      const auto row = TRY(crossed(in, frame, i));
      made.size = row.size();
      for (size_t c = 0; c < row.size(); ++c) {
        if (row[c] != 0) made.put(c, row[c]);
      }
      made.end_row();
      if (made.values.size() > size_t{1} << 26) {
        return fail(Code::resource_exhausted, "Interaction of {} rows", frame.n_rows());
      }
    }
    if (made.size > kMaxDenseSize) {
      frame.set(out, std::move(made));
      return {};
    }
    auto dense = TRY(made.to_dense());
    frame.set(out, std::move(dense));
    return {};
  };
  return stage;
}

using Categories = std::map<size_t, std::map<double, double>>;

Result<Categories> categories_of(const Saved& saved, const Table& table, double size) {
  const auto* maps = TRY(column_of(table, "categoryMaps"));
  const auto span = TRY(items_of(*maps, 0));
  const auto& entries = maps->children[0];
  Categories out;
  for (size_t i = span.begin; i < span.end; ++i) {
    const double feature = TRY(number_of(entries, "key", i));
    TRY(saved.require(feature >= 0 && feature < size, "a category of a feature that is not there"));
    const auto* inner = TRY(column_of(entries, "value"));
    const auto values = TRY(items_of(*inner, i));
    auto& codes = out[static_cast<size_t>(feature)];
    for (size_t k = values.begin; k < values.end; ++k) {
      const double value = TRY(number_of(inner->children[0], "key", k));
      const double code = TRY(number_of(inner->children[0], "value", k));
      TRY(saved.require(code >= 0 && code < 0x1p31 && !std::isnan(value), "a code is none"));
      codes[value] = code;
    }
  }
  return out;
}

struct VectorCodes {
  std::string in;
  std::string out;
  size_t size;
  Categories categories;
  Invalid invalid;
};

Result<void> code_vectors(const VectorCodes& codes, Frame& frame) {
  const auto* from = TRY(frame.vectors(codes.in, codes.size, "VectorIndexerModel"));
  auto out = TRY(from->to_dense());
  std::vector<uint8_t> marks(frame.n_rows(), 1);
  for (size_t i = 0; i < out.n_rows; ++i) {
    for (const auto& [feature, map] : codes.categories) {
      double& value = out.row(i)[feature];
      const auto found = map.find(value);
      if (found != map.end() && !std::isnan(value)) {
        value = found->second;
      } else if (codes.invalid == Invalid::keep) {
        value = static_cast<double>(map.size());
      } else if (codes.invalid == Invalid::skip) {
        marks[i] = 0;
      } else {
        return fail(Code::invalid_parameter_value,
                    "column '{}', row {}: {} at place {} is no category of VectorIndexer", codes.in,
                    i, value, feature);
      }
    }
  }
  FrameColumn made{std::move(out), {}, std::vector<size_t>(codes.size)};
  for (const auto& [feature, map] : codes.categories) {
    made.levels[feature] = map.size() + (codes.invalid == Invalid::keep ? 1 : 0);
  }
  frame.set(codes.out, std::move(made));
  if (codes.invalid == Invalid::skip) frame.keep(marks);
  return {};
}

Result<Stage> vector_indexer(const Saved& saved) {
  const auto columns = TRY(columns_of(saved));
  const auto invalid = TRY(invalid_of(saved));
  const auto table = TRY(saved.table());
  const double size = TRY(number_of(table, "numFeatures", 0));
  TRY(saved.require(size >= 0 && size < 0x1p31, "numFeatures is none"));
  auto categories = TRY(categories_of(saved, table, size));
  TRY(saved.take_cells(1, static_cast<size_t>(size)));
  VectorCodes codes{columns.in[0], columns.out[0], static_cast<size_t>(size), std::move(categories),
                    invalid};
  Stage stage{"VectorIndexerModel", columns.in, columns.out, invalid == Invalid::skip, {}};
  stage.apply = [codes = std::move(codes)](Frame& frame) { return code_vectors(codes, frame); };
  return stage;
}

constexpr StageRow kRows[] = {
    {"VectorAssembler", assembler},
    {"PolynomialExpansion", polynomial},
    {"Interaction", interaction},
    {"VectorIndexerModel", vector_indexer},
};

}  // namespace

std::span<const StageRow> vector_rows() { return kRows; }

}  // namespace slipway::models::spark
