// Columns projected on fewer, or on others: components, random directions, kernels.
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/sklearn/families.h"
#include "models/sklearn/kernel.h"

namespace slipway::models::sklearn {
namespace {

class Projection : public Estimator {
 public:
  Projection(const State& state, Matrix components)
      : Estimator(state), components_(std::move(components)) {}

  std::vector<double> center;  // empty: none
  std::vector<double> divide;  // what comes out, empty: by nothing

  Result<Value> transform(const Value& x) const override {
    auto ready = TRY(features_or_sparse(x, components_.n_columns, name()));
    if (!center.empty()) {
      auto matrix = TRY(dense(ready));
      for (size_t i = 0; i < matrix.n_rows; ++i) {
        for (size_t c = 0; c < matrix.n_columns; ++c) matrix.row(i)[c] -= center[c];
      }
      ready = std::move(matrix);
    }
    auto out = times_transposed(ready, components_, {});
    for (size_t i = 0; i < out.n_rows && !divide.empty(); ++i) {
      for (size_t c = 0; c < out.n_columns; ++c) out.row(i)[c] /= divide[c];
    }
    out.round();
    return Value(std::move(out));
  }

 private:
  Matrix components_;  // a row for each
};

Result<EstimatorPtr> make_projection(const State& state) {
  auto components = TRY(rows_of(state, "components_"));
  TRY(state.require(components.n_rows > 0 && components.n_columns > 0, "components_", "is empty"));
  const size_t n_outputs = components.n_rows;
  const size_t n_inputs = components.n_columns;
  auto out = std::make_unique<Projection>(state, std::move(components));
  if (state.given("mean_") != nullptr) out->center = TRY(state.numbers("mean_", n_inputs));
  const auto kind = state.class_name();
  if ((kind == "PCA" || kind == "IncrementalPCA") && state.truth_or("whiten", false)) {
    out->divide = TRY(state.numbers("explained_variance_", n_outputs));
    for (auto& value : out->divide) {
      value = std::max(std::sqrt(value), std::numeric_limits<double>::epsilon());
    }
  }
  return EstimatorPtr(std::move(out));
}

/// Partial least squares: linear in the centred columns; as a transformer, their scores.
class LeastSquares : public Estimator {
 public:
  LeastSquares(const State& state, Matrix weights, Matrix rotations)
      : Estimator(state), weights_(std::move(weights)), rotations_(std::move(rotations)) {}

  std::vector<double> mean, scale;  // of the columns
  std::vector<double> divide;       // before the weights count: older versions
  std::vector<double> intercepts;
  bool is_list = false;

  bool predicts_matrix() const override { return !is_list; }

  Result<data::Batch> predict(const Value& x) const override {
    auto ready = TRY(features(x, weights_.n_columns, name()));
    center(ready, divide);
    return unnamed_columns(times_transposed(Value(std::move(ready)), weights_, intercepts));
  }

  Result<Value> transform(const Value& x) const override {
    auto ready = TRY(features(x, rotations_.n_columns, name()));
    center(ready, scale);
    return Value(times_transposed(Value(std::move(ready)), rotations_, {}));
  }

 private:
  void center(Matrix& x, const std::vector<double>& by) const {
    for (size_t i = 0; i < x.n_rows; ++i) {
      for (size_t c = 0; c < x.n_columns; ++c) {
        x.row(i)[c] -= mean[c];
        if (!by.empty()) x.row(i)[c] /= by[c];
      }
    }
  }

