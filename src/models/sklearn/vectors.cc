// Support vector machines, and ridge regression by kernels.
#include <algorithm>
#include <cmath>

#include "models/sklearn/committee.h"
#include "models/sklearn/families.h"
#include "models/sklearn/kernel.h"

namespace slipway::models::sklearn {
namespace {

struct SupportVectors {
  Kernel kernel;
  Matrix vectors;
  Matrix duals;  // a row for each class but one (classifiers), or one
  std::vector<double> intercepts;

  Result<Matrix> kernels(const Value& x, std::string_view name) const {
    const auto ready = TRY(features(x, vectors.n_columns, name));
    return kernel_matrix(kernel, ready, vectors);
  }
};

Result<SupportVectors> read_vectors(const State& state) {
  SupportVectors out;
  const auto gamma = TRY(state.number("_gamma"));
  out.kernel = TRY(Kernel::make(state, gamma));
  out.vectors = TRY(rows_of(state, "support_vectors_"));
  out.duals = TRY(rows_of(state, state.find("dual_coef_") ? "dual_coef_" : "_dual_coef_"));
  out.intercepts = TRY(state.numbers(state.find("intercept_") ? "intercept_" : "_intercept_"));
  TRY(state.require(
      out.duals.n_columns == out.vectors.n_rows && out.duals.n_rows > 0 && !out.intercepts.empty(),
      "dual_coef_", "does not fit support_vectors_"));
  return out;
}

// One decision of a regressor, an outlier detector, or a classifier of two classes.
Result<std::vector<double>> single_decision(const SupportVectors& vectors, const Value& x,
                                            std::string_view name) {
  const auto kernels = TRY(vectors.kernels(x, name));
  std::vector<double> out(kernels.n_rows);
  for (size_t i = 0; i < out.size(); ++i) {
    double sum = 0;
    for (size_t j = 0; j < kernels.n_columns; ++j)
      sum += vectors.duals.row(0)[j] * kernels.row(i)[j];
    out[i] = sum + vectors.intercepts[0];
  }
  return out;
}

class SupportRegressor : public Estimator {
 public:
  SupportRegressor(const State& state, SupportVectors vectors)
      : Estimator(state), vectors_(std::move(vectors)) {}

  Result<data::Batch> predict(const Value& x) const override {
    auto out = TRY(single_decision(vectors_, x, name()));
    return one_column(std::move(out));
  }

 private:
  SupportVectors vectors_;
};

Result<EstimatorPtr> make_support_regressor(const State& state) {
  auto vectors = TRY(read_vectors(state));
  return EstimatorPtr(new SupportRegressor(state, std::move(vectors)));
}

class OneClass : public Estimator {
 public:
  OneClass(const State& state, SupportVectors vectors)
      : Estimator(state), vectors_(std::move(vectors)) {}

  bool has(Method method) const override { return method == Method::decision_function; }
  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    auto values = TRY(single_decision(vectors_, x, name()));
    const size_t n = values.size();
    return Matrix{n, 1, std::move(values), false};
  }
  Result<data::Batch> predict(const Value& x) const override {
    const auto values = TRY(single_decision(vectors_, x, name()));
    std::vector<int64_t> out;
    for (const double value : values) out.push_back(value > 0 ? 1 : -1);
    return one_column(data::int64_column("", std::move(out)));
  }

