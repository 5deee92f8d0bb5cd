// Naive Bayes of all four kinds.
#include <cmath>

#include "models/spark/classifier.h"

namespace slipway::models::spark {
namespace {

struct Bayes {
  std::vector<double> prior;
  Weights theta;
  Weights negative;  // bernoulli: log(1 - e^theta); gaussian: the variances
  std::vector<double> constant;
};

using Score = double (*)(const Bayes&, const Vectors&, size_t row, size_t k);

double multinomial(const Bayes& bayes, const Vectors& x, size_t row, size_t k) {
  return x.dot(row, bayes.theta.row(k)) + bayes.prior[k];
}

double complement(const Bayes& bayes, const Vectors& x, size_t row, size_t k) {
  return x.dot(row, bayes.theta.row(k));
}

double bernoulli(const Bayes& bayes, const Vectors& x, size_t row, size_t k) {
  double sum = bayes.constant[k] + bayes.prior[k];
  const auto* theta = bayes.theta.row(k);
  const auto* negative = bayes.negative.row(k);
  x.each(row, [&](size_t c, double value) { sum += value * (theta[c] - negative[c]); });
  return sum;
}

double gaussian(const Bayes& bayes, const Vectors& x, size_t row, size_t k) {
  const auto* mean = bayes.theta.row(k);
  const auto* variance = bayes.negative.row(k);
  double sum = bayes.constant[k];
  for (size_t c = 0; c < x.size; ++c) {
    const double apart = x.row(row)[c] - mean[c];
    sum += apart * apart / variance[c];
  }
  return bayes.prior[k] - sum / 2;
}

Result<void> check_values(const Vectors& x, const std::string& kind) {
  for (const double value : x.values) {
    if (kind == "bernoulli" ? value != 0 && value != 1 : !(value >= 0)) {
      return fail(Code::invalid_parameter_value, "NaiveBayesModel ({}) takes no {}", kind, value);
    }
  }
  return {};
}

// The scores less the logarithm of the sum of their exponents.
void log_normalize(double* scores, size_t n) {
  const double greatest = scores[greatest_of(scores, n)];
  double sum = 0;
  for (size_t k = 0; k < n; ++k) sum += std::exp(scores[k] - greatest);
  for (size_t k = 0; k < n; ++k) scores[k] -= greatest + std::log(sum);
}

Result<Bayes> read_bayes(const Saved& saved, const std::string& kind) {
  const auto table = TRY(saved.table());
  Bayes out;
  out.prior = TRY(saved.vector_of(table, "pi", 0));
  out.theta = TRY(saved.matrix_of(table, "theta", 0));
  const size_t n = out.theta.n_rows;
  TRY(saved.require(n == out.prior.size() && n >= 1, "pi and theta do not fit each other"));
  out.constant.assign(n, 0);
  if (kind == "gaussian") {
    out.negative = TRY(saved.matrix_of(table, "sigma", 0));
    TRY(saved.require(out.negative.values.size() == out.theta.values.size(), "sigma does not fit"));
  } else if (kind == "bernoulli") {
    out.negative = out.theta;
    for (auto& value : out.negative.values) value = std::log1p(-std::exp(value));
  }
  for (size_t k = 0; k < n && !out.negative.values.empty(); ++k) {
    for (size_t c = 0; c < out.theta.n_columns; ++c) {
      const double value = out.negative.row(k)[c];
      out.constant[k] += kind == "gaussian" ? std::log(value) : value;
    }
  }
  return out;
}

}  // namespace

Result<Classifier> bayes_classifier(const Saved& saved) {
  const auto kind = saved.text_or("modelType", "multinomial");
  const Score score = kind == "multinomial"  ? multinomial
                      : kind == "complement" ? complement
                      : kind == "bernoulli"  ? bernoulli
                      : kind == "gaussian"   ? gaussian
                                             : nullptr;
  if (score == nullptr) return saved.unsupported(fmt::format("modelType '{}'", kind));
  const auto bayes = TRY(read_bayes(saved, kind));
  Classifier out{bayes.theta.n_columns, {}, {}};
  out.raw = [bayes, score, kind](const Vectors& from) -> Result<Vectors> {
    if (kind != "gaussian") TRY(check_values(from, kind));
    Vectors x = from;
    if (kind == "gaussian") x = TRY(from.to_dense());
    auto scores = Vectors::dense(x.n_rows, bayes.prior.size());
    for (size_t i = 0; i < x.n_rows; ++i) {
      auto* row = scores.row(i);
      for (size_t k = 0; k < scores.size; ++k) row[k] = score(bayes, x, i, k);
      if (kind == "complement") log_normalize(row, scores.size);
    }
    return scores;
  };
  out.to_probability = softmax_row;
  return out;
}

}  // namespace slipway::models::spark
