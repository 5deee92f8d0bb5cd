#include "models/sklearn/value.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slipway::models::sklearn {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string position(const data::Batch& batch, size_t column, size_t row) {
  const auto& name = batch.columns[column].name;
  return name.empty() ? fmt::format("column {}, row {}", column, row)
                      : fmt::format("column '{}', row {}", name, row);
}

Error not_finite(double value, std::string_view where) {
  return fail(Code::invalid_parameter_value, "Input X contains {} ({}).",
              std::isnan(value) ? "NaN" : "infinity or a value too large", where);
}

Result<Matrix> from_batch(const data::Batch& batch, Missing missing) {
  auto out = make_matrix(batch.n_rows, batch.columns.size());
  out.single = !batch.columns.empty();
  for (size_t c = 0; c < batch.columns.size(); ++c) {
    const auto& column = batch.columns[c];
    out.single = out.single && column.type == data::Type::float32;
    const bool is_text = !column.is_numeric();
    for (size_t i = 0; i < batch.n_rows; ++i) {
      double value = kNan;
      if (is_text && column.is_valid(i)) {
        return fail(Code::invalid_parameter_value, "could not convert string to float: '{}' ({})",
                    column.strings()[i].substr(0, 80), position(batch, c, i));
      }
      if (!is_text) value = column.number_at(i);
      const bool refused = std::isnan(value) ? missing == Missing::refuse : std::isinf(value);
      if (refused) return not_finite(value, position(batch, c, i));
      out.row(i)[c] = value;
    }
  }
  return out;
}

Result<void> check_finite(const std::vector<double>& values, size_t n_columns, Missing missing) {
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    if (std::isfinite(value) || (std::isnan(value) && missing == Missing::accept)) continue;
    return not_finite(value, n_columns == 0
                                 ? "a sparse value"
                                 : fmt::format("column {}, row {}", i % n_columns, i / n_columns));
  }
  return {};
}

Matrix from_sparse(const SparseMatrix& sparse) {
  auto out = make_matrix(sparse.n_rows, sparse.n_columns);
  for (size_t i = 0; i < sparse.n_rows; ++i) {
    for (size_t k = sparse.starts[i]; k < sparse.starts[i + 1]; ++k) {
      out.row(i)[sparse.columns[k]] += sparse.values[k];
    }
  }
  return out;
}

SparseMatrix taken(const SparseMatrix& sparse, const std::vector<size_t>& wanted) {
  std::vector<std::vector<uint32_t>> targets(sparse.n_columns);
  for (size_t c = 0; c < wanted.size(); ++c) {
    targets[wanted[c]].push_back(static_cast<uint32_t>(c));
  }
  SparseMatrix out{sparse.n_rows, wanted.size(), {0}, {}, {}};
  std::vector<std::pair<uint32_t, double>> row;
  for (size_t i = 0; i < sparse.n_rows; ++i) {
    row.clear();
    for (size_t k = sparse.starts[i]; k < sparse.starts[i + 1]; ++k) {
      for (const auto c : targets[sparse.columns[k]]) row.emplace_back(c, sparse.values[k]);
    }
    std::ranges::sort(row, {}, &std::pair<uint32_t, double>::first);
    for (const auto& [c, value] : row) {
      out.columns.push_back(c);
      out.values.push_back(value);
    }
    out.starts.push_back(out.columns.size());
  }
  return out;
}

SparseMatrix joined(const std::vector<SparseMatrix>& parts, size_t n) {
  SparseMatrix out{n, 0, {0}, {}, {}};
  for (const auto& part : parts) out.n_columns += part.n_columns;
  for (size_t i = 0; i < n; ++i) {
    uint32_t offset = 0;
    for (const auto& part : parts) {
      for (size_t k = part.starts[i]; k < part.starts[i + 1]; ++k) {
        out.columns.push_back(offset + part.columns[k]);
        out.values.push_back(part.values[k]);
      }
      offset += static_cast<uint32_t>(part.n_columns);
    }
    out.starts.push_back(out.columns.size());
  }
  return out;
}

bool has_text(const Value& value) {
  const auto* batch = std::get_if<data::Batch>(&value);
  return batch != nullptr &&
         std::ranges::any_of(batch->columns, [](const auto& c) { return !c.is_numeric(); });
}

}  // namespace

void Matrix::round() {
  if (!single) return;
  for (auto& value : values) value = static_cast<float>(value);
}

Matrix make_matrix(size_t n_rows, size_t n_columns, double value) {
  return {n_rows, n_columns, std::vector<double>(n_rows * n_columns, value), false};
}

size_t n_rows(const Value& value) {
  return std::visit([](const auto& v) { return v.n_rows; }, value);
}

size_t n_columns(const Value& value) {
  if (const auto* batch = std::get_if<data::Batch>(&value)) return batch->columns.size();
  if (const auto* matrix = std::get_if<Matrix>(&value)) return matrix->n_columns;
  return std::get<SparseMatrix>(value).n_columns;
}

Result<Matrix> dense(const Value& value, Missing missing) {
  if (const auto* batch = std::get_if<data::Batch>(&value)) return from_batch(*batch, missing);
  if (const auto* matrix = std::get_if<Matrix>(&value)) {
    TRY(check_finite(matrix->values, matrix->n_columns, missing));
    return *matrix;
  }
  const auto& sparse = std::get<SparseMatrix>(value);
  TRY(check_finite(sparse.values, 0, missing));
  return from_sparse(sparse);
}

Result<Matrix> features(const Value& value, size_t n_features, std::string_view name,
                        Missing missing) {
  if (n_columns(value) != n_features) {
    return fail(Code::invalid_parameter_value,
                "X has {} features, but {} is expecting {} features as input", n_columns(value),
                name, n_features);
  }
  return dense(value, missing);
}

