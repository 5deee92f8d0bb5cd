#include "models/sklearn/estimator.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

constexpr size_t kMaxDepth = 40;

constexpr std::span<const EstimatorRow> (*kFamilies[])() = {
    bayes_rows,   boosting_rows, compose_rows,   decision_rows,   mixture_rows,  distribution_rows,
    encoder_rows, ensemble_rows, expansion_rows, forest_rows,     function_rows, imputer_rows,
    linear_rows,  neighbor_rows, neural_rows,    projection_rows, scaling_rows,  selection_rows,
    text_rows,    vector_rows,   wrapper_rows,
};

// Bytes of the arrays that an estimator is made of, those of what it is made of by itself aside.
size_t array_bytes(const objects::Object& object, size_t depth) {
  size_t n = 64 + object.text.size() + object.items.size() * sizeof(void*);
  if (object.array) n += object.array->bytes.size() + object.array->objects.size() * sizeof(void*);
  if (depth == 0) return n;
  for (const auto* item : object.items) n += array_bytes(*item, depth - 1);
  if (object.state != nullptr) n += array_bytes(*object.state, depth - 1);
  return n;
}

// Make what is on a list of the library that its module names; nothing where it is on none.
std::optional<Result<EstimatorPtr>> make_listed(const objects::Object& object,
                                                Allowance& allowance) {
  const auto name = objects::class_name(object);
  const auto make = [&](std::span<const EstimatorRow> rows) -> std::optional<Result<EstimatorPtr>> {
    const auto row = std::ranges::find(rows, name, &EstimatorRow::name);
    if (row == rows.end()) return {};
    return row->make(State(object, allowance));
  };
  if (object.text.starts_with("lightgbm.") || object.text.starts_with("xgboost.")) {
    return make(booster_rows());
  }
  if (!object.text.starts_with("sklearn.")) return {};
  for (const auto family : kFamilies) {
    if (auto made = make(family())) return made;
  }
  return {};
}

}  // namespace

Estimator::Estimator(const State& state) : name_(state.class_name()) {
  const double n = state.number_or("n_features_in_", 0);
  if (n > 0 && n < 0x1p31) n_features_ = static_cast<size_t>(n);
}

Error Estimator::lacks(std::string_view method) const {
  return fail(Code::not_implemented, "'{}' has no '{}' that is evaluated", name_, method);
}

Result<Value> Estimator::transform(const Value&) const { return lacks("transform"); }

Result<Matrix> Estimator::scores(Method method, const Value&) const {
  return lacks(method == Method::decision_function ? "decision_function"
               : method == Method::predict_proba   ? "predict_proba"
                                                   : "predict_log_proba");
}

bool Estimator::has(Method) const { return false; }

Result<data::Batch> Estimator::predict(const Value&) const { return lacks("predict"); }

Result<EstimatorPtr> make_estimator(const objects::Object& object, Allowance& allowance) {
  if (object.kind != objects::Kind::instance) {
    return fail(Code::invalid_parameter_value, "an estimator is wanted, this is {}",
                objects::describe(object));
  }
  if (allowance.depth >= kMaxDepth) {
    return fail(Code::invalid_parameter_value, "estimators within estimators, more than {} deep",
                kMaxDepth);
  }
  const auto n_bytes = array_bytes(object, 2);
  if (n_bytes > allowance.bytes) {
    return fail(Code::invalid_parameter_value, "the model needs more than its size can explain");
  }
  allowance.bytes -= n_bytes;
  ++allowance.depth;
  auto made = make_listed(object, allowance);
  --allowance.depth;
  if (made) return std::move(*made);
  return fail(Code::not_implemented, "{} is not evaluated; docs/models.md lists what is",
              object.text);
}

}  // namespace slipway::models::sklearn
