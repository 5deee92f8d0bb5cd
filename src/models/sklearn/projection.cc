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
    {"RBFSampler", make_random_fourier},
    {"SparseRandomProjection", make_projection},
    {"TruncatedSVD", make_projection},
};

}  // namespace

std::span<const EstimatorRow> projection_rows() { return kRows; }

}  // namespace slipway::models::sklearn
