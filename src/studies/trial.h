// studies/trial.h — what one trial is asked, what it answers, and doing it.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "train/learner.h"

namespace slipway::studies {

/// The metrics that a study may improve; each is taken on the validation part.
enum class Objective { log_loss, auc };

/// Errors   invalid_parameter_value: neither "validation_log_loss" nor "validation_auc".
Result<Objective> parse_objective(std::string_view metric);
std::string_view objective_name(Objective objective);

/// The value that the study's loss stands for: a loss is minimised, so AUC counts as 1 - AUC.
double objective_value(Objective objective, double loss);

/// What a trial's process reads from its standard input, as JSON.
struct TrialTask {
  std::string matrix_file;
  std::string learner;
  JsonObject params;
  uint64_t seed = 0;
  Objective objective = Objective::log_loss;

  Json to_json() const;
  /// Errors   invalid_parameter_value: a part is missing or of the wrong kind.
  static Result<TrialTask> from_json(const Json& json);
};

/// What it writes to its standard output, as JSON on one line.
struct TrialAnswer {
  double loss = 0;  // may be NaN
  std::map<std::string, double> metrics;
  std::vector<train::RoundMetrics> history;
  int64_t best_round = 0;

  Json to_json() const;
  /// Errors   as TrialTask::from_json.
  static Result<TrialAnswer> from_json(const Json& json);
};

/// Train once from the task's matrix file and measure.
/// Errors   as train::MatrixFile::open and train::fit.
Result<TrialAnswer> run_trial(const TrialTask& task);

}  // namespace slipway::studies
