// Encoders: categories become places, columns of their own, or the mean of the target.
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/sklearn/categories.h"
#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

constexpr size_t kUnknown = Categories::kUnknown;

Result<data::Batch> category_columns(const Value& x, const CategoryColumns& categories,
                                     std::string_view name) {
  if (n_columns(x) != categories.columns.size()) {
    return fail(Code::invalid_parameter_value,
                "X has {} features, but {} is expecting {} features as input", n_columns(x), name,
                categories.columns.size());
  }
  return columns(x);
}

class OneHotEncoder : public Estimator {
 public:
  OneHotEncoder(const State& state, CategoryColumns categories, std::vector<size_t> dropped,
                Layout layout)
      : Estimator(state),
        categories_(std::move(categories)),
        dropped_(std::move(dropped)),
        layout_(layout) {}

  Result<Value> transform(const Value& x) const override {
    const auto batch = TRY(category_columns(x, categories_, name()));
    const size_t n_inputs = batch.columns.size();
    std::vector<std::vector<size_t>> places(n_inputs);
    std::vector<size_t> offsets(n_inputs + 1, 0);
    for (size_t c = 0; c < n_inputs; ++c) {
      places[c] = TRY(categories_.places(c, batch.columns[c]));
      offsets[c + 1] = offsets[c] + categories_.n_groups(c) - (dropped_[c] != kUnknown ? 1 : 0);
    }
    SparseMatrix out{batch.n_rows, offsets.back(), {0}, {}, {}};
    for (size_t i = 0; i < batch.n_rows; ++i) {
      for (size_t c = 0; c < n_inputs; ++c) {
        size_t place = places[c][i];
        if (place == kUnknown || place == dropped_[c]) continue;
        if (dropped_[c] != kUnknown && place > dropped_[c]) --place;
        out.columns.push_back(static_cast<uint32_t>(offsets[c] + place));
        out.values.push_back(1);
      }
      out.starts.push_back(out.columns.size());
    }
    if (layout_ == Layout::sparse) return Value(std::move(out));
    auto matrix = TRY(dense(Value(std::move(out))));
    return Value(std::move(matrix));
  }

 private:
  CategoryColumns categories_;
  std::vector<size_t> dropped_;  // of each column, kUnknown: none
  Layout layout_;
};

Result<EstimatorPtr> make_one_hot(const State& state) {
  auto categories = TRY(CategoryColumns::make(state));
  std::vector<size_t> dropped(categories.columns.size(), kUnknown);
  const auto* drop = state.given("_drop_idx_after_grouping");
  if (drop == nullptr) drop = state.given("drop_idx_");
  if (drop != nullptr) {
    std::vector<double> places = TRY(numbers_of(*drop));
    TRY(state.require(places.size() == dropped.size(), "drop_idx_", "does not fit categories_"));
    for (size_t c = 0; c < places.size(); ++c) {
      if (std::isnan(places[c])) continue;  // None
      TRY(state.require(places[c] >= 0 && places[c] < static_cast<double>(categories.n_groups(c)),
                        "drop_idx_", "leads out of the categories"));
      dropped[c] = static_cast<size_t>(places[c]);
    }
  }
  const bool sparse = state.truth_or("sparse_output", state.truth_or("sparse", true));
  return EstimatorPtr(new OneHotEncoder(state, std::move(categories), std::move(dropped),
                                        sparse ? Layout::sparse : Layout::dense));
}

class OrdinalEncoder : public Estimator {
 public:
  OrdinalEncoder(const State& state, CategoryColumns categories, double unknown,
                 std::vector<size_t> missing, double encoded_missing)
      : Estimator(state),
        categories_(std::move(categories)),
        unknown_(unknown),
        missing_(std::move(missing)),
        encoded_missing_(encoded_missing) {}

  Result<Value> transform(const Value& x) const override {
    const auto batch = TRY(category_columns(x, categories_, name()));
    auto out = make_matrix(batch.n_rows, batch.columns.size());
    for (size_t c = 0; c < batch.columns.size(); ++c) {
      const auto places = TRY(categories_.places(c, batch.columns[c]));
      for (size_t i = 0; i < batch.n_rows; ++i) {
        out.row(i)[c] = places[i] == kUnknown      ? unknown_
                        : places[i] == missing_[c] ? encoded_missing_
                                                   : static_cast<double>(places[i]);
      }
    }
    return Value(std::move(out));
  }

 private:
  CategoryColumns categories_;
  double unknown_;
  std::vector<size_t> missing_;  // the place of the missing category of each column
  double encoded_missing_;
};

