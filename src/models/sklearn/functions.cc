// Functions of numpy as steps: applied to features, or to what was predicted of a transformed
// target.
#include <algorithm>
#include <cmath>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

using objects::Kind;
using objects::Object;

struct NumpyFunction {
  std::string_view name;
  double (*call)(double);
};

constexpr double kPi = 3.14159265358979323846;

constexpr NumpyFunction kFunctions[] = {
    {"abs", [](double x) { return std::abs(x); }},
    {"absolute", [](double x) { return std::abs(x); }},
    {"arccos", [](double x) { return std::acos(x); }},
    {"arcsin", [](double x) { return std::asin(x); }},
    {"arcsinh", [](double x) { return std::asinh(x); }},
    {"arctan", [](double x) { return std::atan(x); }},
    {"cbrt", [](double x) { return std::cbrt(x); }},
    {"ceil", [](double x) { return std::ceil(x); }},
    {"cos", [](double x) { return std::cos(x); }},
    {"cosh", [](double x) { return std::cosh(x); }},
    {"deg2rad", [](double x) { return x * (kPi / 180); }},
    {"exp", [](double x) { return std::exp(x); }},
    {"exp2", [](double x) { return std::exp2(x); }},
    {"expm1", [](double x) { return std::expm1(x); }},
    {"fabs", [](double x) { return std::fabs(x); }},
    {"floor", [](double x) { return std::floor(x); }},
    {"isnan", [](double x) { return std::isnan(x) ? 1.0 : 0.0; }},
    {"log", [](double x) { return std::log(x); }},
    {"log10", [](double x) { return std::log10(x); }},
    {"log1p", [](double x) { return std::log1p(x); }},
    {"log2", [](double x) { return std::log2(x); }},
    {"negative", [](double x) { return -x; }},
    {"rad2deg", [](double x) { return x * (180 / kPi); }},
    {"radians", [](double x) { return x * (kPi / 180); }},
    {"reciprocal", [](double x) { return 1 / x; }},
    {"rint", [](double x) { return std::nearbyint(x); }},
    {"sign", [](double x) { return std::isnan(x) ? x
                                   : x > 0       ? 1.0
                                   : x < 0       ? -1.0
                                                 : 0.0; }},
    {"sin", [](double x) { return std::sin(x); }},
    {"sinh", [](double x) { return std::sinh(x); }},
    {"sqrt", [](double x) { return std::sqrt(x); }},
    {"square", [](double x) { return x * x; }},
    {"tan", [](double x) { return std::tan(x); }},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"trunc", [](double x) { return std::trunc(x); }},
};

class FunctionTransformer : public Estimator {
 public:
  FunctionTransformer(const State& state, const NumpyFunction* function)
      : Estimator(state), function_(function) {}

  Result<Value> transform(const Value& x) const override {
    if (function_ == nullptr) return x;
    auto matrix = TRY(dense(x, Missing::accept));
    for (auto& value : matrix.values) value = function_->call(value);
    matrix.round();
    return Value(std::move(matrix));
  }

 private:
  const NumpyFunction* function_;  // null: it hands on what it gets
};

const NumpyFunction* find_numpy_function(const Object& object) {
  if (object.kind != Kind::name || !object.text.starts_with("numpy.")) return nullptr;
  const auto last = object.text.substr(object.text.rfind('.') + 1);
  const auto* found = std::ranges::find(kFunctions, last, &NumpyFunction::name);
  return found == std::end(kFunctions) ? nullptr : found;
}

// partial(check_array, …), by which histogram boosting hands on the columns that are numbers.
bool is_check_of_arrays(const Object& function) {
  if (function.kind != Kind::instance || function.text != "functools.partial") return false;
  const auto* state = function.state;
  return state != nullptr && !state->items.empty() && state->items[0]->kind == Kind::name &&
         state->items[0]->text == "sklearn.utils.validation.check_array";
}

