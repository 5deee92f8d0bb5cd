// train/train.h — from tables to a fitted, measured model with everything that a run logs.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/column.h"
#include "train/learner.h"
#include "train/matrix_file.h"
#include "train/plots.h"

namespace slipway::train {

/// What to learn, and how. The batches are borrowed for the call.
struct TrainRequest {
  const data::Batch& train;
  const data::Batch* validation = nullptr;  // measured after every round; early stopping watches it
  const data::Batch* test = nullptr;        // measured once, at the end
  std::string label;
  std::string learner = "xgboost";
  JsonObject params;
  uint64_t seed = 0;
  std::vector<models::Weekday> weekdays;  // columns to derive
  std::vector<std::string> drop;          // columns that are no features
  OnRound on_round;
};

/// The parts of a request as the learner takes them.
struct Encoded {
  models::Preprocess preprocess;  // fitted on the training part alone
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<float> train_rows;
  std::vector<float> train_labels;
  std::vector<float> validation_rows;
  std::vector<float> validation_labels;

  /// Borrowed: lives as long as this stays where it is.
  TrainingData data() const;
};

/// Check the columns, fit the preparation, and encode training and validation rows: what tuning
/// writes to a matrix file once for all its trials.
///
/// Errors   invalid_parameter_value: no rows, an unknown column (label, drop, weekday), a label
///          with missing values or one class only, no feature left; not_implemented: a label that
///          is not 0 and 1 (regression and several classes); the message says what is accepted.
Result<Encoded> encode(const TrainRequest& request);

/// Learn from prepared data by a learner's name. Errors as Settings::check and Learner::fit.
Result<Fitted> fit(const TrainingData& data, std::string_view learner, const JsonObject& params,
                   uint64_t seed, const OnRound& on_round = {});

/// A fitted model with all that a run logs. `preprocess`, `estimator` and `example` are what
/// models::save wants.
struct Trained {
  using Values = std::vector<std::pair<std::string, double>>;

  models::Preprocess preprocess;
  std::variant<models::XgboostBytes, models::LinearModel> estimator;
  data::Batch example;  // the first five training rows as they came, features only
  std::vector<std::pair<std::string, std::string>> params = {};  // learner, seed, every setting
  Values metrics = {};     // "train_auc", "validation_log_loss", "test_accuracy", …: docs/train.md
  Values importance = {};  // of each column, the largest first; sums to 1
  std::vector<RoundMetrics> history = {};
  size_t best_round = 0;
  Fitted::End end = Fitted::End::finished;
  std::vector<Plot> plots = {};
  double fit_seconds = 0;
};

/// Encode, learn, measure and draw. Errors as encode() and Learner::fit.
Result<Trained> fit(const TrainRequest& request);

/// A metric after one round, as runs log it: "train-logloss", "validation-logloss",
/// "validation-auc", the last two only where there was a validation part. The step is the round.
Trained::Values round_metrics(const RoundMetrics& metrics);

}  // namespace slipway::train