Result<EstimatorPtr> make_ordinal(const State& state) {
  auto categories = TRY(CategoryColumns::make(state));
  std::vector<size_t> missing(categories.columns.size(), kUnknown);
  if (const auto* places = state.given("_missing_indices")) {
    for (size_t i = 0; i + 1 < places->items.size(); i += 2) {
      const auto column = objects::number_of(*places->items[i]);
      const auto place = objects::number_of(*places->items[i + 1]);
      TRY(state.require(column && place && *column >= 0 &&
                            *column < static_cast<double>(missing.size()) && *place >= 0,
                        "_missing_indices", "does not fit categories_"));
      missing[static_cast<size_t>(*column)] = static_cast<size_t>(*place);
    }
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return EstimatorPtr(new OrdinalEncoder(state, std::move(categories),
                                         state.number_or("unknown_value", nan), std::move(missing),
                                         state.number_or("encoded_missing_value", nan)));
}

class TargetEncoder : public Estimator {
 public:
  TargetEncoder(const State& state, CategoryColumns categories,
                std::vector<std::vector<double>> encodings, std::vector<double> means)
      : Estimator(state),
        categories_(std::move(categories)),
        encodings_(std::move(encodings)),
        means_(std::move(means)) {}

  // With more than two classes a column becomes one for each class.
  Result<Value> transform(const Value& x) const override {
    const auto batch = TRY(category_columns(x, categories_, name()));
    const size_t n_targets = means_.size();
    auto out = make_matrix(batch.n_rows, encodings_.size());
    for (size_t c = 0; c < batch.columns.size(); ++c) {
      const auto places = TRY(categories_.places(c, batch.columns[c]));
      for (size_t t = 0; t < n_targets; ++t) {
        const auto& encoding = encodings_[c * n_targets + t];
        for (size_t i = 0; i < batch.n_rows; ++i) {
          out.row(i)[c * n_targets + t] = places[i] == kUnknown ? means_[t] : encoding[places[i]];
        }
      }
    }
    return Value(std::move(out));
  }

 private:
  CategoryColumns categories_;
  std::vector<std::vector<double>> encodings_;
  std::vector<double> means_;
};

Result<EstimatorPtr> make_target(const State& state) {
  auto categories = TRY(CategoryColumns::make(state));
  categories.unknown_is_error = false;
  const auto* lists = TRY(state.get("encodings_"));
  auto means = TRY(state.numbers("target_mean_"));
  std::vector<std::vector<double>> encodings;
  const auto items = items_of(*lists);
  TRY(state.require(!means.empty() && items.size() == means.size() * categories.columns.size(),
                    "encodings_", "does not fit categories_"));
  for (const auto* item : items) {
    auto values = TRY(numbers_of(*item));
    TRY(state.require(values.size() == categories.columns[encodings.size() / means.size()].size(),
                      "encodings_", "does not fit categories_"));
    encodings.push_back(std::move(values));
  }
  return EstimatorPtr(
      new TargetEncoder(state, std::move(categories), std::move(encodings), std::move(means)));
}

// LabelEncoder: one column of labels, to places.
class LabelEncoder : public Estimator {
 public:
  LabelEncoder(const State& state, Categories classes)
      : Estimator(state), classes_(std::move(classes)) {}

  Result<Value> transform(const Value& x) const override {
    const auto batch = columns(x);
    if (batch.columns.size() != 1) {
      return fail(Code::invalid_parameter_value, "{} takes one column, not {}", name(),
                  batch.columns.size());
    }
    const auto places = classes_.places(batch.columns[0]);
    std::vector<int64_t> out;
    for (size_t i = 0; i < places.size(); ++i) {
      if (places[i] == kUnknown) {
        return fail(Code::invalid_parameter_value,
                    "y contains previously unseen labels: '{}' (row {})",
                    batch.columns[0].text_at(i).substr(0, 80), i);
      }
      out.push_back(static_cast<int64_t>(places[i]));
    }
    return Value(one_column(data::int64_column("", std::move(out))));
  }

 private:
  Categories classes_;
};

Result<EstimatorPtr> make_label(const State& state) {
  const auto* values = TRY(state.get("classes_"));
  auto classes = TRY(Categories::make(*values));
  return EstimatorPtr(new LabelEncoder(state, std::move(classes)));
}

constexpr EstimatorRow kRows[] = {
    {"LabelEncoder", make_label},
    {"OneHotEncoder", make_one_hot},
    {"OrdinalEncoder", make_ordinal},
    {"TargetEncoder", make_target},
};

}  // namespace

std::span<const EstimatorRow> encoder_rows() { return kRows; }

}  // namespace slipway::models::sklearn
