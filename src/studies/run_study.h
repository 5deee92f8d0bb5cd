// studies/run_study.h — a search from the first trial to the last, each in a process of its own.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "studies/trial.h"
#include "tune/study.h"

namespace slipway::studies {

struct StudyRequest {
  std::string program;      // what runs `PROGRAM trial`; normally this program itself
  std::string matrix_file;  // prepared data that every trial maps
  std::string learner = "xgboost";
  JsonObject params;  // of every trial, beside those that the space gives
  uint64_t seed = 0;
  Objective objective = Objective::log_loss;
  tune::StudyOptions options;
  int64_t timeout_ms = 0;        // of the whole study; 0 = none
  int64_t trial_timeout_ms = 0;  // of one trial; 0 = none
};

/// How a trial ended.
struct TrialReport {
  enum class State { finished, failed, not_a_number, cancelled };

  int64_t number = 0;
  JsonObject params;  // what the space gave
  State state = State::failed;
  double loss = 0;  // where finished
  TrialAnswer answer;
  std::string message;  // where it failed: why
  int64_t start_time_ms = 0;
  int64_t end_time_ms = 0;
};

/// Give the state's name, such as "finished".
std::string_view state_name(TrialReport::State state);

struct StudyReport {
  std::vector<TrialReport> trials;  // by number
  std::optional<size_t> best;       // index into trials; nothing where none finished
  std::string ended_by;             // "trials", "timeout", "interrupt" or "patience"
};

/// Called after each trial, one at a time; an error ends the study.
using OnTrial = std::function<Result<void>(const TrialReport&)>;

/// Run trials `options.parallelism` at a time until there are enough, the time is over, or the
/// program is interrupted; trials under way are then ended and count as cancelled. A trial that
/// fails, crashes, takes too long or gives NaN is reported and ignored by the sampler.
/// Errors   as tune::Study::make and on_trial; a study in which no trial finished is no error.
Result<StudyReport> run_study(const tune::Space& space, const StudyRequest& request,
                              const OnTrial& on_trial);

}  // namespace slipway::studies
