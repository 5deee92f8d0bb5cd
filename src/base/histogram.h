// base/histogram.h — counts of values by size, added to by many threads without a lock.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>

namespace slipway {

/// How many values fell into each class, and their sum. Adding costs two relaxed atomic additions.
class Histogram {
 public:
  static constexpr size_t kMaxBounds = 16;

  /// `bounds` ascend; a value belongs to the first class whose bound it does not exceed, or to the
  /// last class, which has no bound.
  Histogram(std::initializer_list<double> bounds);

  /// Count a value, which is not negative; its sum is kept to 1e-6. Safe from any thread.
  void add(double value);

  /// What was counted so far; values added meanwhile may be missing from either member.
  struct Counts {
    std::array<double, kMaxBounds> bounds{};
    std::array<uint64_t, kMaxBounds + 1> of_class{};
    size_t n_bounds = 0;
    double sum = 0;
    uint64_t total() const;
  };
  Counts counts() const;

 private:
  std::array<double, kMaxBounds> bounds_{};
  size_t n_bounds_ = 0;
  std::array<std::atomic<uint64_t>, kMaxBounds + 1> of_class_{};
  std::atomic<uint64_t> sum_millionths_ = 0;
};

}  // namespace slipway