  Matrix weights_;    // a row for each output
  Matrix rotations_;  // a row for each score
};

Result<EstimatorPtr> make_least_squares(const State& state) {
  const bool old = state.find("_coef_") != nullptr;  // 1.1: of scaled columns
  auto weights = TRY(state.matrix(old ? "_coef_" : "coef_"));
  const auto given = TRY(state.matrix("x_rotations_"));
  const size_t n = weights.n_columns;
  const size_t n_outputs = weights.n_rows;
  TRY(state.require(n > 0 && given.n_rows == n, "x_rotations_", "does not fit coef_"));
  auto rotations = make_matrix(given.n_columns, n);
  for (size_t c = 0; c < n; ++c) {
    for (size_t k = 0; k < given.n_columns; ++k) rotations.row(k)[c] = given.row(c)[k];
  }
  auto out = std::make_unique<LeastSquares>(state, std::move(weights), std::move(rotations));
  out->mean = TRY(state.numbers("_x_mean", n));
  out->scale = TRY(state.numbers("_x_std", n));
  if (old) out->divide = out->scale;
  out->intercepts = TRY(state.numbers("intercept_", n_outputs));
  out->is_list = state.truth_or("_predict_1d", false);
  return EstimatorPtr(std::move(out));
}

class RandomFourier : public Estimator {
 public:
  RandomFourier(const State& state, Matrix weights, std::vector<double> offsets)
      : Estimator(state), weights_(std::move(weights)), offsets_(std::move(offsets)) {}

  Result<Value> transform(const Value& x) const override {
    const auto ready = TRY(features_or_sparse(x, weights_.n_columns, name()));
    auto out = times_transposed(ready, weights_, offsets_);
    const double scale = std::sqrt(2 / static_cast<double>(weights_.n_rows));
    for (auto& value : out.values) value = std::cos(value) * scale;
    out.round();
    return Value(std::move(out));
  }

 private:
  Matrix weights_;
  std::vector<double> offsets_;
};

Result<EstimatorPtr> make_random_fourier(const State& state) {
  const auto columns = TRY(state.matrix("random_weights_"));
  auto offsets = TRY(state.numbers("random_offset_", columns.n_columns));
  auto weights = make_matrix(columns.n_columns, columns.n_rows);
  weights.single = columns.single;
  for (size_t i = 0; i < columns.n_rows; ++i) {
    for (size_t j = 0; j < columns.n_columns; ++j) weights.row(j)[i] = columns.row(i)[j];
  }
  return EstimatorPtr(new RandomFourier(state, std::move(weights), std::move(offsets)));
}

class Nystroem : public Estimator {
 public:
  Nystroem(const State& state, Kernel kernel, Matrix points, Matrix weights)
      : Estimator(state),
        kernel_(kernel),
        points_(std::move(points)),
        weights_(std::move(weights)) {}

  Result<Value> transform(const Value& x) const override {
    const auto ready = TRY(features(x, points_.n_columns, name()));
    return Value(times_transposed(kernel_matrix(kernel_, ready, points_), weights_, {}));
  }

 private:
  Kernel kernel_;
  Matrix points_;
  Matrix weights_;
};

Result<EstimatorPtr> make_nystroem(const State& state) {
  auto points = TRY(rows_of(state, "components_"));
  auto weights = TRY(state.matrix("normalization_"));
  const double gamma = state.number_or("gamma", 1 / static_cast<double>(points.n_columns));
  auto kernel = TRY(Kernel::make(state, gamma));
  if (state.given("coef0") == nullptr) kernel.offset = 1;
  TRY(state.require(weights.n_columns == points.n_rows, "normalization_", "does not fit"));
  return EstimatorPtr(new Nystroem(state, kernel, std::move(points), std::move(weights)));
}

constexpr EstimatorRow kRows[] = {
    {"FastICA", make_projection},
    {"GaussianRandomProjection", make_projection},
    {"IncrementalPCA", make_projection},
    {"Nystroem", make_nystroem},
    {"PCA", make_projection},
    {"PLSRegression", make_least_squares},
    {"RBFSampler", make_random_fourier},
    {"SparseRandomProjection", make_projection},
    {"TruncatedSVD", make_projection},
};

}  // namespace

std::span<const EstimatorRow> projection_rows() { return kRows; }

}  // namespace slipway::models::sklearn
