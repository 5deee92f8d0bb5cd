// Imputers: what is missing gets a value, or a column that says so.
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

using objects::Kind;
using objects::Object;

/// What counts as missing: NaN and None, or one certain value.
struct MissingValue {
  bool is_nan = true;
  bool is_text = false;
  double number = 0;
  std::string text;

  static MissingValue from(const Object* setting) {
    MissingValue out;
    if (setting == nullptr) return out;
    const auto number = objects::number_of(*setting);
    out.is_text = setting->kind == Kind::text;
    out.text = setting->text;
    out.is_nan = !out.is_text && (!number || std::isnan(*number));
    out.number = number.value_or(0);
    return out;
  }

  bool is_missing(const data::Column& column, size_t i) const {
    if (is_nan)
      return !column.is_valid(i) || (column.is_numeric() && std::isnan(column.number_at(i)));
    if (!column.is_valid(i)) return false;
    if (is_text) return !column.is_numeric() && column.strings()[i] == text;
    return column.is_numeric() && column.number_at(i) == number;
  }
};

/// A value to put in: a number or a text.
struct Fill {
  bool is_text = false;
  bool is_nothing = false;  // NaN or None: no value was ever seen
  double number = std::numeric_limits<double>::quiet_NaN();
  std::string text;
};

Result<Fill> fill_of(const Object& object) {
  Fill fill;
  if (object.kind == Kind::text) {
    fill.is_text = true;
    fill.text = object.text;
    return fill;
  }
  const auto number = objects::number_of(object);
  if (!number) {
    return fail(Code::not_implemented, "a statistic is {}; numbers and texts are read",
                objects::describe(object));
  }
  fill.number = *number;
  fill.is_nothing = std::isnan(*number);
  return fill;
}

Result<std::vector<Fill>> fills_of(const Object& array) {
  std::vector<Fill> out;
  if (array.kind == Kind::array && array.array->dtype.kind == 'O') {
    for (const auto* item : array.array->objects) {
      auto fill = TRY(fill_of(*item));
      out.push_back(std::move(fill));
    }
    return out;
  }
  const auto labels = TRY(labels_of(array));
  for (size_t i = 0; i < labels.size(); ++i) {
    Fill fill;
    fill.is_text = !labels.is_numeric();
    fill.number = labels.number_at(i);
    if (fill.is_text) fill.text = labels.strings()[i];
    fill.is_nothing = !fill.is_text && std::isnan(fill.number);
    out.push_back(std::move(fill));
  }
  return out;
}

data::Column filled(const data::Column& column, const MissingValue& missing, const Fill& fill) {
  data::Column out;
  out.name = column.name;
  if (!column.is_numeric()) {
    out.type = column.type;
    data::Strings strings;
    for (size_t i = 0; i < column.size(); ++i) {
      const bool put = missing.is_missing(column, i);
      strings.push_back(put ? std::string_view(fill.text) : column.strings()[i]);
    }
    out.values = std::move(strings);
    return out;
  }
  std::vector<double> numbers(column.size());
  for (size_t i = 0; i < column.size(); ++i) {
    numbers[i] = missing.is_missing(column, i) ? fill.number : column.number_at(i);
  }
  if (column.type == data::Type::float32) {
    out.type = data::Type::float32;
    out.values = std::vector<float>(numbers.begin(), numbers.end());
  } else {
    out.values = std::move(numbers);
  }
  return out;
}

Matrix missing_columns(const data::Batch& batch, const MissingValue& missing,
                       const std::vector<size_t>& wanted) {
  auto out = make_matrix(batch.n_rows, wanted.size());
  for (size_t j = 0; j < wanted.size(); ++j) {
    for (size_t i = 0; i < batch.n_rows; ++i) {
      out.row(i)[j] = missing.is_missing(batch.columns[wanted[j]], i) ? 1 : 0;
    }
  }
  return out;
}

Error wrong_width(size_t n, std::string_view name, size_t expected) {
  return fail(Code::invalid_parameter_value,
              "X has {} features, but {} is expecting {} features as input", n, name, expected);
}

Result<std::vector<size_t>> indicator_features(const State& state, size_t n_columns) {
  const auto places = TRY(state.integers("features_"));
  std::vector<size_t> out;
  for (const auto place : places) {
    TRY(state.require(place >= 0 && place < static_cast<int64_t>(n_columns), "features_",
                      "leads out of the columns"));
    out.push_back(static_cast<size_t>(place));
  }
  return out;
}

