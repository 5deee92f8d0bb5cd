// tune/sampler.h — proposes the next point to try, from the trials before it.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tune/space.h"

namespace slipway::tune {

/// Where a trial stands; waiting: not given out yet.
enum class TrialState { waiting, running, finished, failed, not_a_number };

/// One trial of a study.
struct Trial {
  int64_t number = 0;
  Point point;
  JsonObject params;
  TrialState state = TrialState::waiting;
  double loss = 0;      // where finished: less is better
  std::string message;  // where failed: why
};

/// A way to choose points. Not safe to use from two threads at once.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// Propose the point of trial `number`. The answer depends on the seed, the number and the
  /// history alone.
  ///
  /// history  trials 0, 1, 2 … in order; failed and not-a-number ones count for nothing. It is
  ///          the history of the last call or begins with it.
  virtual Point propose(int64_t number, std::span<const Trial> history) = 0;
};

/// Make a sampler: "random" draws from the space's own distributions, "tpe" learns from the trials.
/// The space must outlive it.
/// Errors   invalid_parameter_value: no such algorithm; the message lists them.
Result<std::unique_ptr<Sampler>> make_sampler(std::string_view algorithm, const Space& space,
                                              uint64_t seed);

/// The stream of random numbers that belongs to one trial of a seed.
Random trial_random(uint64_t seed, int64_t number);

}  // namespace slipway::tune
