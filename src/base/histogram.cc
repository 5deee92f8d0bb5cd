#include "base/histogram.h"

#include <algorithm>

#include "base/result.h"

namespace slipway {

Histogram::Histogram(std::initializer_list<double> bounds) : n_bounds_(bounds.size()) {
  check(bounds.size() <= kMaxBounds, "a histogram has room for its bounds");
  std::copy(bounds.begin(), bounds.end(), bounds_.begin());
}

void Histogram::add(double value) {
  size_t place = 0;
  while (place < n_bounds_ && value > bounds_[place]) ++place;
  of_class_[place].fetch_add(1, std::memory_order_relaxed);
  sum_millionths_.fetch_add(static_cast<uint64_t>(std::max(0.0, value) * 1e6 + 0.5),
                            std::memory_order_relaxed);
}

Histogram::Counts Histogram::counts() const {
  Counts out;
  out.bounds = bounds_;
  out.n_bounds = n_bounds_;
  for (size_t i = 0; i <= n_bounds_; ++i) {
    out.of_class[i] = of_class_[i].load(std::memory_order_relaxed);
  }
  out.sum = static_cast<double>(sum_millionths_.load(std::memory_order_relaxed)) * 1e-6;
  return out;
}

uint64_t Histogram::Counts::total() const {
  uint64_t total = 0;
  for (const uint64_t n : of_class) total += n;
  return total;
}

}  // namespace slipway
