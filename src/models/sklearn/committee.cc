#include "models/sklearn/committee.h"

#include <cmath>

namespace slipway::models::sklearn {

Result<std::vector<double>> binary_score(const Estimator& estimator, const Value& x) {
  const bool decides = estimator.has(Method::decision_function);
  if (!decides && !estimator.has(Method::predict_proba)) return predicted_numbers(estimator, x);
  const auto scores =
      TRY(estimator.scores(decides ? Method::decision_function : Method::predict_proba, x));
  std::vector<double> out(scores.n_rows);
  const size_t column = scores.n_columns > 1 ? 1 : 0;
  for (size_t i = 0; i < out.size(); ++i) out[i] = scores.row(i)[column];
  return out;
}

double binary_threshold(const Estimator& estimator) {
  return estimator.has(Method::predict_proba) && !estimator.has(Method::decision_function) ? 0.5
                                                                                           : 0;
}

Result<std::vector<double>> predicted_numbers(const Estimator& estimator, const Value& x) {
  const auto predicted = TRY(estimator.predict(x));
  std::vector<double> out(predicted.n_rows);
  for (size_t i = 0; i < out.size(); ++i) out[i] = predicted.columns[0].number_at(i);
  return out;
}

Matrix votes_of_pairs(const Matrix& winners, const Matrix& decisions, size_t n_classes) {
  auto out = make_matrix(winners.n_rows, n_classes);
  auto sums = make_matrix(winners.n_rows, n_classes);
  for (size_t r = 0; r < winners.n_rows; ++r) {
    size_t k = 0;
    for (size_t i = 0; i < n_classes; ++i) {
      for (size_t j = i + 1; j < n_classes; ++j, ++k) {
        sums.row(r)[i] -= decisions.row(r)[k];
        sums.row(r)[j] += decisions.row(r)[k];
        out.row(r)[winners.row(r)[k] == 0 ? i : j] += 1;
      }
    }
    for (size_t c = 0; c < n_classes; ++c) {
      const double sum = sums.row(r)[c];
      out.row(r)[c] += sum / (3 * (std::abs(sum) + 1));
    }
  }
  return out;
}

void scale_to_shares(Matrix& shares) {
  for (size_t i = 0; i < shares.n_rows; ++i) {
    double* row = shares.row(i);
    double sum = 0;
    for (size_t c = 0; c < shares.n_columns; ++c) sum += row[c];
    for (size_t c = 0; c < shares.n_columns; ++c) {
      row[c] = sum == 0 ? 1 / static_cast<double>(shares.n_columns) : row[c] / sum;
    }
  }
}

}  // namespace slipway::models::sklearn
