// train/xgboost.h — gradient-boosted trees, grown by the XGBoost library.
#pragma once
#include "train/learner.h"

namespace slipway::train {

/// Binary classification with XGBoost's hist method; the library is opened when fit() is called.
///
/// Columns of type "c" are split as categories and missing values go where they do least harm.
/// Importance is a column's share of the gain of all splits. A round is a tree. With early
/// stopping, the trees after the best round on the validation part are cut off.
class XgboostLearner : public Learner {
 public:
  std::string_view name() const override { return "xgboost"; }
  std::string_view description() const override;
  std::span<const Parameter> parameters() const override;
  models::FitOptions encoding() const override;
  Result<Fitted> fit(const TrainingData& data, const Settings& settings, uint64_t seed,
                     const OnRound& on_round) const override;
};

}  // namespace slipway::train