class SimpleImputer : public Estimator {
 public:
  SimpleImputer(const State& state, MissingValue missing, std::vector<Fill> fills, bool drops)
      : Estimator(state), missing_(std::move(missing)), fills_(std::move(fills)), drops_(drops) {}

  std::vector<size_t> indicators;  // columns whose missing cells are told

  Result<Value> transform(const Value& x) const override {
    const auto batch = columns(x);
    if (batch.columns.size() != fills_.size()) {
      return wrong_width(batch.columns.size(), name(), fills_.size());
    }
    data::Batch out;
    out.n_rows = batch.n_rows;
    bool has_text = false;
    for (size_t c = 0; c < fills_.size(); ++c) {
      if (drops_ && fills_[c].is_nothing) continue;
      const auto& column = batch.columns[c];
      // a column without a single value may have come as any type
      const bool is_empty = column.n_missing() == column.size();
      if (!is_empty && !fills_[c].is_nothing && fills_[c].is_text == column.is_numeric()) {
        return fail(Code::invalid_parameter_value, "column {} is {} where {} was fitted on {}", c,
                    data::type_name(column.type), name(), fills_[c].is_text ? "texts" : "numbers");
      }
      if (is_empty && fills_[c].is_text) {
        out.columns.push_back(data::string_column(
            column.name, std::vector<std::string>(batch.n_rows, fills_[c].text)));
      } else if (is_empty && !column.is_numeric()) {
        out.columns.push_back(
            data::float64_column(column.name, std::vector<double>(batch.n_rows, fills_[c].number)));
      } else {
        out.columns.push_back(filled(column, missing_, fills_[c]));
      }
      has_text |= !out.columns.back().is_numeric();
    }
    Value imputed = std::move(out);
    if (!has_text) {
      imputed = TRY(dense(imputed, Missing::accept));
    }
    if (indicators.empty()) return imputed;
    return side_by_side({imputed, missing_columns(batch, missing_, indicators)}, batch.n_rows,
                        Layout::dense);
  }

 private:
  MissingValue missing_;
  std::vector<Fill> fills_;
  bool drops_;  // columns that had no value at all
};

Result<EstimatorPtr> make_simple(const State& state) {
  const auto* statistics = TRY(state.get("statistics_"));
  auto fills = TRY(fills_of(*statistics));
  const bool drops = !state.truth_or("keep_empty_features", false);
  const size_t n_columns_in = fills.size();
  auto imputer = std::make_unique<SimpleImputer>(
      state, MissingValue::from(state.find("missing_values")), std::move(fills), drops);
  const auto* indicator = state.given("indicator_");
  if (indicator != nullptr && state.truth_or("add_indicator", false)) {
    const State inner(*indicator, state.allowance());
    imputer->indicators = TRY(indicator_features(inner, n_columns_in));
  }
  return EstimatorPtr(std::move(imputer));
}

class MissingIndicator : public Estimator {
 public:
  MissingIndicator(const State& state, MissingValue missing, std::vector<size_t> wanted, size_t n)
      : Estimator(state), missing_(std::move(missing)), wanted_(std::move(wanted)), n_(n) {}

  Result<Value> transform(const Value& x) const override {
    const auto batch = columns(x);
    if (batch.columns.size() != n_) return wrong_width(batch.columns.size(), name(), n_);
    return Value(missing_columns(batch, missing_, wanted_));
  }

 private:
  MissingValue missing_;
  std::vector<size_t> wanted_;
  size_t n_;
};

Result<EstimatorPtr> make_indicator(const State& state) {
  const auto n = TRY(state.integer("n_features_in_"));
  TRY(state.require(n > 0 && n < 1 << 30, "n_features_in_", "is not a count"));
  auto wanted = TRY(indicator_features(state, static_cast<size_t>(n)));
  return EstimatorPtr(new MissingIndicator(state, MissingValue::from(state.find("missing_values")),
                                           std::move(wanted), static_cast<size_t>(n)));
}

constexpr EstimatorRow kRows[] = {
    {"MissingIndicator", make_indicator},
    {"SimpleImputer", make_simple},
};

}  // namespace

std::span<const EstimatorRow> imputer_rows() { return kRows; }

}  // namespace slipway::models::sklearn
