#include "models/lightgbm_flavor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace slipway::models {
namespace {

// The values of a pandas category, by their codes.
struct Categories {
  std::unordered_map<std::string, double> texts;
  std::unordered_map<double, double> numbers;

  explicit Categories(const Json& list) {
    double code = 0;
    for (const auto& value : list.get_array()) {
      if (value.is_string()) texts.emplace(value.get_string(), code);
      if (value.is_bool()) numbers.emplace(value.get_bool() ? 1.0 : 0.0, code);
      if (value.is_number()) numbers.emplace(value.to_number<double>(), code);
      ++code;
    }
  }

  template <typename Map, typename Value>
  static double code_of(const Map& map, const Value& value) {
    const auto found = map.find(value);
    return found == map.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
  }
};

class LightgbmFlavor : public Model {
 public:
  LightgbmFlavor(LightgbmModel booster, Signature signature, std::string input_example)
      : booster_(std::move(booster)),
        signature_(std::move(signature)),
        input_example_(std::move(input_example)) {
    const auto& lists = booster_.pandas_categories();
    const auto n = std::ranges::count(booster_.is_category(), true);
    if (lists.empty() || static_cast<size_t>(n) != lists.size()) return;
    auto list = lists.begin();
    for (size_t f = 0; f < booster_.n_features(); ++f) {
      if (booster_.is_category()[f]) categories_.emplace(f, Categories(*list++));
    }
  }

  const Signature& signature() const override { return signature_; }
  const std::string& input_example() const override { return input_example_; }

  Result<data::Batch> predict(const data::Batch& rows) const override {
    const auto ready = TRY(enforce(signature_, rows));
    const size_t n = booster_.n_features();
    std::vector<double> matrix(rows.n_rows * n);
    for (size_t f = 0; f < n; ++f) TRY(fill(ready.columns[f], f, matrix.data() + f));
    const auto scores = TRY(booster_.predict({matrix.data(), rows.n_rows, n}));
    const size_t width = booster_.n_outputs();
    data::Batch out;
    out.n_rows = rows.n_rows;
    for (size_t k = 0; k < width; ++k) {
      std::vector<double> values(rows.n_rows);
      for (size_t i = 0; i < rows.n_rows; ++i) values[i] = scores[i * width + k];
      out.columns.push_back(data::float64_column("", std::move(values)));
    }
    return out;
  }

 private:
  // One feature of every row; `out` steps by the number of features.
  Result<void> fill(const data::Column& column, size_t feature, double* out) const {
    const size_t step = booster_.n_features();
    const auto found = categories_.find(feature);
    const auto* categories = found == categories_.end() ? nullptr : &found->second;
    if (column.type == data::Type::string && categories != nullptr) {
      for (size_t i = 0; i < column.size(); ++i) {
        out[i * step] = column.is_valid(i) ? Categories::code_of(categories->texts,
                                                                 std::string(column.strings()[i]))
                                           : std::numeric_limits<double>::quiet_NaN();
      }
      return {};
    }
    if (!column.is_numeric() || column.type == data::Type::timestamp) {
      return fail(Code::invalid_parameter_value, "column '{}' is {}; LightGBM takes numbers{}",
                  column.name, data::type_name(column.type),
                  booster_.is_category()[feature] ? " here, as the model has no texts for it" : "");
    }
    const bool look_up = categories != nullptr && !categories->numbers.empty();
    for (size_t i = 0; i < column.size(); ++i) {
      const double x = column.number_at(i);
      out[i * step] = look_up ? Categories::code_of(categories->numbers, x) : x;
    }
    return {};
  }

  LightgbmModel booster_;
  Signature signature_;
  std::string input_example_;
  std::unordered_map<size_t, Categories> categories_;  // by feature
};

}  // namespace

Result<std::unique_ptr<Model>> make_lightgbm_flavor(LightgbmModel booster, Signature signature,
                                                    std::string input_example) {
  if (signature.inputs.empty()) {
    for (const auto& name : booster.feature_names()) {
      signature.inputs.push_back({name, ColumnType::double_, true});
    }
  }
  if (signature.inputs.size() != booster.n_features()) {
    return fail(Code::invalid_parameter_value, "the signature has {} inputs, LightGBM {} features",
                signature.inputs.size(), booster.n_features());
  }
  const bool named = std::ranges::none_of(signature.inputs, &std::string::empty, &ColumnSpec::name);
  for (auto& input : signature.inputs) {
    input.required = true;
    if (!named) input.name.clear();
  }
  signature.outputs.assign(booster.n_outputs(), {"", ColumnType::double_, true});
  return std::unique_ptr<Model>(std::make_unique<LightgbmFlavor>(
      std::move(booster), std::move(signature), std::move(input_example)));
}

}  // namespace slipway::models
