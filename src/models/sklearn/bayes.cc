// Naive Bayes, and the quadratic discriminant: a joint log likelihood for each class.
#include <algorithm>
#include <cmath>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// Rows to joint log likelihoods: a column for each class.
class Likelihood {
 public:
  virtual ~Likelihood() = default;
  virtual Result<Matrix> joint(const Value& x, std::string_view name) const = 0;
};

// Subtracts each row's log of its sum of exponents.
void to_log_shares(Matrix& joint) {
  for (size_t i = 0; i < joint.n_rows; ++i) {
    double* row = joint.row(i);
    const double top = *std::max_element(row, row + joint.n_columns);
    double sum = 0;
    for (size_t c = 0; c < joint.n_columns; ++c) sum += std::exp(row[c] - top);
    const double log_sum = top + std::log(sum);
    for (size_t c = 0; c < joint.n_columns; ++c) row[c] -= log_sum;
  }
}

class BayesClassifier : public Estimator {
 public:
  BayesClassifier(const State& state, std::unique_ptr<const Likelihood> likelihood,
                  data::Column classes, bool decides)
      : Estimator(state),
        likelihood_(std::move(likelihood)),
        classes_(std::move(classes)),
        decides_(decides) {}

  const data::Column* classes() const override { return &classes_; }
  bool has(Method method) const override { return decides_ || method != Method::decision_function; }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    auto joint = TRY(likelihood_->joint(x, name()));
    if (method == Method::decision_function) {
      if (classes_.size() != 2) return joint;
      auto out = make_matrix(joint.n_rows, 1);
      for (size_t i = 0; i < joint.n_rows; ++i) {
        out.values[i] = joint.row(i)[1] - joint.row(i)[0];
      }
      return out;
    }
    to_log_shares(joint);
    if (method == Method::predict_proba) {
      for (auto& value : joint.values) value = std::exp(value);
    }
    return joint;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto joint = TRY(likelihood_->joint(x, name()));
    std::vector<size_t> best = best_of(joint);
    if (joint.n_columns == 1) std::ranges::fill(best, size_t{0});
    return one_column(take_labels(classes_, best));
  }

 private:
  std::unique_ptr<const Likelihood> likelihood_;
  data::Column classes_;
  bool decides_;
};

class Gaussian : public Likelihood {
 public:
  Gaussian(Matrix means, Matrix variances, std::vector<double> priors)
      : means_(std::move(means)), variances_(std::move(variances)), priors_(std::move(priors)) {}

  Result<Matrix> joint(const Value& x, std::string_view name) const override {
    const auto ready = TRY(features(x, means_.n_columns, name));
    auto out = make_matrix(ready.n_rows, means_.n_rows);
    for (size_t k = 0; k < means_.n_rows; ++k) {
      double logs = 0;
      for (size_t c = 0; c < means_.n_columns; ++c) {
        logs += std::log(2 * kPi * variances_.row(k)[c]);
      }
      for (size_t i = 0; i < ready.n_rows; ++i) {
        double sum = 0;
        for (size_t c = 0; c < means_.n_columns; ++c) {
          const double from_mean = ready.row(i)[c] - means_.row(k)[c];
          sum += from_mean * from_mean / variances_.row(k)[c];
        }
        out.row(i)[k] = std::log(priors_[k]) + (-0.5 * logs - 0.5 * sum);
      }
    }
    return out;
  }

 private:
  Matrix means_;
  Matrix variances_;
  std::vector<double> priors_;
};

Result<EstimatorPtr> make_gaussian(const State& state) {
  auto means = TRY(state.matrix("theta_"));
  auto variances = TRY(state.matrix(state.find("var_") ? "var_" : "sigma_"));
  auto classes = TRY(state.labels("classes_"));
  auto priors = TRY(state.numbers("class_prior_", classes.size()));
  TRY(state.require(means.n_rows == classes.size() && variances.n_rows == means.n_rows &&
                        variances.n_columns == means.n_columns,
                    "theta_", "does not fit var_ and classes_"));
  auto likelihood =
      std::make_unique<Gaussian>(std::move(means), std::move(variances), std::move(priors));
  return EstimatorPtr(new BayesClassifier(state, std::move(likelihood), std::move(classes), false));
}

