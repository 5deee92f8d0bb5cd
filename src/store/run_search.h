// store/run_search.h — the search over runs: by the run index, or by SQL where that cannot answer.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/run_index.h"
#include "store/runs.h"
#include "store/store.h"

namespace slipway::store {

struct RunSearch {
  std::vector<std::string> experiment_ids;
  SearchRequest request;  // max_results must be 1..50000
  ViewType view = ViewType::active_only;
};

/// What is done with the runs found, on a connection that sees them. The error it gives is that of
/// the search.
using UseRuns = std::function<Result<void>(db::Connection&, const Page<FoundRun>&)>;

/// Find runs of some experiments, and call `use` once with a page of them. Order: order_by, then
/// start_time DESC, then run_id; missing values last, before them NaN. All that was acknowledged
/// before the call is seen. The page token says after which run the next page begins: runs that
/// come in the meantime neither repeat nor skip others.
///
/// Errors   invalid_parameter_value: filter, order, token, max_results (MLflow's words).
/// Source   the search language in docs/tracking.md.
Result<void> find_runs(Store& store, const RunSearch& search, const UseRuns& use);

/// The same, and read the runs.
Result<Page<Run>> search_runs(Store& store, const RunSearch& search);

/// The same by SQL alone: what the index falls back to, and is compared with.
Result<Page<FoundRun>> find_runs_by_sql(db::Connection& conn, const RunSearch& search);

/// Read found runs with all their data, in their order; nothing for one that is gone.
Result<std::vector<std::optional<Run>>> load_found(db::Connection& conn,
                                                   const std::vector<FoundRun>& runs);

}  // namespace slipway::store
