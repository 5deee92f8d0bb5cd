// store/runs.h — runs: what one execution logged, from creation to the search over all of them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/metrics.h"
#include "store/run_inputs.h"
#include "store/values.h"

namespace slipway::store {

enum class RunStatus { running = 1, scheduled, finished, failed, killed };

/// Give the wire's spelling, such as `RUNNING`; and read it (nothing where it is none).
std::string_view run_status_name(RunStatus status);
std::optional<RunStatus> run_status_from_name(std::string_view name);

struct RunInfo {
  std::string run_id;  // 32 hex digits
  std::string run_name;
  std::string experiment_id;
  std::string user_id;
  RunStatus status = RunStatus::running;
  int64_t start_time_ms = 0;
  std::optional<int64_t> end_time_ms;
  std::string artifact_uri;
  LifecycleStage lifecycle_stage = LifecycleStage::active;
};

struct Run {
  RunInfo info;
  std::vector<Metric> metrics;  // the latest of each key
  std::vector<Param> params;
  std::vector<Tag> tags;
  std::vector<DatasetInput> dataset_inputs;
  std::vector<std::string> model_inputs;  // ids of logged models
  std::vector<ModelOutput> model_outputs;
};

struct NewRun {
  std::string experiment_id;
  std::string user_id;
  std::string run_name;  // empty: taken from the tag mlflow.runName, else invented
  int64_t start_time_ms = 0;
  std::vector<Tag> tags;
};

/// Make a running run and give it whole; run_name and the tag mlflow.runName are made equal.
/// Errors   resource_does_not_exist: no such experiment; invalid_parameter_value: it is deleted,
///          run_name and the tag differ, or a tag is against the limits.
Result<Run> create_run(db::Connection& conn, const NewRun& request);

/// Give a run, deleted or not. Errors resource_does_not_exist; invalid_parameter_value: no run id.
Result<Run> get_run(db::Connection& conn, std::string_view run_id);
/// The same without its data. Errors as get_run.
Result<RunInfo> get_run_info(db::Connection& conn, std::string_view run_id);

struct RunUpdate {
  std::optional<RunStatus> status;
  std::optional<int64_t> end_time_ms;
  std::optional<std::string> run_name;  // empty is ignored
};

/// Change an active run and give what it is then.
/// Errors   as get_run; invalid_parameter_value: the run is deleted.
Result<RunInfo> update_run(db::Connection& conn, std::string_view run_id, const RunUpdate& update);

/// Delete softly or restore; both may be repeated. Errors as get_run.
Result<void> delete_run(db::Connection& conn, std::string_view run_id);
Result<void> restore_run(db::Connection& conn, std::string_view run_id);

/// Log params, metrics and tags, all or nothing.
///
/// Errors   resource_does_not_exist: no such run; bad_request: a metric names an unknown logged
///          model; invalid_parameter_value: the run is deleted, a limit or name rule is broken,
///          a param has another value already or a key comes twice.
Result<void> log_batch(db::Connection& conn, std::string_view run_id,
                       const std::vector<Metric>& metrics, const std::vector<Param>& params,
                       const std::vector<Tag>& tags);

/// Log one param (insert only: the same value again is fine). Errors as log_batch.
Result<void> log_param(db::Connection& conn, std::string_view run_id, const Param& param);
/// Log one metric point. Errors as log_batch.
Result<void> log_metric(db::Connection& conn, std::string_view run_id, const Metric& metric);
/// Set one tag. Errors as log_batch.
Result<void> set_run_tag(db::Connection& conn, std::string_view run_id, const Tag& tag);
/// Delete a tag. Errors   as log_batch; resource_does_not_exist: there is none of that key.
Result<void> delete_run_tag(db::Connection& conn, std::string_view run_id, std::string_view key);

/// Append a model's JSON text to the tag mlflow.log-model.history (the call of old clients).
/// Errors   as log_batch; invalid_parameter_value: not the JSON of a model with its artifact_path,
///          flavors, utc_time_created, run_id.
Result<void> log_legacy_model(db::Connection& conn, std::string_view run_id,
                              std::string_view model_json);

}  // namespace slipway::store
