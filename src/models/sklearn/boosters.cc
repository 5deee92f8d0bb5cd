// LightGBM's and XGBoost's estimators within scikit-learn's: the booster in their state, evaluated.
#include <cmath>
#include <limits>
#include <variant>

#include "models/lightgbm_model.h"
#include "models/sklearn/families.h"
#include "models/sklearn/state.h"
#include "models/xgboost_flavor.h"
#include "models/xgboost_model.h"

namespace slipway::models::sklearn {
namespace {

// What a pickled booster holds of itself; its name depends on the library's version.
Result<std::string_view> handle_of(const State& state) {
  const auto* booster = TRY(state.get("_Booster"));
  const objects::Object* handle = nullptr;
  for (const auto* name : {"handle", "_handle"}) {
    if (handle == nullptr && booster->kind == objects::Kind::instance) {
      handle = objects::attribute(*booster, name);
    }
  }
  const bool fits = handle != nullptr &&
                    (handle->kind == objects::Kind::text || handle->kind == objects::Kind::bytes);
  TRY(state.require(fits, "_Booster", "holds no model"));
  return std::string_view(handle->text);
}

Result<LightgbmModel> read_lightgbm(const State& state) {
  const auto text = TRY(handle_of(state));
  const auto* booster = TRY(state.get("_Booster"));
  const auto* best = objects::attribute(*booster, "best_iteration");
  const double n = best == nullptr ? 0 : objects::number_of(*best).value_or(0);
  auto model = LightgbmModel::parse(
      text, n >= 1 && n < 0x1p31 ? static_cast<size_t>(n) : std::numeric_limits<size_t>::max());
  if (!model.ok()) return state.odd("_Booster", model.error().message);
  return model;
}

class Lightgbm : public Estimator {
 public:
  // decision_function came with 4.7, and this attribute with it
  Lightgbm(const State& state, LightgbmModel model, data::Column classes)
      : Estimator(state),
        model_(std::move(model)),
        classes_(std::move(classes)),
        decides_(state.find("_fitted_with_feature_names") != nullptr) {}

  const data::Column* classes() const override { return classes_.size() > 0 ? &classes_ : nullptr; }
  bool has(Method method) const override {
    if (classes_.size() == 0) return false;
    return method == Method::predict_proba || (method == Method::decision_function && decides_);
  }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    if (method == Method::decision_function) return predicted(x, Scores::raw);
    auto values = TRY(predicted(x));
    if (model_.n_outputs() > 1) return values;
    auto out = make_matrix(values.n_rows, 2);
    for (size_t i = 0; i < values.n_rows; ++i) {
      out.row(i)[0] = 1 - values.values[i];
      out.row(i)[1] = values.values[i];
    }
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    if (classes_.size() == 0) {
      const auto values = TRY(predicted(x));
      return unnamed_columns(values);
    }
    const auto shares = TRY(scores(Method::predict_proba, x));
    return one_column(take_labels(classes_, best_of(shares)));
  }

 private:
  enum class Scores { raw, transformed };
  Result<Matrix> predicted(const Value& x, Scores which = Scores::transformed) const {
    const auto rows = TRY(features(x, model_.n_features(), name(), Missing::accept));
    const Matrix64View view{rows.values.data(), rows.n_rows, rows.n_columns};
    auto values = TRY(which == Scores::raw ? model_.predict_raw(view) : model_.predict(view));
    return Matrix{rows.n_rows, model_.n_outputs(), std::move(values)};
  }

  LightgbmModel model_;
  data::Column classes_;  // of a classifier
  bool decides_;
};

Result<EstimatorPtr> lightgbm_values(const State& state) {
  auto model = TRY(read_lightgbm(state));
  return EstimatorPtr(std::make_unique<Lightgbm>(state, std::move(model), data::Column()));
}

Result<EstimatorPtr> lightgbm_classes(const State& state) {
  auto model = TRY(read_lightgbm(state));
  auto classes = TRY(state.labels("_classes"));
  const size_t n = model.n_outputs() == 1 ? 2 : model.n_outputs();
  TRY(state.require(classes.size() == n, "_classes", "does not fit the booster"));
  const auto* objective = state.given("_objective");
  if (model.objective().empty() ||
      (objective != nullptr && objective->kind != objects::Kind::text)) {
    return state.unsupported("an objective of one's own");
  }
  return EstimatorPtr(std::make_unique<Lightgbm>(state, std::move(model), std::move(classes)));
}

class Xgboost : public Estimator {
 public:
  enum class Form { values, classes };