Result<EstimatorPtr> make_function(const State& state) {
  const auto* function = state.given("func");
  if (function == nullptr) return EstimatorPtr(new FunctionTransformer(state, nullptr));
  const auto* found = find_numpy_function(*function);
  if (found == nullptr && is_check_of_arrays(*function)) {
    return EstimatorPtr(new FunctionTransformer(state, nullptr));
  }
  if (found == nullptr) {
    return state.unsupported("func " + objects::describe(*function) +
                             " (numpy's functions of one number are)");
  }
  const auto* arguments = state.given("kw_args");
  if (arguments != nullptr && !arguments->items.empty()) return state.unsupported("kw_args");
  return EstimatorPtr(new FunctionTransformer(state, found));
}

/// A regressor of targets that were transformed: what it predicts is transformed back.
class TransformedTarget : public Estimator {
 public:
  TransformedTarget(const State& state, EstimatorPtr regressor, const NumpyFunction* inverse)
      : Estimator(state), regressor_(std::move(regressor)), inverse_(inverse) {}

  bool predicts_matrix() const override { return regressor_->predicts_matrix() && !squeezes_; }

  Result<data::Batch> predict(const Value& x) const override {
    const auto raw = TRY(regressor_->predict(x));
    auto matrix = TRY(dense(Value(raw), Missing::accept));
    for (size_t i = 0; i < matrix.n_rows; ++i) {
      for (size_t c = 0; c < matrix.n_columns; ++c) {
        double& value = matrix.row(i)[c];
        if (!scale_.empty()) value = value * scale_[c % scale_.size()];
        if (!center_.empty()) value = value + center_[c % center_.size()];
        if (inverse_ != nullptr) value = inverse_->call(value);
      }
    }
    matrix.round();
    return unnamed_columns(matrix);
  }

  // of a scaler, whose inverse this is
  std::vector<double> scale_;
  std::vector<double> center_;
  bool squeezes_ = true;

 private:
  EstimatorPtr regressor_;
  const NumpyFunction* inverse_;
};

Result<EstimatorPtr> make_transformed_target(const State& state) {
  auto regressor = TRY(state.estimator("regressor_"));
  const auto* transformer = TRY(state.get("transformer_"));
  const State inner(*transformer, state.allowance());
  const auto kind = inner.class_name();
  const NumpyFunction* inverse = nullptr;
  std::vector<double> scale;
  std::vector<double> center;
  if (kind == "FunctionTransformer") {
    const auto* function = inner.given("inverse_func");
    inverse = function ? find_numpy_function(*function) : nullptr;
    if (function != nullptr && inverse == nullptr) {
      return state.unsupported("inverse_func " + objects::describe(*function));
    }
  } else if (kind == "StandardScaler") {
    if (inner.given("scale_") != nullptr) scale = TRY(inner.numbers("scale_"));
    if (inner.truth_or("with_mean", true)) center = TRY(inner.numbers("mean_"));
  } else if (kind == "RobustScaler") {
    if (inner.given("scale_") != nullptr) scale = TRY(inner.numbers("scale_"));
    if (inner.given("center_") != nullptr) center = TRY(inner.numbers("center_"));
  } else if (kind == "MinMaxScaler") {
    const auto stretch = TRY(inner.numbers("scale_"));
    const auto low = TRY(inner.numbers("min_", stretch.size()));
    for (size_t i = 0; i < stretch.size(); ++i) {
      scale.push_back(1 / stretch[i]);
      center.push_back(-low[i] / stretch[i]);
    }
  } else {
    return state.unsupported("the transformer " + transformer->text);
  }
  auto out = std::make_unique<TransformedTarget>(state, std::move(regressor), inverse);
  out->scale_ = std::move(scale);
  out->center_ = std::move(center);
  out->squeezes_ = state.number_or("_training_dim", 1) == 1;
  return EstimatorPtr(std::move(out));
}

constexpr EstimatorRow kRows[] = {
    {"FunctionTransformer", make_function},
    {"TransformedTargetRegressor", make_transformed_target},
};

}  // namespace

std::span<const EstimatorRow> function_rows() { return kRows; }

}  // namespace slipway::models::sklearn
