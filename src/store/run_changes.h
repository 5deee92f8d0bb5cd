// store/run_changes.h — which runs changed, in the order of commits: what keeps the run index
// fresh.
#pragma once
#include <cstdint>
#include <vector>

#include "db/connection.h"

namespace slipway::store {

/// Say that a run is written to. Every write to a row of runs, latest_metrics, params, run_tags or
/// the runs' inputs does so in its own transaction; active_run() does it for its callers.
Result<void> note_change(db::Connection& conn, int64_t run_key);
/// The same for all runs of an experiment.
Result<void> note_experiment_changes(db::Connection& conn, int64_t experiment_key);

/// Give the number of the last change that this connection sees; 0 where there was none.
Result<int64_t> last_change(db::Connection& conn);

struct RunChange {
  int64_t run_key = 0;
  int64_t change_no = 0;  // the last one of this run
};

/// The runs that changed after a number. `complete` is false where older changes than it are
/// forgotten already: then anything may have changed.
struct RunChanges {
  bool complete = true;
  std::vector<RunChange> runs;
};

/// Give the runs that changed after `change_no`, each once, by ascending key.
Result<RunChanges> changes_after(db::Connection& conn, int64_t change_no);

}  // namespace slipway::store
