// store/run_rows.h — runs by their integer keys: finding them, their names, reading whole pages.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/runs.h"

namespace slipway::store {

struct RunRow {
  int64_t key = 0;
  int64_t experiment_key = 0;
  bool deleted = false;
};

/// Find a run. Errors resource_does_not_exist; invalid_parameter_value: not the form of an id.
Result<RunRow> find_run(db::Connection& conn, std::string_view run_id);
/// Find a run that is about to be written to, and note that it changes.
/// Errors   as find_run; invalid_parameter_value: it is deleted.
Result<RunRow> active_run(db::Connection& conn, std::string_view run_id);

/// Give the integer that stands for a name of a metric, param or tag; -1 where it is not known.
Result<int64_t> find_name(db::Connection& conn, std::string_view name);
/// The same, and make it where it is not known.
Result<int64_t> intern_name(db::Connection& conn, std::string_view name);

/// Read runs with all their data, in the order of their keys. Keys that name none are dropped.
Result<std::vector<Run>> load_runs(db::Connection& conn, const std::vector<int64_t>& keys);

/// Read the info of one run by its key.
Result<RunInfo> load_run_info(db::Connection& conn, int64_t key);

/// Read the inputs and outputs of a page of runs; `runs` is in the order of `keys`.
Result<void> load_inputs(db::Connection& conn, const std::vector<int64_t>& keys,
                         std::vector<Run>& runs);

/// Set or replace a tag.
Result<void> put_run_tag(db::Connection& conn, const RunRow& run, const Tag& tag);

/// Where `tag` is mlflow.runName, make the run's name equal to it.
Result<void> rename_by_tag(db::Connection& conn, const RunRow& run, const Tag& tag);

/// Append points to the history and raise the latest values; keys and limits were checked.
/// Errors   bad_request: a point names an unknown logged model.
Result<void> append_metrics(db::Connection& conn, const RunRow& run, std::string_view run_id,
                            const std::vector<Metric>& metrics);

}  // namespace slipway::store
