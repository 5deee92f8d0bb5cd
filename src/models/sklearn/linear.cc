// Linear models: a product with coefficients, and what each class makes of it.
#include <algorithm>
#include <cmath>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

/// y = link(X · coefᵀ + intercept).
struct Weights {
  Matrix coefficients;  // a row for each output
  std::vector<double> intercepts;
};

// coef_ as rows of outputs; intercept_ as one value for each, be it saved once or for each.
Result<Weights> read_weights(const State& state) {
  Weights weights;
  const auto* coefficients = TRY(state.get("coef_"));
  if (coefficients->kind == objects::Kind::instance) {  // sparsify()
    return state.unsupported("a sparse coef_ (undo it by densify())");
  }
  weights.coefficients = TRY(state.matrix("coef_"));
  if (state.given("intercept_") != nullptr) {
    weights.intercepts = TRY(state.numbers("intercept_"));
  }
  const size_t n_outputs = weights.coefficients.n_rows;
  if (weights.intercepts.empty()) weights.intercepts = {0};
  if (weights.intercepts.size() == 1) weights.intercepts.resize(n_outputs, weights.intercepts[0]);
  TRY(state.require(weights.intercepts.size() == n_outputs, "intercept_", "does not fit coef_"));
  TRY(state.require(n_outputs > 0, "coef_", "is empty"));
  return weights;
}

enum class Link { identity, exp };

class LinearRegressor : public Estimator {
 public:
  LinearRegressor(const State& state, Weights weights, Link link, bool is_matrix)
      : Estimator(state), weights_(std::move(weights)), link_(link), is_matrix_(is_matrix) {}

  Result<data::Batch> predict(const Value& x) const override {
    const auto ready = TRY(features_or_sparse(x, weights_.coefficients.n_columns, name()));
    auto out = times_transposed(ready, weights_.coefficients, weights_.intercepts);
    if (link_ == Link::exp) {
      for (auto& value : out.values) value = std::exp(value);
      out.round();
    }
    return unnamed_columns(out);
  }

  bool predicts_matrix() const override { return is_matrix_; }

 private:
  Weights weights_;
  Link link_;
  bool is_matrix_;  // fitted on targets of two dimensions
};

Result<EstimatorPtr> make_regressor(const State& state, Link link) {
  auto weights = TRY(read_weights(state));
  const auto* coefficients = state.find("coef_");
  const bool is_matrix = coefficients->kind == objects::Kind::array &&
                         coefficients->array->n_dimensions() == 2 &&
                         state.class_name() != "LinearSVR";
  return EstimatorPtr(new LinearRegressor(state, std::move(weights), link, is_matrix));
}

Result<EstimatorPtr> make_linear(const State& state) {
  return make_regressor(state, Link::identity);
}

Result<EstimatorPtr> make_log_linked(const State& state) {
  return make_regressor(state, Link::exp);
}

Result<EstimatorPtr> make_tweedie(const State& state) {
  const auto link = state.text_or("link", "auto");
  const bool is_log = link == "log" || (link == "auto" && state.number_or("power", 0) > 0);
  return make_regressor(state, is_log ? Link::exp : Link::identity);
}

enum class Probability { none, one_vs_rest, softmax, binary_softmax, modified_huber };

// One vs rest: every class's own probability, scaled to a sum of one.
void normalize_rows(Matrix& p) {
  for (size_t i = 0; i < p.n_rows; ++i) {
    double* row = p.row(i);
    double sum = 0;
    for (size_t c = 0; c < p.n_columns; ++c) sum += row[c];
    for (size_t c = 0; c < p.n_columns; ++c) {
      row[c] = sum == 0 ? 1 / static_cast<double>(p.n_columns) : row[c] / sum;
    }
  }
}

class LinearClassifier : public Estimator {
 public:
  LinearClassifier(const State& state, Weights weights, data::Column classes,
                   Probability probability)
      : Estimator(state),
        weights_(std::move(weights)),
        classes_(std::move(classes)),
        probability_(probability) {}

  const data::Column* classes() const override { return &classes_; }