 private:
  SupportVectors vectors_;
};

Result<EstimatorPtr> make_one_class(const State& state) {
  auto vectors = TRY(read_vectors(state));
  return EstimatorPtr(new OneClass(state, std::move(vectors)));
}

/// Probabilities of classes from those between all pairs.
/// Source   Wu, Lin and Weng, "Probability estimates for multi-class classification by pairwise
///          coupling" (JMLR 5, 2004), the second method; stops as libsvm's does.
std::vector<double> coupled(const Matrix& pairs) {
  const size_t n = pairs.n_rows;
  std::vector<double> p(n, 1 / static_cast<double>(n));
  auto q = make_matrix(n, n);
  std::vector<double> qp(n);
  for (size_t t = 0; t < n; ++t) {
    for (size_t j = 0; j < n; ++j) {
      if (j == t) continue;
      q.row(t)[t] += pairs.row(j)[t] * pairs.row(j)[t];
      q.row(t)[j] = -pairs.row(j)[t] * pairs.row(t)[j];
    }
  }
  const size_t most = std::max<size_t>(100, n);
  const double epsilon = 0.005 / static_cast<double>(n);
  for (size_t round = 0; round < most; ++round) {
    double pqp = 0;
    for (size_t t = 0; t < n; ++t) {
      qp[t] = 0;
      for (size_t j = 0; j < n; ++j) qp[t] += q.row(t)[j] * p[j];
      pqp += p[t] * qp[t];
    }
    double worst = 0;
    for (size_t t = 0; t < n; ++t) worst = std::max(worst, std::abs(qp[t] - pqp));
    if (worst < epsilon) break;
    for (size_t t = 0; t < n; ++t) {
      const double step = (-qp[t] + pqp) / q.row(t)[t];
      p[t] += step;
      pqp = (pqp + step * (step * q.row(t)[t] + 2 * qp[t])) / (1 + step) / (1 + step);
      for (size_t j = 0; j < n; ++j) {
        qp[j] = (qp[j] + step * q.row(t)[j]) / (1 + step);
        p[j] /= 1 + step;
      }
    }
  }
  return p;
}

class SupportClassifier : public Estimator {
 public:
  SupportClassifier(const State& state, SupportVectors vectors, std::vector<size_t> starts,
                    data::Column classes)
      : Estimator(state),
        vectors_(std::move(vectors)),
        starts_(std::move(starts)),
        classes_(std::move(classes)) {}

  std::vector<double> slopes;  // of sigmoids for each pair; empty without probability=True
  std::vector<double> offsets;
  bool breaks_ties = false;
  bool one_vs_one = false;

  const data::Column* classes() const override { return &classes_; }
  bool has(Method method) const override {
    return method == Method::decision_function || !slopes.empty();
  }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    auto pairs = TRY(decide(x));
    if (method == Method::decision_function) {
      if (classes_.size() == 2) {
        for (auto& value : pairs.values) value = -value;
        return pairs;
      }
      return one_vs_one ? std::move(pairs) : votes(pairs);
    }
    auto out = shares(pairs);
    if (method == Method::predict_log_proba) log_of(out);
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto pairs = TRY(decide(x));
    if (breaks_ties && !one_vs_one && classes_.size() > 2) {
      return one_column(take_labels(classes_, best_of(votes(pairs))));
    }
    const size_t n = classes_.size();
    std::vector<size_t> best;
    for (size_t r = 0; r < pairs.n_rows; ++r) {
      std::vector<size_t> counts(n, 0);
      size_t k = 0;
      for (size_t i = 0; i < n; ++i) {
        for (size_t j = i + 1; j < n; ++j, ++k) ++counts[pairs.row(r)[k] > 0 ? i : j];
      }
      best.push_back(static_cast<size_t>(std::ranges::max_element(counts) - counts.begin()));
    }
    return one_column(take_labels(classes_, best));
  }

 private:
  // libsvm's decisions between all pairs: > 0 is for the first of it.
  Result<Matrix> decide(const Value& x) const {
    const auto kernels = TRY(vectors_.kernels(x, name()));
    const size_t n = classes_.size();
    auto out = make_matrix(kernels.n_rows, n * (n - 1) / 2);
    // of two classes scikit-learn keeps the signs turned
    const double sign = n == 2 ? -1 : 1;
    for (size_t r = 0; r < kernels.n_rows; ++r) {
      size_t k = 0;
      for (size_t i = 0; i < n; ++i) {
        for (size_t j = i + 1; j < n; ++j, ++k) {
          double sum = 0;
          for (size_t v = starts_[i]; v < starts_[i + 1]; ++v) {
            sum += vectors_.duals.row(j - 1)[v] * kernels.row(r)[v];
          }
          for (size_t v = starts_[j]; v < starts_[j + 1]; ++v) {
            sum += vectors_.duals.row(i)[v] * kernels.row(r)[v];
          }
          out.row(r)[k] = sign * (sum + vectors_.intercepts[k]);
        }
      }
    }
    return out;
  }

  Matrix votes(const Matrix& pairs) const {
    auto winners = pairs;
    auto decisions = pairs;
    for (size_t i = 0; i < pairs.values.size(); ++i) {
      winners.values[i] = pairs.values[i] < 0 ? 1 : 0;
      decisions.values[i] = -pairs.values[i];
    }
    return votes_of_pairs(winners, decisions, classes_.size());
  }

