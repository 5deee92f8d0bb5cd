// Mixtures of normal distributions.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

// The logarithm's derivative of the gamma function, of x > 0: up to 6 by recurrence, then a series.
double digamma(double x) {
  double out = 0;
  for (; x < 6; ++x) out -= 1 / x;
  const double f = 1 / (x * x);
  const double series =
      f * (1.0 / 12 - f * (1.0 / 120 - f * (1.0 / 252 - f * (1.0 / 240 - f * (1.0 / 132)))));
  return out + std::log(x) - 0.5 / x - series;
}

class Mixture : public Estimator {
 public:
  Mixture(const State& state, Matrix means) : Estimator(state), means_(std::move(means)) {}

  std::vector<double> constants;  // of each part: the logarithms of its weight and its scale
  std::vector<Matrix> roots;      // of each part's precision: x · root has unit covariance

  bool has(Method method) const override { return method == Method::predict_proba; }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    auto out = TRY(log_shares(x));
    softmax_rows(out);
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto shares = TRY(log_shares(x));
    std::vector<int64_t> best(shares.n_rows);
    for (size_t i = 0; i < best.size(); ++i) {
      const double* row = shares.row(i);
      best[i] = std::max_element(row, row + shares.n_columns) - row;
    }
    return one_column(data::int64_column("", std::move(best)));
  }

 private:
  Result<Matrix> log_shares(const Value& x) const {
    const size_t width = means_.n_columns;
    const auto rows = TRY(features(x, width, name()));
    auto out = make_matrix(rows.n_rows, means_.n_rows);
    for (size_t i = 0; i < rows.n_rows; ++i) {
      for (size_t k = 0; k < means_.n_rows; ++k) {
        double squares = 0;
        for (size_t c = 0; c < width; ++c) {
          double sum = 0;
          for (size_t r = 0; r < width; ++r) {
            sum += (rows.row(i)[r] - means_.row(k)[r]) * roots[k].row(r)[c];
          }
          squares += sum * sum;
        }
        out.row(i)[k] = constants[k] - 0.5 * squares;
      }
    }
    return out;
  }

  Matrix means_;
};

// The parts' roots as whole matrices, whatever form they were kept in.
Result<std::vector<Matrix>> roots_of(const State& state, size_t n, size_t width) {
  const auto kind = state.text_or("covariance_type", "full");
  const size_t whole = width * width;
  const size_t wanted = kind == "full"   ? n * whole
                        : kind == "tied" ? whole
                        : kind == "diag" ? n * width
                                         : n;
  if (kind != "full" && kind != "tied" && kind != "diag" && kind != "spherical") {
    return state.unsupported("covariance_type " + kind);
  }
  TRY(state.require(whole * n <= size_t{1} << 26, "means_", "are too many"));
  const auto values = TRY(state.numbers("precisions_cholesky_", wanted));
  std::vector<Matrix> out;
  for (size_t k = 0; k < n; ++k) {
    auto root = make_matrix(width, width);
    for (size_t i = 0; i < whole && (kind == "full" || kind == "tied"); ++i) {
      root.values[i] = values[kind == "full" ? k * whole + i : i];
    }
    for (size_t c = 0; c < width && kind == "diag"; ++c) root.row(c)[c] = values[k * width + c];
    for (size_t c = 0; c < width && kind == "spherical"; ++c) root.row(c)[c] = values[k];
    out.push_back(std::move(root));
  }
  return out;
}

// Expected logarithms of the weights, and what the uncertain precisions add.
Result<std::vector<double>> bayesian_constants(const State& state, size_t n, size_t width) {
  auto freedom = TRY(state.numbers("degrees_of_freedom_"));
  if (freedom.size() == 1) freedom.resize(n, freedom[0]);  // tied
  TRY(state.require(freedom.size() == n, "degrees_of_freedom_", "does not fit means_"));
  const auto precision = TRY(state.numbers("mean_precision_", n));
  const auto* given = TRY(state.get("weight_concentration_"));
  const auto pair = items_of(*given);
  std::vector<double> out(n);
  if (given->kind == objects::Kind::tuple) {
    TRY(state.require(pair.size() == 2, "weight_concentration_", "is no pair"));
    const auto a = TRY(numbers_of(*pair[0]));
    const auto b = TRY(numbers_of(*pair[1]));
    TRY(state.require(a.size() == n && b.size() == n, "weight_concentration_", "does not fit"));
    double passed = 0;
    for (size_t k = 0; k < n; ++k) {
      out[k] = digamma(a[k]) - digamma(a[k] + b[k]) + passed;
      passed += digamma(b[k]) - digamma(a[k] + b[k]);
    }
  } else {
    const auto all = TRY(state.numbers("weight_concentration_", n));
    double sum = 0;
    for (const double one : all) sum += one;
    for (size_t k = 0; k < n; ++k) out[k] = digamma(all[k]) - digamma(sum);
  }
  const auto d = static_cast<double>(width);
  for (size_t k = 0; k < n; ++k) {
    double log_lambda = d * std::numbers::ln2;
    for (size_t c = 0; c < width; ++c) {
      log_lambda += digamma(0.5 * (freedom[k] - static_cast<double>(c)));
    }
    out[k] += 0.5 * (log_lambda - d / precision[k]) - 0.5 * d * std::log(freedom[k]);
  }
  return out;
}

Result<EstimatorPtr> make_mixture(const State& state) {
  auto means = TRY(state.matrix("means_"));
  const size_t n = means.n_rows;
  const size_t width = means.n_columns;
  TRY(state.require(n > 0 && width > 0, "means_", "is empty"));
  auto out = std::make_unique<Mixture>(state, std::move(means));
  out->roots = TRY(roots_of(state, n, width));
  if (state.class_name() == "BayesianGaussianMixture") {
    out->constants = TRY(bayesian_constants(state, n, width));
  } else {
    out->constants = TRY(state.numbers("weights_", n));
    for (auto& weight : out->constants) weight = std::log(weight);
  }
  for (size_t k = 0; k < n; ++k) {
    out->constants[k] -= 0.5 * static_cast<double>(width) * std::log(2 * std::numbers::pi);
    for (size_t c = 0; c < width; ++c) out->constants[k] += std::log(out->roots[k].row(c)[c]);
  }
  return EstimatorPtr(std::move(out));
}

constexpr EstimatorRow kRows[] = {
    {"BayesianGaussianMixture", make_mixture},
    {"GaussianMixture", make_mixture},
};

}  // namespace

std::span<const EstimatorRow> mixture_rows() { return kRows; }

}  // namespace slipway::models::sklearn