Result<Value> features_or_sparse(const Value& value, size_t n_features, std::string_view name,
                                 Missing missing) {
  const auto* sparse = std::get_if<SparseMatrix>(&value);
  if (sparse == nullptr || sparse->n_columns != n_features) {
    auto matrix = TRY(features(value, n_features, name, missing));
    return Value(std::move(matrix));
  }
  TRY(check_finite(sparse->values, 0, missing));
  return value;
}

data::Batch columns(const Value& value) {
  if (const auto* batch = std::get_if<data::Batch>(&value)) return *batch;
  if (const auto* matrix = std::get_if<Matrix>(&value)) return unnamed_columns(*matrix);
  return unnamed_columns(from_sparse(std::get<SparseMatrix>(value)));
}

Value take_columns(const Value& value, const std::vector<size_t>& wanted) {
  if (const auto* batch = std::get_if<data::Batch>(&value)) {
    data::Batch out;
    out.n_rows = batch->n_rows;
    for (const auto c : wanted) out.columns.push_back(batch->columns[c]);
    return out;
  }
  if (const auto* sparse = std::get_if<SparseMatrix>(&value)) return taken(*sparse, wanted);
  const auto& matrix = std::get<Matrix>(value);
  auto out = make_matrix(matrix.n_rows, wanted.size());
  out.single = matrix.single;
  for (size_t i = 0; i < matrix.n_rows; ++i) {
    for (size_t c = 0; c < wanted.size(); ++c) out.row(i)[c] = matrix.row(i)[wanted[c]];
  }
  return out;
}

Result<Value> side_by_side(const std::vector<Value>& parts, size_t n, Layout layout) {
  if (layout == Layout::sparse) {
    std::vector<SparseMatrix> all;
    for (const auto& part : parts) {
      if (const auto* sparse = std::get_if<SparseMatrix>(&part)) {
        all.push_back(*sparse);
        continue;
      }
      const auto matrix = TRY(dense(part, Missing::accept));
      all.push_back(to_sparse(matrix));
    }
    return Value(joined(all, n));
  }
  if (std::ranges::any_of(parts, has_text)) {
    data::Batch out;
    out.n_rows = n;
    for (const auto& part : parts) {
      auto batch = columns(part);
      for (auto& column : batch.columns) out.columns.push_back(std::move(column));
    }
    return Value(std::move(out));
  }
  std::vector<Matrix> all;
  size_t width = 0;
  bool single = !parts.empty();
  for (const auto& part : parts) {
    auto matrix = TRY(dense(part, Missing::accept));
    width += matrix.n_columns;
    single = single && (matrix.single || matrix.n_columns == 0);
    all.push_back(std::move(matrix));
  }
  auto out = make_matrix(n, width);
  out.single = single;
  size_t offset = 0;
  for (const auto& part : all) {
    for (size_t i = 0; i < n; ++i) {
      std::copy_n(part.row(i), part.n_columns, out.row(i) + offset);
    }
    offset += part.n_columns;
  }
  return Value(std::move(out));
}

Matrix times_transposed(const Value& x, const Matrix& weights, const std::vector<double>& offsets) {
  const size_t n = n_rows(x);
  const size_t k = weights.n_rows;
  auto out = make_matrix(n, k);
  const auto* sparse = std::get_if<SparseMatrix>(&x);
  const auto* matrix = std::get_if<Matrix>(&x);
  check(sparse != nullptr || matrix != nullptr, "numbers are multiplied");
  check(n_columns(x) == weights.n_columns, "the inner sizes of a product agree");
  out.single = matrix != nullptr && matrix->single && weights.single;
  for (size_t i = 0; i < n; ++i) {
    double* const row = out.row(i);
    for (size_t j = 0; j < k; ++j) {
      const double* const w = weights.row(j);
      double sum = 0;
      if (matrix != nullptr) {
        const double* const values = matrix->row(i);
        for (size_t c = 0; c < weights.n_columns; ++c) sum += values[c] * w[c];
      } else {
        for (size_t at = sparse->starts[i]; at < sparse->starts[i + 1]; ++at) {
          sum += sparse->values[at] * w[sparse->columns[at]];
        }
      }
      row[j] = sum + (offsets.empty() ? 0 : offsets[j]);
    }
  }
  out.round();
  return out;
}

SparseMatrix to_sparse(const Matrix& matrix) {
  SparseMatrix out{matrix.n_rows, matrix.n_columns, {0}, {}, {}};
  for (size_t i = 0; i < matrix.n_rows; ++i) {
    for (size_t c = 0; c < matrix.n_columns; ++c) {
      if (matrix.row(i)[c] == 0) continue;
      out.columns.push_back(static_cast<uint32_t>(c));
      out.values.push_back(matrix.row(i)[c]);
    }
    out.starts.push_back(out.columns.size());
  }
  return out;
}

data::Batch unnamed_columns(const Matrix& matrix) {
  data::Batch out;
  out.n_rows = matrix.n_rows;
  for (size_t c = 0; c < matrix.n_columns; ++c) {
    data::Column column;
    std::vector<double> values(matrix.n_rows);
    for (size_t i = 0; i < matrix.n_rows; ++i) values[i] = matrix.row(i)[c];
    if (matrix.single) {
      column.type = data::Type::float32;
      column.values = std::vector<float>(values.begin(), values.end());
    } else {
      column.values = std::move(values);
    }
    out.columns.push_back(std::move(column));
  }
  return out;
}

}  // namespace slipway::models::sklearn
