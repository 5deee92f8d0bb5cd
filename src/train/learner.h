// train/learner.h — something that learns from a matrix: what it takes, and what comes out.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "models/linear_model.h"
#include "models/matrix.h"
#include "models/preprocess.h"
#include "models/save.h"
#include "train/settings.h"

namespace slipway::train {

/// Borrowed rows with a label each: 0 or 1.
struct LabelledRows {
  models::MatrixView rows;
  std::span<const float> labels;
};

/// Borrowed, prepared data; only for parameters.
struct TrainingData {
  LabelledRows train;
  LabelledRows validation;             // may be empty
  std::span<const std::string> names;  // of each column: "distance", "carrier=UA"
  std::span<const std::string> types;  // "q" number, "c" category code
};

/// The metrics after a round; NaN where there is no validation part.
struct RoundMetrics {
  size_t round = 0;  // from 1
  double train_log_loss = 0;
  double validation_log_loss = 0;
  double validation_auc = 0;
};

enum class Next { go_on, stop };
using OnRound = std::function<Next(const RoundMetrics&)>;

/// What a learner learnt.
struct Fitted {
  enum class End { finished, no_improvement, asked_to_stop };

  std::variant<models::XgboostBytes, models::LinearModel> estimator;
  std::vector<double> importance;    // of each column; sums to 1, or all 0
  std::vector<double> train_scores;  // P(label 1) of each row
  std::vector<double> validation_scores;
  std::vector<RoundMetrics> history;  // of every round that ran
  size_t best_round = 0;              // the round that the estimator stands at
  End end = End::finished;
};

/// A way to learn. Stateless: safe from any thread.
class Learner {
 public:
  virtual ~Learner() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  virtual std::span<const Parameter> parameters() const = 0;
  /// How columns must be encoded for it (columns and weekdays are left open).
  virtual models::FitOptions encoding() const = 0;

  /// Learn. Equal data, settings and seed give an equal estimator on one machine.
  ///
  /// on_round  called after each round on this thread; may be empty. Where it says stop, the
  ///           estimator of the rounds so far is given.
  /// Errors    invalid_parameter_value: shapes that do not fit, labels that are not 0 and 1 or of
  ///           one class only, missing values where the learner takes none; not_implemented: its
  ///           library is not installed (says how to get it); internal_error: the library failed.
  virtual Result<Fitted> fit(const TrainingData& data, const Settings& settings, uint64_t seed,
                             const OnRound& on_round) const = 0;
};

/// Every learner there is; the first is the default.
std::span<const Learner* const> learners();

/// Errors   invalid_parameter_value: no such learner; the message lists those there are.
Result<const Learner*> find_learner(std::string_view name);

/// Check shapes, and that the labels are 0 and 1 (in the training part: both).
/// Errors   invalid_parameter_value.
Result<void> check_data(const TrainingData& data);

}  // namespace slipway::train
