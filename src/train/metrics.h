// train/metrics.h — how good the scores of a binary classifier are.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"

namespace slipway::train {

// In all of these `labels` are 0 or 1, one a row, and there is one score a row. Scores rank the
// rows (the higher, the likelier 1); probabilities are P(label 1) in [0, 1].

/// Check that both classes are there.
/// Errors   invalid_parameter_value: no rows, another label than 0 and 1 (names row and value), or
///          one class only (says which).
Result<void> check_labels(std::span<const float> labels);

/// Area under the ROC curve: the chance that a row labelled 1 outranks a row labelled 0, ties
/// counting half. O(n log n) for double, O(n) for float scores.
///
/// Errors   as check_labels; invalid_parameter_value: a score is NaN, or unequal sizes.
/// Source   Hanley and McNeil 1982; equals scikit-learn's roc_auc_score.
Result<double> auc(std::span<const float> labels, std::span<const double> scores);
Result<double> auc(std::span<const float> labels, std::span<const float> scores);

/// Mean of -ln P(the row's label); P is clipped to [2⁻⁵², 1 - 2⁻⁵²].
///
/// Errors   as auc; invalid_parameter_value: a probability outside [0, 1].
/// Source   equals scikit-learn's log_loss on float64.
Result<double> log_loss(std::span<const float> labels, std::span<const double> probabilities);

/// The same from log-odds, by one exp a row: for use in every round. Empty labels give NaN.
///
/// Errors   none: sizes must be equal.
double log_loss_of_margins(std::span<const float> labels, std::span<const float> margins);

/// Mean of (P - label)². Errors as log_loss. Source: equals scikit-learn's brier_score_loss.
Result<double> brier(std::span<const float> labels, std::span<const double> probabilities);

/// Row counts by label and decision. A share of nothing is 0, as in scikit-learn.
struct Confusion {
  size_t true_negative = 0;
  size_t false_positive = 0;
  size_t false_negative = 0;
  size_t true_positive = 0;

  size_t n_rows() const { return true_negative + false_positive + false_negative + true_positive; }
  double accuracy() const;
  double precision() const;
  double recall() const;
  double f1() const;
};

/// Decide 1 where the probability is above `threshold`, and count. Sizes must be equal.
Confusion confusion(std::span<const float> labels, std::span<const double> probabilities,
                    double threshold = 0.5);

/// A point of a curve: what deciding 1 at `threshold` and above gives.
struct CurvePoint {
  double x = 0;
  double y = 0;
  double threshold = 0;
};

constexpr size_t kCurvePoints = 500;

/// x = false positive rate, y = true positive rate, from (0, 0) to (1, 1); at most `max_points`,
/// spread evenly along the curve. Errors as auc.
Result<std::vector<CurvePoint>> roc_curve(std::span<const float> labels,
                                          std::span<const double> scores,
                                          size_t max_points = kCurvePoints);

/// x = recall, y = precision, from (0, 1) on, recall rising; thinned as roc_curve. Errors as auc.
Result<std::vector<CurvePoint>> precision_recall_curve(std::span<const float> labels,
                                                       std::span<const double> scores,
                                                       size_t max_points = kCurvePoints);

}  // namespace slipway::train
