// models/sklearn/committee.h — what estimators made of other estimators have in common.
#pragma once
#include <vector>

#include "models/sklearn/state.h"

namespace slipway::models::sklearn {

/// Give the share of the second of two classes, or its decision, as one number for each row:
/// decision_function where there is one, else predict_proba, else what is predicted.
Result<std::vector<double>> binary_score(const Estimator& estimator, const Value& x);
/// Where the second class begins in binary_score(): 0 for decisions, 0.5 for shares.
double binary_threshold(const Estimator& estimator);

/// Predictions of one output as numbers.
Result<std::vector<double>> predicted_numbers(const Estimator& estimator, const Value& x);

/// Votes between all pairs of classes, and by how much: one score for each class.
///
/// decisions  a column for each pair (0,1), (0,2) …: > 0 is for the second of it.
/// winners    a column for each pair: 0 or 1.
Matrix votes_of_pairs(const Matrix& winners, const Matrix& decisions, size_t n_classes);

/// Divide each row by its sum; a row of zeros becomes equal shares.
void scale_to_shares(Matrix& shares);

}  // namespace slipway::models::sklearn
