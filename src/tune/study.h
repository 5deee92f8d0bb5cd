// tune/study.h — the state of one search: which trial is next, what is known, what is best.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tune/sampler.h"
#include "tune/space.h"

namespace slipway::tune {

struct StudyOptions {
  std::string algorithm = "tpe";
  uint64_t seed = 0;
  int64_t max_trials = 100;
  int parallelism = 1;                   // how many trials run at a time, at least 1
  int64_t patience_trials = 0;           // > 0: end when the best is this many trials old
  std::vector<JsonObject> first_points;  // evaluated first, in this order
};

/// What came of a trial.
struct Outcome {
  /// Finished with a loss; one that is no finite number is kept but never learned from.
  static Outcome of(double loss) { return {true, loss, {}}; }
  static Outcome failure(std::string message) { return {false, 0, std::move(message)}; }

  bool finished;
  double loss;
  std::string message;
};

/// Hands out trials and takes their results; runs nothing itself. With parallelism W, the proposal
/// of trial k sees exactly the trials 0…k−W, whenever the others end: so a seed gives the same
/// trials again at the same W. Not safe to use from two threads at once.
class Study {
 public:
  /// Errors   invalid_parameter_value: an option is out of its range, or a first point is not in
  ///          the space; the message names it.
  static Result<Study> make(Space space, StudyOptions options);

  struct Proposal {
    int64_t number;
    JsonObject params;
  };

  /// Give the next trial to run; nothing while it must wait for a trial that still runs, nor when
  /// all have been given out (then done() is or becomes true).
  std::optional<Proposal> ask();

  /// Take the result of a trial that ask() gave out.
  /// Errors   resource_does_not_exist: no such trial; invalid_state: it has its result already.
  Result<void> tell(int64_t number, Outcome outcome);

  /// Put back the result of an earlier sitting, before the first ask(): that trial is not given out
  /// again, and those that had no result get the same parameters as before.
  /// Errors   invalid_parameter_value: the parameters are not of this space, or the number is
  ///          not below max_trials or is there already.
  Result<void> restore(int64_t number, const JsonObject& params, Outcome outcome);

  /// Tell whether no trial runs and none will be given out any more.
  bool done() const;

  /// Give the finished trial with the least loss, the earliest of equals; null where there is none.
  const Trial* best() const;

  /// All trials by number; those between restored ones may still wait.
  std::span<const Trial> trials() const { return trials_; }

 private:
  Study(std::unique_ptr<const Space> space, StudyOptions options)
      : space_(std::move(space)), options_(std::move(options)) {}
  Trial& slot(int64_t number);
  void settle(Trial& trial, Outcome outcome);
  bool out_of_patience(int64_t n_visible) const;

  std::unique_ptr<const Space> space_;  // stays in place when the study is moved
  std::unique_ptr<Sampler> sampler_;
  StudyOptions options_;
  std::vector<Point> first_points_;
  std::vector<Trial> trials_;
  int64_t next_ = 0;     // all below are given out or restored
  int64_t n_known_ = 0;  // all below have their results
  int64_t n_running_ = 0;
  bool stopped_ = false;
};

}  // namespace slipway::tune
