// serve/usage.h — what one served version was asked since it was loaded, counted.
#pragma once
#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "base/histogram.h"

namespace slipway::serve {

/// Counts of one version's scoring requests. Safe from any thread; takes no lock.
struct Usage {
  std::atomic<uint64_t> n_scored = 0;   // answered with scores
  std::atomic<uint64_t> n_refused = 0;  // the request was at fault: 4xx
  std::atomic<uint64_t> n_failed = 0;   // the model was: 5xx
  std::atomic<uint64_t> n_rows = 0;     // scored
  std::atomic<int64_t> n_running = 0;   // requests being scored now
  Histogram seconds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                    0.025,   0.05,   0.1,     0.25,   0.5,   1,      2.5,   10};
};

/// Counts one request that is being scored, from here to the end of the block.
class UsageCount {
 public:
  explicit UsageCount(Usage& usage) : usage_(usage) {
    usage_.n_running.fetch_add(1, std::memory_order_relaxed);
  }
  ~UsageCount() {
    usage_.n_running.fetch_sub(1, std::memory_order_relaxed);
    usage_.seconds.add(watch_.seconds());
  }
  UsageCount(const UsageCount&) = delete;
  UsageCount& operator=(const UsageCount&) = delete;

  void scored(size_t n_rows) {
    usage_.n_scored.fetch_add(1, std::memory_order_relaxed);
    usage_.n_rows.fetch_add(n_rows, std::memory_order_relaxed);
  }
  /// status   of the answer that says why there are no scores.
  void refused(int status) {
    auto& counted = status < 500 ? usage_.n_refused : usage_.n_failed;
    counted.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  Usage& usage_;
  Stopwatch watch_;
};

}  // namespace slipway::serve
