#include "train/logistic.h"

#include <lbfgs.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "train/metrics.h"

namespace slipway::train {
namespace {

using Kind = Parameter::Kind;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Names and defaults are scikit-learn's; more iterations, since categories become many columns.
constexpr Parameter kParameters[] = {
    {"C", "", Kind::number, "1.0", 0, kInfinity, Parameter::Low::excluded, "",
     "strength of the data against the penalty: smaller is smoother"},
    {"max_iter", "", Kind::integer, "300", 1, 100000, Parameter::Low::accepted, "",
     "iterations of L-BFGS at most"},
    {"tol", "", Kind::number, "0.0001", 0, kInfinity, Parameter::Low::excluded, "",
     "done when no component of the gradient of the mean loss is larger"},
};

/// A matrix without its zeros, row by row: one-hot columns are nearly all zeros.
class SparseRows {
 public:
  static Result<SparseRows> make(const models::MatrixView& rows,
                                 std::span<const std::string> names) {
    SparseRows out;
    out.ends_.reserve(rows.n_rows);
    for (size_t i = 0; i < rows.n_rows; ++i) {
      const float* row = rows.row(i);
      for (size_t j = 0; j < rows.n_columns; ++j) {
        if (row[j] == 0) continue;
        if (!std::isfinite(row[j])) {
          return fail(Code::invalid_parameter_value,
                      "column '{}' is {} in row {}: logistic regression takes finite numbers only",
                      names[j], row[j], i);
        }
        out.columns_.push_back(static_cast<uint32_t>(j));
        out.values_.push_back(row[j]);
      }
      out.ends_.push_back(out.columns_.size());
    }
    return out;
  }

  size_t n_rows() const { return ends_.size(); }
  /// Call `use` with the column and value of each number in a row.
  template <typename Use>
  void each(size_t row, Use&& use) const {
    for (size_t k = row == 0 ? 0 : ends_[row - 1]; k < ends_[row]; ++k) {
      use(columns_[k], values_[k]);
    }
  }

  /// intercept + Σ weight × value; the intercept is the last weight.
  double margin(size_t row, const double* weights, size_t n_columns) const {
    double sum = weights[n_columns];
    each(row, [&](uint32_t column, float value) { sum += weights[column] * value; });
    return sum;
  }

 private:
  std::vector<uint32_t> columns_;
  std::vector<float> values_;
  std::vector<size_t> ends_;
};

/// One fit: what the library's callbacks work on.
struct Fit {
  const TrainingData& data;
  const OnRound& on_round;
  SparseRows train;
  SparseRows validation;
  double penalty = 0;  // 1 / (C × rows)
  double tolerance = 0;
  std::vector<RoundMetrics> history = {};
  std::vector<double> weights = {};  // after the last whole round; the intercept is the last
  double mean_loss = 0;              // of the last evaluation, without the penalty
  Fitted::End end = Fitted::End::finished;

