// store/metric_folding.h — turns the log of metric batches into chunks, in the background.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "db/connection.h"
#include "store/metric_chunks.h"

namespace slipway::store {

class Store;

/// Some log rows of one run, and the chunks that take their place.
struct FoldPlan {
  struct Chunk {
    int64_t name_id = 0;
    ChunkSummary summary;
    std::string points;
  };
  int64_t run_key = 0;
  int64_t n_rows = 0;  // log rows from first_log_id to last_log_id
  int64_t first_log_id = 0;
  int64_t last_log_id = 0;
  std::vector<int64_t> old_chunks;  // merged into new ones
  std::vector<Chunk> new_chunks;
};

/// Plan to fold the oldest log rows of a run below `end_log_id`, at most about 128 KiB of them.
/// n_rows is 0 where there are none.
/// Errors   data_loss, not_implemented: a batch or a chunk cannot be read.
Result<FoldPlan> plan_fold(db::Connection& conn, int64_t run_key, int64_t end_log_id);

/// Carry out a plan inside a write: all of it, or nothing where it does not fit any more.
/// Errors   aborted: another server was faster, or the run is gone.
Result<void> carry_out(db::Connection& conn, const FoldPlan& plan);

/// Folds the runs that grow, in a thread of its own, until the end of its scope.
///
/// A run is folded once its log has 256 rows or 128 KiB, so that a reader never decodes more than
/// that besides its chunks. The newest row of all is left: its number must not be given again.
class MetricFolder {
 public:
  /// The store outlives it.
  explicit MetricFolder(Store& store);
  ~MetricFolder();
  MetricFolder(const MetricFolder&) = delete;
  MetricFolder& operator=(const MetricFolder&) = delete;

 private:
  void serve();
  Result<void> pass();
  Result<void> fold_run(int64_t run_key, int64_t end_log_id);
  bool pause(int milliseconds);

  Store& store_;
  int64_t through_log_id_ = -1;  // rows up to here were looked at; -1: the database knows
  int64_t saved_log_id_ = 0;
  bool folded_any_ = false;
  std::set<int64_t> unreadable_runs_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway::store