/// Counts, or truth values, times log probabilities.
class Discrete : public Likelihood {
 public:
  Discrete(Matrix weights, std::vector<double> offsets)
      : weights_(std::move(weights)), offsets_(std::move(offsets)) {}

  bool cuts = false;  // to truth values, at `threshold`
  double threshold = 0;
  bool refuses_negative = true;

  Result<Matrix> joint(const Value& x, std::string_view name) const override {
    auto ready = TRY(features_or_sparse(x, weights_.n_columns, name));
    if (cuts) {
      auto matrix = TRY(dense(ready));
      for (auto& value : matrix.values) value = value > threshold ? 1 : 0;
      ready = std::move(matrix);
    }
    const auto& values = std::holds_alternative<Matrix>(ready)
                             ? std::get<Matrix>(ready).values
                             : std::get<SparseMatrix>(ready).values;
    if (refuses_negative && std::ranges::any_of(values, [](double v) { return v < 0; })) {
      return fail(Code::invalid_parameter_value, "Negative values in data passed to {}", name);
    }
    return times_transposed(ready, weights_, offsets_);
  }

 private:
  Matrix weights_;
  std::vector<double> offsets_;
};

Result<EstimatorPtr> make_discrete(const State& state) {
  auto weights = TRY(state.matrix("feature_log_prob_"));
  auto classes = TRY(state.labels("classes_"));
  auto offsets = TRY(state.numbers("class_log_prior_", classes.size()));
  TRY(state.require(weights.n_rows == classes.size(), "feature_log_prob_",
                    "does not fit classes_"));
  weights.single = false;
  const auto kind = state.class_name();
  if (kind == "ComplementNB" && classes.size() > 1) offsets.assign(offsets.size(), 0);
  const bool bernoulli = kind == "BernoulliNB";
  for (size_t k = 0; k < weights.n_rows && bernoulli; ++k) {
    for (size_t c = 0; c < weights.n_columns; ++c) {
      const double absent = std::log(1 - std::exp(weights.row(k)[c]));
      weights.row(k)[c] -= absent;
      offsets[k] += absent;
    }
  }
  auto likelihood = std::make_unique<Discrete>(std::move(weights), std::move(offsets));
  likelihood->cuts = bernoulli && state.given("binarize") != nullptr;
  likelihood->threshold = state.number_or("binarize", 0);
  likelihood->refuses_negative = !bernoulli;
  return EstimatorPtr(new BayesClassifier(state, std::move(likelihood), std::move(classes), false));
}

/// Whole numbers are places of categories, each with a log probability for each class.
class Categorical : public Likelihood {
 public:
  Categorical(std::vector<Matrix> tables, std::vector<double> priors)
      : tables_(std::move(tables)), priors_(std::move(priors)) {}

  Result<Matrix> joint(const Value& x, std::string_view name) const override {
    const auto ready = TRY(features(x, tables_.size(), name));
    auto out = make_matrix(ready.n_rows, priors_.size());
    for (size_t i = 0; i < ready.n_rows; ++i) {
      double* row = out.row(i);
      for (size_t c = 0; c < tables_.size(); ++c) {
        const double place = std::trunc(ready.row(i)[c]);
        if (place < 0 || place >= static_cast<double>(tables_[c].n_columns)) {
          return fail(Code::invalid_parameter_value,
                      "column {}, row {}: category {} is beyond the {} that were seen", c, i,
                      ready.row(i)[c], tables_[c].n_columns);
        }
        for (size_t k = 0; k < priors_.size(); ++k) {
          row[k] += tables_[c].row(k)[static_cast<size_t>(place)];
        }
      }
      for (size_t k = 0; k < priors_.size(); ++k) row[k] += priors_[k];
    }
    return out;
  }

 private:
  std::vector<Matrix> tables_;  // of each column: classes × categories
  std::vector<double> priors_;
};

