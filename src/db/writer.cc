#include "db/writer.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/clock.h"

namespace slipway::db {
namespace {

constexpr auto kGatherTime = std::chrono::microseconds(100);

}  // namespace

Writer::Writer(Connection connection) : connection_(std::move(connection)) {
  thread_ = std::thread([this] { serve(); });
}

Writer::~Writer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

Result<void> Writer::wait_for(std::function<Result<void>(Connection&)> run) {
  check(std::this_thread::get_id() != thread_.get_id(), "a closure of the writer does not submit");
  Job job;
  job.run = std::move(run);
  counts_.n_waiting.fetch_add(1, std::memory_order_relaxed);
  std::unique_lock lock(mutex_);
  waiting_.push_back(&job);
  work_.notify_one();
  // no deadline: the closure borrows from this frame, and the writer always answers
  job.finished.wait(lock, [&] { return job.done; });
  return std::move(job.outcome);
}

void Writer::serve() {
  std::vector<Job*> group;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      // those just answered often write again at once: one sync then pays for all of them
      const size_t n_expected = group.size();
      work_.wait_for(lock, kGatherTime, [&] { return stopping_ || waiting_.size() >= n_expected; });
      const size_t n_taken = std::min(connection_.max_group(), waiting_.size());
      const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(n_taken);
      group.assign(waiting_.begin(), end);
      waiting_.erase(waiting_.begin(), end);
    }
    commit_group(group);
    counts_.n_waiting.fetch_sub(static_cast<int64_t>(group.size()), std::memory_order_relaxed);
    const std::scoped_lock lock(mutex_);
    for (Job* const job : group) {
      job->done = true;
      job->finished.notify_one();  // under the lock: the job goes as soon as it is released
    }
  }
}

void Writer::commit_group(const std::vector<Job*>& group) {
  const Stopwatch watch;
  const Result<void> fate = commit_whole(group);
  counts_.group_size.add(static_cast<double>(group.size()));
  counts_.commit_seconds.add(watch.seconds());
  if (fate.ok()) return;
  counts_.n_failed_groups.fetch_add(1, std::memory_order_relaxed);
  connection_.forget();
  if (connection_.in_transaction()) (void)connection_.rollback();
  for (Job* const job : group) job->outcome = fate;
}

Result<void> Writer::commit_whole(const std::vector<Job*>& group) {
  TRY(connection_.begin(Access::read_write));
  if (group.size() == 1) return commit_alone(*group.front());
  for (Job* const job : group) {
    job->outcome = run_in_savepoint(*job);
    TRY(check_open(job->outcome));
  }
  return connection_.commit();
}

/// One alone needs no savepoint: the whole transaction is its own.
Result<void> Writer::commit_alone(Job& job) {
  job.outcome = run(job);
  TRY(check_open(job.outcome));
  if (job.outcome.ok()) return connection_.commit();
  connection_.forget();
  return connection_.rollback();
}

/// A full disk, a failed read or a lost connection ends the whole transaction with its group.
Result<void> Writer::check_open(const Result<void>& outcome) {
  if (connection_.in_transaction()) return {};
  if (!outcome.ok()) return outcome;
  return fail(Code::internal_error, "a write ended its group's transaction");
}

Result<void> Writer::run(Job& job) {
  try {
    return job.run(connection_);
  } catch (const std::exception& exception) {
    return fail(Code::internal_error, "a write stopped: {}", exception.what());
  }
}

Result<void> Writer::run_in_savepoint(Job& job) {
  TRY(connection_.savepoint());
  Result<void> outcome = run(job);
  if (outcome.ok()) outcome = connection_.release();
  if (outcome.ok()) return {};
  connection_.forget();
  if (connection_.in_transaction()) TRY(connection_.rollback_to_savepoint());
  return outcome;
}

}  // namespace slipway::db
