// Categories and bins: StringIndexer, IndexToString, OneHotEncoder, Bucketizer, Binarizer, Imputer.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "models/spark/stage.h"

namespace slipway::models::spark {
namespace {

struct Labels {
  std::vector<std::string> labels;
  std::unordered_map<std::string, double> index;
};

Result<std::vector<Labels>> labels_of(const Saved& saved) {
  const auto table = TRY(saved.table());
  std::vector<Labels> out;
  if (table.find("labels") != nullptr) {  // Spark 2
    auto labels = TRY(texts_of(table, "labels", 0));
    out.push_back({std::move(labels), {}});
  } else {
    const auto* lists = TRY(column_of(table, "labelsArray"));
    const auto span = TRY(items_of(*lists, 0));
    for (size_t i = span.begin; i < span.end; ++i) {
      // the list's items have no name: they are taken by a structure around them
      Table around;
      around.kind = Table::Kind::structure;
      around.children.push_back(lists->children[0]);
      auto labels = TRY(texts_of(around, "", i));
      out.push_back({std::move(labels), {}});
    }
  }
  for (auto& one : out) {
    double place = 0;
    for (const auto& label : one.labels) one.index.emplace(label, place++);
  }
  return out;
}

struct Indexer {
  std::string in;
  std::string out;
  Labels labels;
  Invalid invalid;
};

// Spark passes over a column that is not there: labels are missing when a model scores.
Result<void> drop_unseen(const std::vector<Indexer>& indexers, Frame& frame) {
  std::vector<uint8_t> marks(frame.n_rows(), 1);
  for (const auto& one : indexers) {
    if (frame.find(one.in) == nullptr) continue;
    const auto* column = TRY(frame.scalars(one.in));
    for (size_t i = 0; i < marks.size(); ++i) {
      if (!column->is_valid(i) || !one.labels.index.contains(spark_text(*column, i))) marks[i] = 0;
    }
  }
  frame.keep(marks);
  return {};
}

Result<void> index_column(const Indexer& one, Frame& frame) {
  if (frame.find(one.in) == nullptr) return {};
  const auto* column = TRY(frame.scalars(one.in));
  const auto n = one.labels.labels.size();
  std::vector<double> out(frame.n_rows(), static_cast<double>(n));
  for (size_t i = 0; i < out.size(); ++i) {
    const auto text = column->is_valid(i) ? spark_text(*column, i) : "";
    const auto found = column->is_valid(i) ? one.labels.index.find(text) : one.labels.index.end();
    if (found != one.labels.index.end()) {
      out[i] = found->second;
    } else if (one.invalid != Invalid::keep) {
      return fail(Code::invalid_parameter_value,
                  "column '{}', row {}: {} is none of the labels of StringIndexer", one.in, i,
                  column->is_valid(i) ? "'" + text + "'" : "a missing value");
    }
  }
  FrameColumn made{data::float64_column(one.out, std::move(out)), one.labels.labels, {}};
  if (one.invalid == Invalid::keep) made.labels.emplace_back("__unknown");
  made.levels = {made.labels.size()};
  frame.set(one.out, std::move(made));
  return {};
}

Result<Stage> string_indexer(const Saved& saved) {
  const auto columns = TRY(columns_of(saved));
  const auto invalid = TRY(invalid_of(saved));
  auto labels = TRY(labels_of(saved));
  TRY(saved.require(labels.size() == columns.in.size(), "as many lists of labels as columns"));
  std::vector<Indexer> indexers;
  for (size_t i = 0; i < labels.size(); ++i) {
    indexers.push_back({columns.in[i], columns.out[i], std::move(labels[i]), invalid});
  }
  Stage stage{"StringIndexerModel", columns.in, columns.out, invalid == Invalid::skip, {}};
  stage.apply = [indexers = std::move(indexers), invalid](Frame& frame) -> Result<void> {
    if (invalid == Invalid::skip) TRY(drop_unseen(indexers, frame));
    for (const auto& one : indexers) TRY(index_column(one, frame));
    return {};
  };
  return stage;
}

Result<Stage> index_to_string(const Saved& saved) {
  const auto columns = TRY(columns_of(saved));
  const auto own = TRY(saved.texts("labels"));
  const auto in = columns.in[0];
  const auto out = columns.out[0];
  Stage stage{"IndexToString", columns.in, columns.out, false, {}};
  stage.apply = [=](Frame& frame) -> Result<void> {
    const auto indices = TRY(frame.numbers(in));
    const auto& labels = own.empty() ? frame.find(in)->labels : own;
    data::Strings texts;
    for (size_t i = 0; i < indices.size(); ++i) {
      if (!(indices[i] > -1 && indices[i] < static_cast<double>(labels.size()))) {
        return fail(Code::invalid_parameter_value,
                    "column '{}', row {}: IndexToString has no label of {}", in, i, indices[i]);
      }
      texts.push_back(labels[static_cast<size_t>(indices[i])]);
    }
    frame.set(out, data::Column{out, data::Type::string, std::move(texts), {}});
    return {};
  };
  return stage;
}

struct OneHot {
  std::string in;
  std::string out;
  double n_categories;
  size_t size;
  bool keeps;
};

Result<void> one_hot_column(const OneHot& one, Frame& frame) {
  const auto values = TRY(frame.numbers(one.in));
  auto out = Vectors::empty_sparse(values.size(), one.size);
  for (size_t i = 0; i < values.size(); ++i) {
    const bool known = values[i] >= 0 && values[i] < one.n_categories;
    if (!known && !one.keeps) {
      return fail(Code::invalid_parameter_value,
                  "column '{}', row {}: {} is no category of OneHotEncoder", one.in, i, values[i]);
    }
    const auto place = static_cast<size_t>(known ? values[i] : one.n_categories);
    if (place < one.size) out.put(place, 1);
    out.end_row();
  }
  frame.set(one.out, std::move(out));
  return {};
}

Result<Stage> one_hot(const Saved& saved) {
  const auto columns = TRY(columns_of(saved));
  const auto table = TRY(saved.table());
  const auto sizes = TRY(numbers_of(table, "categorySizes", 0));
  const bool drops = saved.truth_or("dropLast", true);
  const bool keeps = saved.text_or("handleInvalid", "error") == "keep";
  TRY(saved.require(sizes.size() == columns.in.size(), "as many sizes as columns are wanted"));
  std::vector<OneHot> encoders;
  for (size_t i = 0; i < sizes.size(); ++i) {
    TRY(saved.require(sizes[i] >= 1 && sizes[i] < 0x1p31, "a size is none"));
    const auto n = static_cast<size_t>(sizes[i]);
    const size_t size = drops == keeps ? n : drops ? n - 1 : n + 1;
    encoders.push_back({columns.in[i], columns.out[i], sizes[i], size, keeps});
  }
  Stage stage{"OneHotEncoderModel", columns.in, columns.out, false, {}};
  stage.apply = [encoders = std::move(encoders)](Frame& frame) -> Result<void> {
    for (const auto& one : encoders) TRY(one_hot_column(one, frame));
    return {};
  };
  return stage;
}

// As Java orders doubles: -0.0 lies before 0.0.
bool before(double a, double b) { return a < b || (a == b && std::signbit(a) > std::signbit(b)); }

Result<double> bucket_of(const std::vector<double>& splits, double x, Invalid invalid) {
  const auto n = static_cast<double>(splits.size());
  if (std::isnan(x)) {
    if (invalid == Invalid::keep) return n - 1;
    return fail(Code::invalid_parameter_value, "a missing value has no bucket");
  }
  if (x == splits.back()) return n - 2;
  const auto found = std::lower_bound(splits.begin(), splits.end(), x, before);
  const auto place = static_cast<double>(found - splits.begin());
  if (found != splits.end() && !before(x, *found)) return place;
  if (found == splits.begin() || found == splits.end()) {
    return fail(Code::invalid_parameter_value, "{} lies in no bucket from {} to {}", x,
                splits.front(), splits.back());
  }
  return place - 1;
}

struct Buckets {
  std::string in;
  std::string out;
  std::vector<double> splits;
  Invalid invalid;
};

Result<void> bucket_column(const Buckets& one, Frame& frame) {
  const auto values = TRY(frame.numbers(one.in));
  std::vector<double> out(values.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const auto bucket = bucket_of(one.splits, values[i], one.invalid);
    if (!bucket.ok()) {
      return fail(Code::invalid_parameter_value, "column '{}', row {}: {}", one.in, i,
                  bucket.error().message);
    }
    out[i] = *bucket;
  }
  FrameColumn made{data::float64_column(one.out, std::move(out)), {}, {one.splits.size() - 1}};
  frame.set(one.out, std::move(made));
  return {};
}

Result<Stage> bucketizer(const Saved& saved) {
  const auto columns = TRY(columns_of(saved));
  const auto invalid = TRY(invalid_of(saved));
  std::vector<Buckets> all;
  const auto* lists = saved.find("splitsArray");
  for (size_t i = 0; i < columns.in.size(); ++i) {
    std::vector<double> splits;
    if (lists == nullptr) {
      splits = TRY(saved.numbers("splits"));
    } else {
      const bool fits = lists->is_array() && lists->get_array().size() == columns.in.size() &&
                        lists->get_array()[i].is_array();
      TRY(saved.require(fits, "as many lists of splits as columns are wanted"));
      for (const auto& split : lists->get_array()[i].get_array()) {
        const double number = TRY(param_number(split));
        splits.push_back(number);
      }
    }
    const bool ascend = std::ranges::is_sorted(splits) && splits.size() >= 2 &&
                        std::ranges::none_of(splits, [](double x) { return std::isnan(x); });
    TRY(saved.require(ascend, "splits do not ascend"));
    all.push_back({columns.in[i], columns.out[i], std::move(splits), invalid});
  }
  Stage stage{"Bucketizer", columns.in, columns.out, invalid == Invalid::skip, {}};
  stage.apply = [all = std::move(all), invalid](Frame& frame) -> Result<void> {
    std::vector<uint8_t> marks(frame.n_rows(), 1);
    for (const auto& one : all) {
      const auto values = TRY(frame.numbers(one.in));
      for (size_t i = 0; i < marks.size(); ++i) marks[i] &= std::isnan(values[i]) ? 0 : 1;
    }
    if (invalid == Invalid::skip) frame.keep(marks);
    for (const auto& one : all) TRY(bucket_column(one, frame));
    return {};
  };
  return stage;
}

Result<void> binarize(const std::string& in, const std::string& out, double threshold,
                      Frame& frame) {
  const auto* column = TRY(frame.get(in));
  if (const auto* vectors = std::get_if<Vectors>(&column->cells)) {
    auto made = *vectors;
    if (threshold < 0) made = TRY(made.to_dense());
    for (auto& value : made.values) value = value > threshold ? 1 : 0;
    frame.set(out, std::move(made));
    return {};
  }
  auto values = TRY(frame.numbers(in));
  for (auto& value : values) value = value > threshold ? 1 : 0;
  frame.set_numbers(out, std::move(values));
  return {};
}

Result<Stage> binarizer(const Saved& saved) {
  const auto columns = TRY(columns_of(saved));
  auto thresholds = TRY(saved.numbers("thresholds"));
  if (thresholds.empty()) thresholds.assign(columns.in.size(), saved.number_or("threshold", 0));
  TRY(saved.require(thresholds.size() == columns.in.size(), "as many thresholds as columns"));
  Stage stage{"Binarizer", columns.in, columns.out, false, {}};
  stage.apply = [=](Frame& frame) -> Result<void> {
    for (size_t i = 0; i < thresholds.size(); ++i) {
      TRY(binarize(columns.in[i], columns.out[i], thresholds[i], frame));
    }
    return {};
  };
  return stage;
}

// What is put in comes back in the column's type, so whole numbers stay whole.
Result<void> impute_column(const std::string& in, const std::string& out, double missing,
                           double instead, Frame& frame) {
  const auto* column = TRY(frame.scalars(in));
  auto values = TRY(frame.numbers(in));
  const bool whole = column->type == data::Type::int64;
  for (size_t i = 0; i < values.size(); ++i) {
    const bool is_missing = std::isnan(missing) ? std::isnan(values[i]) : values[i] == missing;
    if (is_missing || !column->is_valid(i)) values[i] = whole ? std::trunc(instead) : instead;
  }
  frame.set_numbers(out, std::move(values));
  return {};
}

Result<Stage> imputer(const Saved& saved) {
  const auto columns = TRY(columns_of(saved));
  const auto table = TRY(saved.table());
  const double missing = saved.number_or("missingValue", std::nan(""));
  std::vector<double> instead;
  for (const auto& name : columns.in) {
    const double value = TRY(number_of(table, name, 0));
    instead.push_back(value);
  }
  Stage stage{"ImputerModel", columns.in, columns.out, false, {}};
  stage.apply = [=](Frame& frame) -> Result<void> {
    for (size_t i = 0; i < instead.size(); ++i) {
      TRY(impute_column(columns.in[i], columns.out[i], missing, instead[i], frame));
    }
    return {};
  };
  return stage;
}

constexpr StageRow kRows[] = {
    {"StringIndexerModel", string_indexer},
    {"IndexToString", index_to_string},
    {"OneHotEncoderModel", one_hot},
    {"Bucketizer", bucketizer},
    {"Binarizer", binarizer},
    {"ImputerModel", imputer},
};

}  // namespace

std::span<const StageRow> encoder_rows() { return kRows; }

}  // namespace slipway::models::spark
