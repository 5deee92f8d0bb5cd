// Columns brought to another distribution: powers and quantiles.
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

double polynomial(std::span<const double> coefficients, double x) {
  double sum = 0;
  for (size_t i = coefficients.size(); i-- > 0;) sum = sum * x + coefficients[i];
  return sum;
}

// The normal distribution's quantile at p, to 1e-16 relative.
// Source: Wichura, Algorithm AS 241 (Applied Statistics 37, 1988), PPND16.
double normal_quantile(double p) {
  static constexpr double kA[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                  1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                  4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                  3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static constexpr double kB[] = {1.0,
                                  4.2313330701600911252e+1,
                                  6.8718700749205790830e+2,
                                  5.3941960214247511077e+3,
                                  2.1213794301586595867e+4,
                                  3.9307895800092710610e+4,
                                  2.8729085735721942674e+4,
                                  5.2264952788528545610e+3};
  static constexpr double kC[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                  5.76949722146069140550e0,  3.64784832476320460504e0,
                                  1.27045825245236838258e0,  2.41780725177450611770e-1,
                                  2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double kD[] = {1.0,
                                  2.05319162663775882187e0,
                                  1.67638483018380384940e0,
                                  6.89767334985100004550e-1,
                                  1.48103976427480074590e-1,
                                  1.51986665636164571966e-2,
                                  5.47593808499534494600e-4,
                                  1.05075007164441684324e-9};
  static constexpr double kE[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                  1.78482653991729133580e0,  2.96560571828504891230e-1,
                                  2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                  2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double kF[] = {1.0,
                                  5.99832206555887937690e-1,
                                  1.36929880922735805310e-1,
                                  1.48753612908506148525e-2,
                                  7.86869131145613259100e-4,
                                  1.84631831751005468180e-5,
                                  1.42151175831644588870e-7,
                                  2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kA, r) / polynomial(kB, r);
  }
  const double tail = q < 0 ? p : 1 - p;
  if (tail <= 0) return std::copysign(std::numeric_limits<double>::infinity(), q);
  double r = std::sqrt(-std::log(tail));
  const double value = r <= 5 ? (r -= 1.6, polynomial(kC, r) / polynomial(kD, r))
                              : (r -= 5, polynomial(kE, r) / polynomial(kF, r));
  return q < 0 ? -value : value;
}

// numpy.interp: `xs` ascending; beyond their ends the outer values.
double interpolate(double x, std::span<const double> xs, std::span<const double> ys) {
  if (x >= xs.back()) return ys.back();
  if (x < xs.front()) return ys.front();
  const auto j = static_cast<size_t>(std::upper_bound(xs.begin(), xs.end(), x) - xs.begin()) - 1;
  if (x == xs[j]) return ys[j];
  return (ys[j + 1] - ys[j]) / (xs[j + 1] - xs[j]) * (x - xs[j]) + ys[j];
}

class QuantileTransformer : public Estimator {
 public:
  QuantileTransformer(const State& state, std::vector<std::vector<double>> quantiles,
                      std::vector<double> references, bool normal)
      : Estimator(state),
        quantiles_(std::move(quantiles)),
        references_(std::move(references)),
        normal_(normal) {
    for (const auto& column : quantiles_) mirrored_.push_back(mirror(column));
    mirrored_references_ = mirror(references_);
  }

  Result<Value> transform(const Value& x) const override {
    auto ready = TRY(features(x, quantiles_.size(), name(), Missing::accept));
    for (size_t i = 0; i < ready.n_rows; ++i) {
      for (size_t c = 0; c < ready.n_columns; ++c) ready.row(i)[c] = place(ready.row(i)[c], c);
    }
    ready.round();
    return Value(std::move(ready));
  }

 private:
  static std::vector<double> mirror(std::vector<double> values) {
    std::ranges::reverse(values);
    for (auto& value : values) value = -value;
    return values;
  }

  double place(double x, size_t c) const {
    if (std::isnan(x)) return x;
    constexpr double kBound = 1e-7;
    const double low = quantiles_[c].front();
    const double high = quantiles_[c].back();
    const bool is_low = normal_ ? x - kBound < low : x == low;
    const bool is_high = normal_ ? x + kBound > high : x == high;
    double p = 0.5 * (interpolate(x, quantiles_[c], references_) -
                      interpolate(-x, mirrored_[c], mirrored_references_));
    if (is_high) p = 1;
    if (is_low) p = 0;
    if (!normal_) return p;
    const double least = normal_quantile(kBound - kEpsilon);
    const double most = normal_quantile(1 - (kBound - kEpsilon));
    return std::clamp(normal_quantile(p), least, most);
  }

  std::vector<std::vector<double>> quantiles_;  // of each column, ascending
  std::vector<double> references_;
  std::vector<std::vector<double>> mirrored_;
  std::vector<double> mirrored_references_;
  bool normal_;
};

Result<EstimatorPtr> make_quantile(const State& state) {
  const auto table = TRY(state.matrix("quantiles_"));
  auto references = TRY(state.numbers("references_", table.n_rows));
  TRY(state.require(table.n_rows > 0 && table.n_columns > 0, "quantiles_", "is empty"));
  std::vector<std::vector<double>> quantiles(table.n_columns);
  for (size_t i = 0; i < table.n_rows; ++i) {
    for (size_t c = 0; c < table.n_columns; ++c) quantiles[c].push_back(table.row(i)[c]);
  }
  for (const auto& column : quantiles) {
    TRY(state.require(std::is_sorted(column.begin(), column.end()), "quantiles_",
                      "is not ascending"));
  }
  const bool normal = state.text_or("output_distribution", "uniform") == "normal";
  return EstimatorPtr(
      new QuantileTransformer(state, std::move(quantiles), std::move(references), normal));
}

double box_cox(double x, double lambda) {
  return lambda == 0 ? std::log(x) : std::expm1(lambda * std::log(x)) / lambda;
}

double yeo_johnson(double x, double lambda) {
  if (x >= 0) {
    if (std::abs(lambda) < kEpsilon) return std::log1p(x);
    return std::expm1(lambda * std::log1p(x)) / lambda;
  }
  if (std::abs(lambda - 2) < kEpsilon) return -std::log1p(-x);
  return -std::expm1((2 - lambda) * std::log1p(-x)) / (2 - lambda);
}

class PowerTransformer : public Estimator {
 public:
  PowerTransformer(const State& state, std::vector<double> lambdas, bool is_box_cox,
                   EstimatorPtr scaler)
      : Estimator(state),
        lambdas_(std::move(lambdas)),
        is_box_cox_(is_box_cox),
        scaler_(std::move(scaler)) {}

  Result<Value> transform(const Value& x) const override {
    auto ready = TRY(features(x, lambdas_.size(), name(), Missing::accept));
    for (size_t i = 0; i < ready.n_rows; ++i) {
      for (size_t c = 0; c < ready.n_columns; ++c) {
        double& value = ready.row(i)[c];
        if (is_box_cox_ && value <= 0) {
          return fail(Code::invalid_parameter_value,
                      "The Box-Cox transformation can only be applied to strictly positive data "
                      "(column {}, row {})",
                      c, i);
        }
        if (std::isnan(value) || std::isnan(lambdas_[c])) continue;
        value = is_box_cox_ ? box_cox(value, lambdas_[c]) : yeo_johnson(value, lambdas_[c]);
      }
    }
    ready.round();
    Value out = std::move(ready);
    if (!scaler_) return out;
    return scaler_->transform(out);
  }

 private:
  std::vector<double> lambdas_;
  bool is_box_cox_;
  EstimatorPtr scaler_;
};

Result<EstimatorPtr> make_power(const State& state) {
  auto lambdas = TRY(state.numbers("lambdas_"));
  EstimatorPtr scaler;
  if (state.truth_or("standardize", true)) scaler = TRY(state.estimator("_scaler"));
  const bool is_box_cox = state.text_or("method", "yeo-johnson") == "box-cox";
  return EstimatorPtr(
      new PowerTransformer(state, std::move(lambdas), is_box_cox, std::move(scaler)));
}

constexpr EstimatorRow kRows[] = {
    {"PowerTransformer", make_power},
    {"QuantileTransformer", make_quantile},
};

}  // namespace

std::span<const EstimatorRow> distribution_rows() { return kRows; }

}  // namespace slipway::models::sklearn