  bool has(Method method) const override {
    return method == Method::decision_function || probability_ != Probability::none;
  }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    const auto ready = TRY(features_or_sparse(x, weights_.coefficients.n_columns, name()));
    auto out = times_transposed(ready, weights_.coefficients, weights_.intercepts);
    if (method == Method::decision_function) return out;
    out = probabilities(std::move(out));
    if (method == Method::predict_log_proba) log_of(out);
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto decision = TRY(scores(Method::decision_function, x));
    return one_column(take_labels(classes_, best_of(decision)));
  }

 private:
  Matrix probabilities(Matrix decision) const {
    const bool binary = decision.n_columns == 1;
    if (probability_ == Probability::softmax && !binary) {
      softmax_rows(decision);
      return decision;
    }
    for (auto& value : decision.values) {
      if (probability_ == Probability::modified_huber) {
        value = (std::clamp(value, -1.0, 1.0) + 1) / 2;
      } else {
        value = expit(probability_ == Probability::binary_softmax ? 2 * value : value);
      }
    }
    decision.round();
    if (!binary) {
      normalize_rows(decision);
      decision.round();
      return decision;
    }
    auto both = make_matrix(decision.n_rows, 2);
    both.single = decision.single;
    for (size_t i = 0; i < decision.n_rows; ++i) {
      both.row(i)[0] = 1 - decision.values[i];
      both.row(i)[1] = decision.values[i];
    }
    both.round();
    return both;
  }

  Weights weights_;
  data::Column classes_;
  Probability probability_;
};

Result<EstimatorPtr> make_classifier(const State& state, Probability probability,
                                     data::Column classes) {
  auto weights = TRY(read_weights(state));
  const size_t n_outputs = weights.coefficients.n_rows;
  const bool fits =
      classes.size() == n_outputs ? n_outputs > 1 : classes.size() == 2 && n_outputs == 1;
  TRY(state.require(fits, "classes_", "does not fit coef_"));
  return EstimatorPtr(
      new LinearClassifier(state, std::move(weights), std::move(classes), probability));
}

Result<EstimatorPtr> make_plain_classifier(const State& state) {
  auto classes = TRY(state.labels("classes_"));
  return make_classifier(state, Probability::none, std::move(classes));
}

// multi_class was a setting until 1.8; without it, two classes are one vs rest, more are softmax.
Result<EstimatorPtr> make_logistic(const State& state) {
  auto classes = TRY(state.labels("classes_"));
  const bool binary = classes.size() <= 2;
  const auto setting = state.text_or("multi_class", "auto");
  const bool liblinear =
      state.find("multi_class") != nullptr && state.text_or("solver", "lbfgs") == "liblinear";
  const bool automatic = setting == "auto" || setting == "deprecated";
  auto probability = binary ? Probability::binary_softmax : Probability::softmax;
  if (setting == "ovr" || setting == "warn" || (automatic && (binary || liblinear))) {
    probability = Probability::one_vs_rest;
  }
  return make_classifier(state, probability, std::move(classes));
}

Result<EstimatorPtr> make_sgd_classifier(const State& state) {
  auto classes = TRY(state.labels("classes_"));
  const auto loss = state.text_or("loss", "hinge");
  const auto probability = loss == "log_loss" || loss == "log" ? Probability::one_vs_rest
                           : loss == "modified_huber"          ? Probability::modified_huber
                                                               : Probability::none;
  return make_classifier(state, probability, std::move(classes));
}

// The classes of a ridge classifier are those of the binarizer that made its targets.
Result<EstimatorPtr> make_ridge_classifier(const State& state) {
  const auto* binarizer = TRY(state.get("_label_binarizer"));
  const State inner(*binarizer, state.allowance());
  if (inner.text_or("y_type_", "").starts_with("multilabel")) {
    return state.unsupported("a target of several labels");
  }
  auto classes = TRY(inner.labels("classes_"));
  return make_classifier(state, Probability::none, std::move(classes));
}

// LinearDiscriminantAnalysis scores as a linear classifier and projects as a transformer.
class Discriminant : public Estimator {
 public:
  Discriminant(const State& state, EstimatorPtr classifier, Matrix scalings,
               std::vector<double> center)
      : Estimator(state),
        classifier_(std::move(classifier)),
        scalings_(std::move(scalings)),
        center_(std::move(center)) {}

