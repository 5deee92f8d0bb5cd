// client/metric_logger.h — logs metrics of a run from a thread of its own, many in a request.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "client/server.h"
#include "client/tracking.h"

namespace slipway::client {

struct MetricLoggerOptions {
  size_t max_queued = 100'000;  // points; log() waits where there are as many
  int max_delay_ms = 500;       // a point is sent at the latest this long after it was logged
  int retry_ms = 30'000;        // how long a server that does not answer is asked again
};

/// Queues metric points and sends them in batches of up to 1000, so that a training loop does not
/// wait for the network. Safe from any thread.
///
/// A batch that may have arrived is sent again when no answer came: a point that is logged twice is
/// kept once. After the first batch that the server refuses, or that could not be sent in time,
/// nothing more is sent, and every call gives that error.
class MetricLogger {
 public:
  /// server   a connection of its own, for the thread
  MetricLogger(Server server, std::string run_id, MetricLoggerOptions options = {});
  MetricLogger(const MetricLogger&) = delete;
  MetricLogger& operator=(const MetricLogger&) = delete;
  /// Sends what is queued; call flush() before, to learn whether it worked.
  ~MetricLogger();

  /// Queue a point. `time_ms` is Unix UTC; 0: now. Waits while the queue is full.
  /// Errors   the one that ended the sending.
  Result<void> log(std::string_view key, double value, int64_t step, int64_t time_ms = 0);

  /// Wait until all that was logged before is on the server. Errors as log().
  Result<void> flush();

  /// Points that wait, those being sent among them.
  size_t n_queued() const;

 private:
  void serve();
  Result<void> send(const std::vector<MetricPoint>& batch);

  Server server_;
  const std::string run_id_;
  const MetricLoggerOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable work_;    // something to send, or to hurry
  std::condition_variable change_;  // something was sent, or failed
  std::deque<MetricPoint> queue_;
  size_t n_sending_ = 0;
  int n_flushing_ = 0;
  bool stopping_ = false;
  std::optional<Error> failure_;
  std::thread thread_;
};

}  // namespace slipway::client