  size_t n_columns() const { return data.train.rows.n_columns; }
  double evaluate(const double* x, double* gradient);
  bool progress(const double* x, const double* gradient);
};

/// Mean log loss and penalty at `x`, and the gradient.
double Fit::evaluate(const double* x, double* gradient) {
  const size_t n = n_columns();
  const auto n_rows = static_cast<double>(train.n_rows());
  std::fill(gradient, gradient + n + 1, 0.0);
  double loss = 0;
  for (size_t row = 0; row < train.n_rows(); ++row) {
    const double label = data.train.labels[row];
    const double margin = train.margin(row, x, n);
    const double e = std::exp(-std::abs(margin));
    loss += std::max(margin, 0.0) - margin * label + std::log1p(e);
    const double residual = (margin >= 0 ? 1 : e) / (1 + e) - label;
    train.each(row, [&](uint32_t column, float value) { gradient[column] += residual * value; });
    gradient[n] += residual;
  }
  for (size_t j = 0; j <= n; ++j) gradient[j] /= n_rows;
  mean_loss = loss / n_rows;
  double squares = 0;
  for (size_t j = 0; j < n; ++j) {
    gradient[j] += penalty * x[j];
    squares += x[j] * x[j];
  }
  return mean_loss + 0.5 * penalty * squares;
}

/// Note a finished iteration; tells whether to stop.
bool Fit::progress(const double* x, const double* gradient) {
  const size_t n = n_columns();
  weights.assign(x, x + n + 1);
  RoundMetrics metrics{history.size() + 1, mean_loss, kNaN, kNaN};
  if (validation.n_rows() > 0) {
    std::vector<float> margins(validation.n_rows());
    for (size_t row = 0; row < margins.size(); ++row) {
      margins[row] = static_cast<float>(validation.margin(row, x, n));
    }
    metrics.validation_log_loss = log_loss_of_margins(data.validation.labels, margins);
    const auto area = auc(data.validation.labels, margins);
    if (area.ok()) metrics.validation_auc = *area;
  }
  history.push_back(metrics);
  if (on_round && on_round(metrics) == Next::stop) {
    end = Fitted::End::asked_to_stop;
    return true;
  }
  double steepest = 0;
  for (size_t j = 0; j <= n; ++j) steepest = std::max(steepest, std::abs(gradient[j]));
  return steepest <= tolerance;
}

double evaluate_callback(void* fit, const double* x, double* gradient, int, double) {
  return static_cast<Fit*>(fit)->evaluate(x, gradient);
}

int progress_callback(void* fit, const double* x, const double* gradient, double, double, double,
                      double, int, int, int) {
  return static_cast<Fit*>(fit)->progress(x, gradient) ? 1 : 0;
}

Result<void> minimise(Fit& fit, int max_iterations) {
  const int n = static_cast<int>(fit.n_columns() + 1);
  const std::unique_ptr<double, void (*)(double*)> x(lbfgs_malloc(n), lbfgs_free);
  if (!x) return fail(Code::resource_exhausted, "no memory for {} coefficients", n);
  std::fill(x.get(), x.get() + n, 0.0);
  lbfgs_parameter_t parameters;
  lbfgs_parameter_init(&parameters);
  parameters.m = 10;
  parameters.epsilon = 0;  // progress() knows when it is done
  parameters.max_iterations = max_iterations;
  parameters.max_linesearch = 50;
  const int status =
      lbfgs(n, x.get(), nullptr, evaluate_callback, progress_callback, &fit, &parameters);
  // Once rounding hides any further fall of the loss, the line search gives up: that is done too.
  constexpr int kStopped = 1;
  const bool rounded = (status == LBFGSERR_ROUNDING_ERROR || status == LBFGSERR_MAXIMUMLINESEARCH ||
                        status == LBFGSERR_MINIMUMSTEP || status == LBFGSERR_INCREASEGRADIENT ||
                        status == LBFGSERR_WIDTHTOOSMALL) &&
                       !fit.history.empty();
  if (status == LBFGS_SUCCESS || status == LBFGS_ALREADY_MINIMIZED || status == kStopped ||
      status == LBFGSERR_MAXIMUMITERATION || rounded) {
    if (fit.weights.empty()) fit.weights.assign(x.get(), x.get() + n);
    return {};
  }
  return fail(Code::internal_error, "L-BFGS failed with status {}", status);
}

std::vector<double> scores(const SparseRows& rows, const Fit& fit) {
  std::vector<double> out;
  out.reserve(rows.n_rows());
  for (size_t row = 0; row < rows.n_rows(); ++row) {
    const double margin = rows.margin(row, fit.weights.data(), fit.n_columns());
    out.push_back(1 / (1 + std::exp(-margin)));
  }
  return out;
}

std::vector<double> importance(const Fit& fit) {
  const size_t n = fit.n_columns();
  std::vector<double> sums(n, 0), squares(n, 0), out(n, 0);
  const auto n_rows = static_cast<double>(fit.train.n_rows());
  for (size_t row = 0; row < fit.train.n_rows(); ++row) {
    fit.train.each(row, [&](uint32_t column, double value) {
      sums[column] += value;
      squares[column] += value * value;
    });
  }
  double total = 0;
  for (size_t j = 0; j < n; ++j) {
    const double mean = sums[j] / n_rows;
    const double variance = std::max(squares[j] / n_rows - mean * mean, 0.0);
    total += out[j] = std::abs(fit.weights[j]) * std::sqrt(variance);
  }
  if (total > 0) {
    for (auto& value : out) value /= total;
  }
  return out;
}

}  // namespace

std::string_view LogisticLearner::description() const {
  return "logistic regression with a squared penalty (standardised numbers, one-hot categories)";
}

std::span<const Parameter> LogisticLearner::parameters() const { return kParameters; }

models::FitOptions LogisticLearner::encoding() const {
  models::FitOptions options;
  options.encoding = models::Encoding::one_hot;
  options.impute = models::Impute::mean;
  options.standardize = models::Standardize::mean_scale;
  return options;
}

Result<Fitted> LogisticLearner::fit(const TrainingData& data, const Settings& settings, uint64_t,
                                    const OnRound& on_round) const {
  TRY(check_data(data));
  auto train = TRY(SparseRows::make(data.train.rows, data.names));
  auto validation = TRY(SparseRows::make(data.validation.rows, data.names));
  Fit fit{data, on_round, std::move(train), std::move(validation)};
  fit.penalty = 1 / (settings.number("C") * static_cast<double>(data.train.rows.n_rows));
  fit.tolerance = settings.number("tol");
  TRY(minimise(fit, static_cast<int>(settings.integer("max_iter"))));
  Fitted out;
  models::LinearModel model;
  model.intercept = fit.weights.back();
  model.coefficients.assign(fit.weights.begin(), fit.weights.end() - 1);
  out.estimator = std::move(model);
  out.importance = importance(fit);
  out.train_scores = scores(fit.train, fit);
  out.validation_scores = scores(fit.validation, fit);
  out.best_round = fit.history.size();
  out.history = std::move(fit.history);
  out.end = fit.end;
  return out;
}

}  // namespace slipway::train
