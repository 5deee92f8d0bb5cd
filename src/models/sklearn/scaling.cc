// Scalers: columns shifted and stretched, rows brought to a norm, numbers cut in two.
#include <algorithm>
#include <cmath>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

/// What is done to a column, in this order; an empty vector means "not at all". Multiplying comes
/// before adding for MinMaxScaler, as numpy's results depend on it.
struct Steps {
  std::vector<double> subtract;
  std::vector<double> divide;
  std::vector<double> multiply;
  std::vector<double> add;
  bool clip = false;
  double low = 0;
  double high = 1;
};

class Scaler : public Estimator {
 public:
  Scaler(const State& state, size_t n_columns, Steps steps)
      : Estimator(state), n_columns_(n_columns), steps_(std::move(steps)) {}

  Result<Value> transform(const Value& x) const override {
    auto ready = TRY(features_or_sparse(x, n_columns_, name(), Missing::accept));
    if (auto* sparse = std::get_if<SparseMatrix>(&ready)) {
      if (!steps_.subtract.empty() || !steps_.add.empty()) {
        return fail(Code::invalid_parameter_value, "{} cannot center sparse matrices", name());
      }
      for (size_t k = 0; k < sparse->values.size(); ++k) {
        scale(sparse->values[k], sparse->columns[k]);
      }
      return ready;
    }
    auto& matrix = std::get<Matrix>(ready);
    for (size_t i = 0; i < matrix.n_rows; ++i) {
      double* row = matrix.row(i);
      for (size_t c = 0; c < n_columns_; ++c) {
        if (!steps_.subtract.empty()) row[c] = rounded(row[c] - steps_.subtract[c], matrix.single);
        scale(row[c], c);
        if (matrix.single) row[c] = static_cast<float>(row[c]);
        if (!steps_.add.empty()) row[c] = rounded(row[c] + steps_.add[c], matrix.single);
        if (steps_.clip && !std::isnan(row[c]))
          row[c] = std::clamp(row[c], steps_.low, steps_.high);
      }
    }
    return ready;
  }

 private:
  static double rounded(double value, bool single) {
    return single ? static_cast<float>(value) : value;
  }
  void scale(double& value, size_t c) const {
    if (!steps_.divide.empty()) value /= steps_.divide[c];
    if (!steps_.multiply.empty()) value *= steps_.multiply[c];
  }

  size_t n_columns_;
  Steps steps_;
};

Result<EstimatorPtr> make_scaler(const State& state, Steps steps) {
  size_t n = 0;
  for (const auto* part : {&steps.subtract, &steps.divide, &steps.multiply, &steps.add}) {
    if (part->empty()) continue;
    TRY(state.require(n == 0 || n == part->size(), "its columns", "do not agree in number"));
    n = part->size();
  }
  if (n == 0) {
    const auto given = TRY(state.integer("n_features_in_"));
    TRY(state.require(given > 0 && given < 1 << 30, "n_features_in_", "is not a count"));
    n = static_cast<size_t>(given);
  }
  return EstimatorPtr(new Scaler(state, n, std::move(steps)));
}

Result<EstimatorPtr> make_standard(const State& state) {
  Steps steps;
  if (state.truth_or("with_mean", true)) steps.subtract = TRY(state.numbers("mean_"));
  if (state.given("scale_") != nullptr && state.truth_or("with_std", true)) {
    steps.divide = TRY(state.numbers("scale_"));
  }
  return make_scaler(state, std::move(steps));
}

Result<EstimatorPtr> make_min_max(const State& state) {
  Steps steps;
  steps.multiply = TRY(state.numbers("scale_"));
  steps.add = TRY(state.numbers("min_"));
  if (state.truth_or("clip", false)) {
    const auto range = TRY(state.numbers("feature_range", 2));
    TRY(state.require(range[0] <= range[1], "feature_range", "is empty"));
    steps.clip = true;
    steps.low = range[0];
    steps.high = range[1];
  }
  return make_scaler(state, std::move(steps));
}

Result<EstimatorPtr> make_max_abs(const State& state) {
  Steps steps;
  steps.divide = TRY(state.numbers("scale_"));
  steps.clip = state.truth_or("clip", false);
  steps.low = -1;
  return make_scaler(state, std::move(steps));
}

Result<EstimatorPtr> make_robust(const State& state) {
  Steps steps;
  if (state.truth_or("with_centering", true)) steps.subtract = TRY(state.numbers("center_"));
  if (state.truth_or("with_scaling", true)) steps.divide = TRY(state.numbers("scale_"));
  return make_scaler(state, std::move(steps));
}

enum class Norm { l1, l2, max };

class Normalizer : public Estimator {
 public:
  Normalizer(const State& state, Norm norm) : Estimator(state), norm_(norm) {}

  Result<Value> transform(const Value& x) const override {
    const size_t n = n_columns(x);
    auto ready = TRY(features_or_sparse(x, n_features() == 0 ? n : n_features(), name()));
    if (auto* sparse = std::get_if<SparseMatrix>(&ready)) {
      for (size_t i = 0; i < sparse->n_rows; ++i) {
        normalize(
            {sparse->values.data() + sparse->starts[i], sparse->starts[i + 1] - sparse->starts[i]});
      }
      return ready;
    }
    auto& matrix = std::get<Matrix>(ready);
    for (size_t i = 0; i < matrix.n_rows; ++i) normalize({matrix.row(i), matrix.n_columns});
    matrix.round();
    return ready;
  }

 private:
  void normalize(std::span<double> row) const {
    double norm = 0;
    for (const double value : row) {
      if (norm_ == Norm::l1) norm += std::abs(value);
      if (norm_ == Norm::l2) norm += value * value;
      if (norm_ == Norm::max) norm = std::max(norm, std::abs(value));
    }
    if (norm_ == Norm::l2) norm = std::sqrt(norm);
    if (norm == 0) return;
    for (double& value : row) value /= norm;
  }

  Norm norm_;
};

Result<EstimatorPtr> make_normalizer(const State& state) {
  const auto norm = state.text_or("norm", "l2");
  if (norm != "l1" && norm != "l2" && norm != "max") return state.unsupported("norm " + norm);
  return EstimatorPtr(new Normalizer(state, norm == "l1"   ? Norm::l1
                                            : norm == "l2" ? Norm::l2
                                                           : Norm::max));
}

class Binarizer : public Estimator {
 public:
  Binarizer(const State& state, double threshold) : Estimator(state), threshold_(threshold) {}

  Result<Value> transform(const Value& x) const override {
    const size_t n = n_features() == 0 ? n_columns(x) : n_features();
    auto ready = TRY(features(x, n, name()));
    for (auto& value : ready.values) value = value > threshold_ ? 1 : 0;
    return Value(std::move(ready));
  }

 private:
  double threshold_;
};

Result<EstimatorPtr> make_binarizer(const State& state) {
  return EstimatorPtr(new Binarizer(state, state.number_or("threshold", 0)));
}

constexpr EstimatorRow kRows[] = {
    {"Binarizer", make_binarizer},  {"MaxAbsScaler", make_max_abs},
    {"MinMaxScaler", make_min_max}, {"Normalizer", make_normalizer},
    {"RobustScaler", make_robust},  {"StandardScaler", make_standard},
};

}  // namespace

std::span<const EstimatorRow> scaling_rows() { return kRows; }

}  // namespace slipway::models::sklearn