  Xgboost(const State& state, XgboostModel model, Form form)
      : Estimator(state),
        model_(std::move(model)),
        form_(form),
        missing_(state.number_or("missing", std::nan(""))) {
    if (form_ != Form::classes || is_labels()) return;
    std::vector<int64_t> numbers(model_.n_outputs() == 1 ? 2 : model_.n_outputs());
    for (size_t k = 0; k < numbers.size(); ++k) numbers[k] = static_cast<int64_t>(k);
    classes_ = data::int64_column("", std::move(numbers));
  }

  const data::Column* classes() const override { return classes_.size() > 0 ? &classes_ : nullptr; }
  bool has(Method method) const override {
    return form_ == Form::classes && method == Method::predict_proba;
  }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    const auto shares = TRY(predicted(x));
    const size_t width = model_.n_outputs();
    const size_t n = shares.size() / width;
    auto out = make_matrix(n, width == 1 ? 2 : width);
    out.single = true;
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < width; ++k) out.row(i)[k] = shares[i * width + k];
      if (width > 1) continue;
      out.row(i)[1] = shares[i];
      out.row(i)[0] = 1.0f - shares[i];
    }
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto scores = TRY(predicted(x));
    if (form_ == Form::classes) return xgboost_labels(model_, scores, n_rows(x));
    return models::xgboost_values(model_, scores, n_rows(x));
  }

 private:
  bool is_labels() const { return model_.n_outputs() > 1 && !model_.has_classes(); }

  // Places that a sparse row does not have are missing, not zero.
  Result<std::vector<float>> predicted(const Value& x) const {
    const auto rows = TRY(features_or_sparse(x, model_.n_features(), name(), Missing::accept));
    const size_t width = model_.n_features();
    const float none = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> values(n_rows(rows) * width, none);
    if (const auto* sparse = std::get_if<SparseMatrix>(&rows)) {
      for (size_t i = 0; i < sparse->n_rows; ++i) {
        for (size_t k = sparse->starts[i]; k < sparse->starts[i + 1]; ++k) {
          values[i * width + sparse->columns[k]] = static_cast<float>(sparse->values[k]);
        }
      }
    } else {
      const auto& matrix = std::get<Matrix>(rows);
      for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(matrix.values[i]);
    }
    for (auto& value : values) {
      if (value == static_cast<float>(missing_)) value = none;
    }
    return model_.predict({values.data(), n_rows(rows), width});
  }

  XgboostModel model_;
  Form form_;
  double missing_;
  data::Column classes_;
};

Result<EstimatorPtr> read_xgboost(const State& state, Xgboost::Form form) {
  const auto bytes = TRY(handle_of(state));
  auto model = XgboostModel::parse(bytes, XgboostTrees::to_best_iteration);
  if (!model.ok()) return state.odd("_Booster", model.error().message);
  return EstimatorPtr(std::make_unique<Xgboost>(state, std::move(model).value(), form));
}

Result<EstimatorPtr> xgboost_numbers(const State& state) {
  return read_xgboost(state, Xgboost::Form::values);
}

Result<EstimatorPtr> xgboost_classes(const State& state) {
  return read_xgboost(state, Xgboost::Form::classes);
}

constexpr EstimatorRow kRows[] = {
    {"LGBMClassifier", lightgbm_classes}, {"LGBMRegressor", lightgbm_values},
    {"LGBMRanker", lightgbm_values},      {"XGBClassifier", xgboost_classes},
    {"XGBRFClassifier", xgboost_classes}, {"XGBRegressor", xgboost_numbers},
    {"XGBRFRegressor", xgboost_numbers},  {"XGBRanker", xgboost_numbers},
};

}  // namespace

std::span<const EstimatorRow> booster_rows() { return kRows; }

}  // namespace slipway::models::sklearn
