// db/writer.h — the one thread that writes: many waiting closures share a transaction.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/histogram.h"
#include "base/result.h"
#include "db/connection.h"

namespace slipway::db {

/// What a writer did since it began, and what waits for it.
struct WriterCounts {
  std::atomic<int64_t> n_waiting = 0;
  Histogram group_size{1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
  Histogram commit_seconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                           0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};
  std::atomic<uint64_t> n_failed_groups = 0;
};

/// Commits waiting closures in groups, so that one sync to disk pays for many of them.
///
/// Each closure has a savepoint: one that fails is undone alone. When the commit fails, each
/// member of the group gets its error, and the writer goes on with the next group.
class Writer {
 public:
  explicit Writer(Connection connection);
  /// Finishes what is queued.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Run `closure(connection)`, a Result<T>, on the writer's thread and wait until it is durable.
  /// Safe from any thread but the writer's own (a closure must not submit).
  template <typename Closure>
  auto submit(Closure&& closure) -> decltype(closure(std::declval<Connection&>())) {
    using Outcome = decltype(closure(std::declval<Connection&>()));
    std::optional<Outcome> outcome;
    auto run = [&](Connection& connection) -> Result<void> {
      outcome.emplace(closure(connection));
      if (outcome->ok()) return {};
      return outcome->error();
    };
    const Result<void> committed = wait_for(run);
    if (!committed.ok()) return committed.error();
    return std::move(*outcome);
  }

  /// Figures for those who watch over a server; safe from any thread.
  const WriterCounts& counts() const { return counts_; }

 private:
  struct Job {
    std::function<Result<void>(Connection&)> run;
    Result<void> outcome;
    bool done = false;
    std::condition_variable finished;
  };

  Result<void> wait_for(std::function<Result<void>(Connection&)> run);
  void serve();
  void commit_group(const std::vector<Job*>& group);
  Result<void> commit_whole(const std::vector<Job*>& group);
  Result<void> commit_alone(Job& job);
  Result<void> check_open(const Result<void>& outcome);
  Result<void> run(Job& job);
  Result<void> run_in_savepoint(Job& job);

  Connection connection_;
  WriterCounts counts_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Job*> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway::db
