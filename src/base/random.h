// base/random.h — seeded random numbers that are the same on every machine.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace slipway {

/// A stream of random numbers; equal seeds give equal streams everywhere.
/// Source   xoshiro256** 1.0 by Blackman and Vigna, seeded by splitmix64.
class Random {
 public:
  explicit Random(uint64_t seed);

  /// 64 random bits.
  uint64_t bits();
  /// Uniform in [0, 1).
  double uniform();
  /// Standard normal (mean 0, deviation 1), by Box and Muller.
  double normal();
  /// Uniform integer in [0, bound); bound must be > 0. No modulo bias (Lemire 2019).
  uint64_t below(uint64_t bound);
  /// Shuffle in place (Fisher and Yates).
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  uint64_t state_[4];
};

}  // namespace slipway
