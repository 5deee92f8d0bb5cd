// train/logistic.h — logistic regression with a squared penalty, by L-BFGS.
#pragma once
#include "train/learner.h"

namespace slipway::train {

/// Minimises C × Σ log loss + ½ Σ coefficient² (the intercept is free), as scikit-learn's
/// LogisticRegression does, over numbers that are standardised and categories that are one-hot.
///
/// Importance is |coefficient| × standard deviation of its column: the effect on the log-odds.
/// A round is an iteration of L-BFGS (liblbfgs). Takes no missing values.
class LogisticLearner : public Learner {
 public:
  std::string_view name() const override { return "logistic"; }
  std::string_view description() const override;
  std::span<const Parameter> parameters() const override;
  models::FitOptions encoding() const override;
  Result<Fitted> fit(const TrainingData& data, const Settings& settings, uint64_t seed,
                     const OnRound& on_round) const override;
};

}  // namespace slipway::train
