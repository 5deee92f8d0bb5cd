// cli/tour_steps.h — what the tour does, step by step; each is a few commands and what they show.
#pragma once
#include <string>

#include "cli/tour_guide.h"

namespace slipway::cli {

/// What later steps need of earlier ones.
struct TourState {
  std::string experiment_id;
  std::string untuned_uri;  // the XGBoost model before tuning
  std::string tuned_uri;
  std::string tuned_run_id;
  double untuned_validation_auc = 0;
  double tuned_validation_auc = 0;
  double test_auc = 0;
};

Result<void> load_step(TourGuide& guide);
Result<void> prepare_step(TourGuide& guide);
Result<void> train_step(TourGuide& guide, TourState& state);
Result<void> tune_step(TourGuide& guide, TourState& state);
Result<void> register_step(TourGuide& guide, TourState& state);
Result<void> predict_step(TourGuide& guide, TourState& state);
Result<void> serve_step(TourGuide& guide, TourState& state);

}  // namespace slipway::cli
