// store/run_index.h — the run index: columns in memory that answer searches over a million runs.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/fair_shared_mutex.h"
#include "db/connection.h"
#include "store/run_refresh.h"
#include "store/run_scan.h"

namespace slipway::store {

/// A run that a search found. Its content is the same as long as its change number is; 0 is
/// that of all runs of a database that notes changes only from now on.
struct FoundRun {
  static constexpr int64_t kUnknown = -1;
  int64_t run_key = 0;
  int64_t change_no = kUnknown;
};

struct RunIndexUse {
  size_t size_bytes = 0;
  size_t n_runs = 0;
  size_t n_columns = 0;
};

/// How much memory the index may take, and how long it keeps what no search asks for.
struct RunIndexLimits {
  size_t max_bytes = size_t{1} << 30;
  std::chrono::milliseconds idle_time = std::chrono::minutes(15);
};

/// Tables of runs and their columns, read when a search first asks for them, mended from
/// run_changes before each search, and dropped when they are not used or do not fit. Safe from any
/// thread; it holds nothing before the first search.
class RunIndex {
 public:
  explicit RunIndex(RunIndexLimits limits = {}) : limits_(limits) {}
  ~RunIndex();
  RunIndex(const RunIndex&) = delete;
  RunIndex& operator=(const RunIndex&) = delete;

  enum class Outcome {
    found,      // `page` is the answer
    too_large,  // what the search needs is more than the index may hold
    outdated,   // another search went on while this one read: try again with a new view
  };
  struct Answer {
    Outcome outcome = Outcome::found;
    Page<FoundRun> page;
    bool is_as_seen = true;  // false: the page may be newer than what the connection sees
  };

  /// Search; sees at least all changes that `conn` sees. Errors as Connection::exec.
  Result<Answer> search(db::Connection& conn, RunPlan& plan);

  RunIndexUse use() const;

  /// Drop what no search asked for since `time_ms`, and texts that no run has any more.
  void drop_unused(int64_t time_ms);

 private:
  struct Tables {
    int64_t change_no = -1;  // they are as after this change; -1: there are none
    RunTables by_experiment;
    Dictionaries dictionaries;

    size_t size_bytes() const;
    void drop_unused_dictionaries();
  };
  /// What a search read just now: a column, or a table without columns.
  struct Loaded {
    int64_t experiment_key = 0;
    std::optional<ColumnKey> column;
  };

  std::optional<Answer> try_scan(RunPlan& plan, const std::vector<ColumnKey>& columns,
                                 int64_t change_no);
  Result<Outcome> prepare(db::Connection& conn, const RunPlan& plan,
                          const std::vector<ColumnKey>& columns, int64_t change_no);
  Result<void> catch_up(db::Connection& conn, int64_t change_no);
  bool lacks_any(const RunPlan& plan, const std::vector<ColumnKey>& columns) const;
  Result<std::optional<Loaded>> load_next(db::Connection& conn, const RunPlan& plan,
                                          const std::vector<ColumnKey>& columns);
  bool make_room(int64_t kept_since_ms);
  void drop(const Loaded& loaded);
  void start_sweeping();
  void sweep(const std::stop_token& stop);

  const RunIndexLimits limits_;
  mutable FairSharedMutex mutex_;
  Tables tables_;
  std::mutex sweeper_mutex_;
  std::condition_variable_any sweeper_wakes_;
  std::jthread sweeper_;  // runs from the first search on
};

}  // namespace slipway::store