Result<EstimatorPtr> make_categorical(const State& state) {
  auto classes = TRY(state.labels("classes_"));
  auto priors = TRY(state.numbers("class_log_prior_", classes.size()));
  const auto* list = TRY(state.get("feature_log_prob_"));
  std::vector<Matrix> tables;
  for (const auto* item : items_of(*list)) {
    auto table = TRY(matrix_of(*item));
    TRY(state.require(table.n_rows == classes.size(), "feature_log_prob_",
                      "does not fit classes_"));
    tables.push_back(std::move(table));
  }
  TRY(state.require(!tables.empty(), "feature_log_prob_", "is empty"));
  auto likelihood = std::make_unique<Categorical>(std::move(tables), std::move(priors));
  return EstimatorPtr(new BayesClassifier(state, std::move(likelihood), std::move(classes), false));
}

class Quadratic : public Likelihood {
 public:
  struct Class {
    std::vector<double> mean;
    Matrix rotation;  // features × components
    std::vector<double> scaling;
    double log_prior = 0;
  };

  explicit Quadratic(std::vector<Class> classes) : classes_(std::move(classes)) {}

  Result<Matrix> joint(const Value& x, std::string_view name) const override {
    const auto ready = TRY(features(x, classes_[0].mean.size(), name));
    auto out = make_matrix(ready.n_rows, classes_.size());
    for (size_t k = 0; k < classes_.size(); ++k) {
      const auto& one = classes_[k];
      double logs = 0;
      for (const double scale : one.scaling) logs += std::log(scale);
      for (size_t i = 0; i < ready.n_rows; ++i) {
        double norm = 0;
        for (size_t j = 0; j < one.scaling.size(); ++j) {
          double sum = 0;
          for (size_t c = 0; c < one.mean.size(); ++c) {
            sum += (ready.row(i)[c] - one.mean[c]) * one.rotation.row(c)[j];
          }
          norm += sum * sum / one.scaling[j];
        }
        out.row(i)[k] = -0.5 * (norm + logs) + one.log_prior;
      }
    }
    return out;
  }

 private:
  std::vector<Class> classes_;
};

Result<EstimatorPtr> make_quadratic(const State& state) {
  auto labels = TRY(state.labels("classes_"));
  const auto means = TRY(state.matrix("means_"));
  const auto priors = TRY(state.numbers("priors_", labels.size()));
  const auto* rotations = TRY(state.get("rotations_"));
  const auto* scalings = TRY(state.get("scalings_"));
  const auto turned = items_of(*rotations);
  const auto scaled = items_of(*scalings);
  TRY(state.require(means.n_rows == labels.size() && turned.size() == labels.size() &&
                        scaled.size() == labels.size(),
                    "rotations_", "does not fit classes_"));
  std::vector<Quadratic::Class> classes;
  for (size_t k = 0; k < labels.size(); ++k) {
    Quadratic::Class one;
    one.mean.assign(means.row(k), means.row(k) + means.n_columns);
    one.rotation = TRY(matrix_of(*turned[k]));
    one.scaling = TRY(numbers_of(*scaled[k]));
    one.log_prior = std::log(priors[k]);
    TRY(state.require(
        one.rotation.n_rows == one.mean.size() && one.rotation.n_columns == one.scaling.size(),
        "rotations_", "does not fit scalings_"));
    classes.push_back(std::move(one));
  }
  return EstimatorPtr(new BayesClassifier(state, std::make_unique<Quadratic>(std::move(classes)),
                                          std::move(labels), true));
}

constexpr EstimatorRow kRows[] = {
    {"BernoulliNB", make_discrete},   {"CategoricalNB", make_categorical},
    {"ComplementNB", make_discrete},  {"GaussianNB", make_gaussian},
    {"MultinomialNB", make_discrete}, {"QuadraticDiscriminantAnalysis", make_quadratic},
};

}  // namespace

std::span<const EstimatorRow> bayes_rows() { return kRows; }

}  // namespace slipway::models::sklearn
