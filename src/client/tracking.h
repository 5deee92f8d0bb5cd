// client/tracking.h — experiments and runs on a server: make, log, find.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "client/server.h"

namespace slipway::client {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Experiment {
  std::string experiment_id;
  std::string name;
  std::string lifecycle_stage;  // active or deleted
  std::string artifact_location;
  int64_t creation_time_ms = 0;
  int64_t last_update_time_ms = 0;
  std::map<std::string, std::string> tags;
};

/// Which things a search gives.
enum class View { active, deleted, all };

/// Find an experiment by name or make it, and give its id.
/// Errors   resource_does_not_exist as the server tells: a deleted one has the name.
Result<std::string> get_or_create_experiment(Server& server, std::string_view name);
/// Errors   resource_does_not_exist: none has that name, or id.
Result<Experiment> find_experiment(Server& server, std::string_view name);
Result<Experiment> get_experiment(Server& server, std::string_view experiment_id);
/// Find an experiment by what people call it: its id or, where none has that, its name.
Result<Experiment> experiment_called(Server& server, std::string_view id_or_name);
/// Give the new experiment's id. `artifact_location` is the server's choice where empty.
Result<std::string> create_experiment(Server& server, std::string_view name,
                                      std::string_view artifact_location = "",
                                      const Pairs& tags = {});
Result<void> delete_experiment(Server& server, std::string_view experiment_id);

struct ExperimentSearch {
  std::string filter;                 // in MLflow's search language; "" = all
  std::vector<std::string> order_by;  // none: newest first
  View view = View::active;
  int64_t max_results = 0;  // 0: all
};
Result<std::vector<Experiment>> search_experiments(Server& server,
                                                   const ExperimentSearch& search = {});

struct MetricPoint {
  std::string key;
  double value = 0;
  int64_t time_ms = 0;
  int64_t step = 0;
};

struct Run {
  std::string run_id;
  std::string run_name;
  std::string experiment_id;
  std::string status;
  std::string lifecycle_stage;  // active or deleted
  std::string artifact_uri;
  int64_t start_time_ms = 0;
  int64_t end_time_ms = 0;  // 0: not ended
  std::map<std::string, double> metrics;
  std::map<std::string, std::string> params;
  std::map<std::string, std::string> tags;
};

struct NewRun {
  std::string experiment_id;
  std::string run_name;       // "" = the server invents one
  std::string parent_run_id;  // "" = none
  int64_t start_time_ms = 0;
  Pairs tags;
};

Result<Run> create_run(Server& server, const NewRun& run);
Result<Run> get_run(Server& server, std::string_view run_id);
/// End a run: FINISHED, FAILED or KILLED.
Result<void> end_run(Server& server, std::string_view run_id, std::string_view status);
Result<void> delete_run(Server& server, std::string_view run_id);

/// Log parameters, metrics and tags in as few requests as the limits (100 parameters, 1000 metrics,
/// 100 tags, 1000 in all) allow.
Result<void> log_batch(Server& server, std::string_view run_id, const Pairs& params,
                       const std::vector<MetricPoint>& metrics, const Pairs& tags = {});

/// A table that a run read.
struct DatasetInput {
  std::string name;
  std::string digest;       // at most 36 characters
  std::string source_type;  // "local"
  std::string source;       // JSON, such as {"uri": "train.parquet"}
  std::string schema;       // JSON; "" = none
  std::string profile;      // JSON; "" = none
  std::string context;      // "training", "validation", …
};
Result<void> log_inputs(Server& server, std::string_view run_id,
                        const std::vector<DatasetInput>& datasets);

struct RunSearch {
  std::vector<std::string> experiment_ids;
  std::string filter;
  std::vector<std::string> order_by;
  View view = View::active;
  int64_t max_results = 100;  // 0: all
};
Result<std::vector<Run>> search_runs(Server& server, const RunSearch& search);
/// The same page by page, so that any number takes the memory of a page. `take` gets each; its
/// error ends the search.
Result<void> visit_runs(Server& server, const RunSearch& search,
                        const std::function<Result<void>(const std::vector<Run>&)>& take);

/// A metric's whole history, in the server's order.
Result<std::vector<MetricPoint>> metric_history(Server& server, std::string_view run_id,
                                                std::string_view key);
/// The same page by page, as visit_runs().
Result<void> visit_history(
    Server& server, std::string_view run_id, std::string_view key,
    const std::function<Result<void>(const std::vector<MetricPoint>&)>& take);

}  // namespace slipway::client