  Matrix shares(const Matrix& decisions) const {
    constexpr double kLeast = 1e-7;
    const size_t n = classes_.size();
    auto out = make_matrix(decisions.n_rows, n);
    auto pairs = make_matrix(n, n);
    for (size_t r = 0; r < decisions.n_rows; ++r) {
      size_t k = 0;
      for (size_t i = 0; i < n; ++i) {
        for (size_t j = i + 1; j < n; ++j, ++k) {
          const double share = expit(-(decisions.row(r)[k] * slopes[k] + offsets[k]));
          pairs.row(i)[j] = std::clamp(share, kLeast, 1 - kLeast);
          pairs.row(j)[i] = 1 - pairs.row(i)[j];
        }
      }
      const auto coupled_shares = coupled(pairs);
      std::ranges::copy(coupled_shares, out.row(r));
    }
    return out;
  }

  SupportVectors vectors_;
  std::vector<size_t> starts_;  // of each class's vectors, and their number at the end
  data::Column classes_;
};

Result<EstimatorPtr> make_support_classifier(const State& state) {
  auto vectors = TRY(read_vectors(state));
  auto classes = TRY(state.labels("classes_"));
  const auto counts = TRY(state.integers(state.find("_n_support") ? "_n_support" : "n_support_"));
  const size_t n = classes.size();
  const size_t n_pairs = n * (n - 1) / 2;
  std::vector<size_t> starts{0};
  for (const auto count : counts) {
    TRY(state.require(count >= 0 && count <= INT32_MAX, "_n_support", "is not made of counts"));
    starts.push_back(starts.back() + static_cast<size_t>(count));
  }
  TRY(state.require(n >= 2 && counts.size() == n && starts.back() == vectors.vectors.n_rows &&
                        vectors.duals.n_rows == n - 1 && vectors.intercepts.size() == n_pairs,
                    "dual_coef_", "does not fit classes_"));
  auto out = std::make_unique<SupportClassifier>(state, std::move(vectors), std::move(starts),
                                                 std::move(classes));
  const std::string_view slopes = state.find("_probA") ? "_probA" : "probA_";
  if (state.truth_or("probability", false) && state.given(slopes) != nullptr) {
    out->slopes = TRY(state.numbers(slopes, n_pairs));
    out->offsets = TRY(state.numbers(state.find("_probB") ? "_probB" : "probB_", n_pairs));
  }
  out->breaks_ties = state.truth_or("break_ties", false);
  out->one_vs_one = state.text_or("decision_function_shape", "ovr") == "ovo";
  return EstimatorPtr(std::move(out));
}

class KernelRidge : public Estimator {
 public:
  KernelRidge(const State& state, Kernel kernel, Matrix points, Matrix duals, bool is_matrix)
      : Estimator(state),
        kernel_(kernel),
        points_(std::move(points)),
        duals_(std::move(duals)),
        is_matrix_(is_matrix) {}

  bool predicts_matrix() const override { return is_matrix_; }
  Result<data::Batch> predict(const Value& x) const override {
    const auto ready = TRY(features(x, points_.n_columns, name()));
    return unnamed_columns(times_transposed(kernel_matrix(kernel_, ready, points_), duals_, {}));
  }

 private:
  Kernel kernel_;
  Matrix points_;
  Matrix duals_;  // a row for each output
  bool is_matrix_;
};

Result<EstimatorPtr> make_kernel_ridge(const State& state) {
  auto points = TRY(rows_of(state, "X_fit_"));
  const double gamma = state.number_or("gamma", 1 / static_cast<double>(points.n_columns));
  auto kernel = TRY(Kernel::make(state, gamma));
  kernel.offset = state.number_or("coef0", 1);
  const auto saved = TRY(state.matrix("dual_coef_"));
  const bool is_matrix = state.find("dual_coef_")->array->n_dimensions() == 2;
  auto duals = saved;
  if (is_matrix) {
    duals = make_matrix(saved.n_columns, saved.n_rows);
    for (size_t i = 0; i < saved.n_rows; ++i) {
      for (size_t j = 0; j < saved.n_columns; ++j) duals.row(j)[i] = saved.row(i)[j];
    }
  }
  TRY(state.require(duals.n_columns == points.n_rows, "dual_coef_", "does not fit X_fit_"));
  return EstimatorPtr(
      new KernelRidge(state, kernel, std::move(points), std::move(duals), is_matrix));
}

constexpr EstimatorRow kRows[] = {
    {"KernelRidge", make_kernel_ridge}, {"NuSVC", make_support_classifier},
    {"NuSVR", make_support_regressor},  {"OneClassSVM", make_one_class},
    {"SVC", make_support_classifier},   {"SVR", make_support_regressor},
};

}  // namespace

std::span<const EstimatorRow> vector_rows() { return kRows; }

}  // namespace slipway::models::sklearn