  const data::Column* classes() const override { return classifier_->classes(); }
  bool has(Method method) const override { return classifier_->has(method); }
  Result<Matrix> scores(Method method, const Value& x) const override {
    return classifier_->scores(method, x);
  }
  Result<data::Batch> predict(const Value& x) const override { return classifier_->predict(x); }

  Result<Value> transform(const Value& x) const override {
    if (scalings_.n_rows == 0) return lacks("transform");
    auto ready = TRY(features(x, scalings_.n_columns, name()));
    for (size_t i = 0; i < ready.n_rows && !center_.empty(); ++i) {
      for (size_t c = 0; c < ready.n_columns; ++c) ready.row(i)[c] -= center_[c];
    }
    return Value(times_transposed(ready, scalings_, {}));
  }

 private:
  EstimatorPtr classifier_;
  Matrix scalings_;  // transposed: a row for each component; empty where it cannot transform
  std::vector<double> center_;
};

Result<EstimatorPtr> make_discriminant(const State& state) {
  auto classes = TRY(state.labels("classes_"));
  auto classifier = TRY(make_classifier(state, Probability::softmax, std::move(classes)));
  Matrix scalings;
  std::vector<double> center;
  if (state.given("scalings_") != nullptr) {
    const auto columns = TRY(state.matrix("scalings_"));
    const auto n = static_cast<size_t>(std::max(state.number_or("_max_components", 0), 0.0));
    scalings = make_matrix(std::min(n, columns.n_columns), columns.n_rows);
    scalings.single = columns.single;
    for (size_t j = 0; j < scalings.n_rows; ++j) {
      for (size_t c = 0; c < scalings.n_columns; ++c) scalings.row(j)[c] = columns.row(c)[j];
    }
    if (state.given("xbar_") != nullptr) {
      center = TRY(state.numbers("xbar_", scalings.n_columns));
    }
  }
  return EstimatorPtr(
      new Discriminant(state, std::move(classifier), std::move(scalings), std::move(center)));
}

constexpr EstimatorRow kRows[] = {
    {"ARDRegression", make_linear},
    {"BayesianRidge", make_linear},
    {"ElasticNet", make_linear},
    {"ElasticNetCV", make_linear},
    {"GammaRegressor", make_log_linked},
    {"HuberRegressor", make_linear},
    {"Lars", make_linear},
    {"LarsCV", make_linear},
    {"Lasso", make_linear},
    {"LassoCV", make_linear},
    {"LassoLars", make_linear},
    {"LassoLarsCV", make_linear},
    {"LassoLarsIC", make_linear},
    {"LinearDiscriminantAnalysis", make_discriminant},
    {"LinearRegression", make_linear},
    {"LinearSVC", make_plain_classifier},
    {"LinearSVR", make_linear},
    {"LogisticRegression", make_logistic},
    {"LogisticRegressionCV", make_logistic},
    {"MultiTaskElasticNet", make_linear},
    {"MultiTaskElasticNetCV", make_linear},
    {"MultiTaskLasso", make_linear},
    {"MultiTaskLassoCV", make_linear},
    {"OrthogonalMatchingPursuit", make_linear},
    {"OrthogonalMatchingPursuitCV", make_linear},
    {"PassiveAggressiveClassifier", make_plain_classifier},
    {"PassiveAggressiveRegressor", make_linear},
    {"Perceptron", make_plain_classifier},
    {"PoissonRegressor", make_log_linked},
    {"QuantileRegressor", make_linear},
    {"Ridge", make_linear},
    {"RidgeCV", make_linear},
    {"RidgeClassifier", make_ridge_classifier},
    {"RidgeClassifierCV", make_ridge_classifier},
    {"SGDClassifier", make_sgd_classifier},
    {"SGDRegressor", make_linear},
    {"TheilSenRegressor", make_linear},
    {"TweedieRegressor", make_tweedie},
};

}  // namespace

std::span<const EstimatorRow> linear_rows() { return kRows; }

}  // namespace slipway::models::sklearn
