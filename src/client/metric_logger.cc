#include "client/metric_logger.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace slipway::client {
namespace {

constexpr size_t kMaxBatch = 1000;  // of MLflow's log-batch
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{2000};

bool may_pass(const Error& error) {
  return error.code == Code::temporarily_unavailable || error.code == Code::deadline_exceeded ||
         error.code == Code::data_loss || error.code == Code::request_limit_exceeded;
}

}  // namespace

MetricLogger::MetricLogger(Server server, std::string run_id, MetricLoggerOptions options)
    : server_(std::move(server)), run_id_(std::move(run_id)), options_(options) {
  thread_ = std::thread([this] { serve(); });
}

MetricLogger::~MetricLogger() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

Result<void> MetricLogger::log(std::string_view key, double value, int64_t step, int64_t time_ms) {
  MetricPoint point{std::string(key), value, time_ms == 0 ? now_ms() : time_ms, step};
  std::unique_lock lock(mutex_);
  change_.wait(lock, [&] { return failure_ || queue_.size() + n_sending_ < options_.max_queued; });
  if (failure_) return *failure_;
  queue_.push_back(std::move(point));
  if (queue_.size() == 1 || queue_.size() >= kMaxBatch) work_.notify_one();
  return {};
}

Result<void> MetricLogger::flush() {
  std::unique_lock lock(mutex_);
  n_flushing_ += 1;
  work_.notify_one();
  change_.wait(lock, [&] { return failure_ || (queue_.empty() && n_sending_ == 0); });
  n_flushing_ -= 1;
  return failure_ ? Result<void>(*failure_) : Result<void>();
}

size_t MetricLogger::n_queued() const {
  const std::scoped_lock lock(mutex_);
  return queue_.size() + n_sending_;
}

void MetricLogger::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty() || failure_) return;
    // a batch that fills meanwhile is one request instead of many
    work_.wait_for(lock, std::chrono::milliseconds(options_.max_delay_ms),
                   [&] { return stopping_ || n_flushing_ > 0 || queue_.size() >= kMaxBatch; });
    n_sending_ = std::min(queue_.size(), kMaxBatch);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(n_sending_);
    const std::vector<MetricPoint> batch(std::make_move_iterator(queue_.begin()),
                                         std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    lock.unlock();
    const auto sent = send(batch);
    lock.lock();
    n_sending_ = 0;
    if (!sent.ok()) failure_ = sent.error();
    change_.notify_all();
    if (failure_) return;
  }
}

Result<void> MetricLogger::send(const std::vector<MetricPoint>& batch) {
  const Stopwatch watch;
  auto pause = kFirstPause;
  while (true) {
    auto sent = log_batch(server_, run_id_, {}, batch);
    if (sent.ok() || !may_pass(sent.error())) return sent;
    if (watch.seconds() * 1000 > options_.retry_ms) return sent;
    {
      std::unique_lock lock(mutex_);
      work_.wait_for(lock, pause, [&] { return stopping_; });
      if (stopping_ && watch.seconds() * 1000 > options_.max_delay_ms) return sent;
    }
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace slipway::client
