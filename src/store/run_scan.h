// store/run_scan.h — one pass over tables of runs: those that pass all clauses, the first in order.
#pragma once
#include <cstddef>
#include <vector>

#include "store/run_columns.h"
#include "store/run_filter.h"
#include "store/run_order.h"
#include "store/values.h"

namespace slipway::store {

/// What to look for. Clauses and order are bound to the tables by scan().
struct RunPlan {
  std::vector<int64_t> experiment_keys;  // each once
  ViewType view = ViewType::active_only;
  std::vector<RunClause> clauses;
  RunOrder order;
  PageStart start;
  size_t max_results = 0;

  /// All columns that clauses and order need.
  std::vector<ColumnKey> columns() const;
};

/// Give at most max_results + 1 runs of the page that begins at plan.start, in order. All columns
/// of the plan are in all tables.
std::vector<RankedRun> scan(RunPlan& plan, const std::vector<const RunTable*>& tables,
                            const Dictionaries& dictionaries);

}  // namespace slipway::store
