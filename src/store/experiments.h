// store/experiments.h — experiments: named groups of runs that share an artifact location.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/values.h"

namespace slipway::store {

struct Experiment {
  std::string experiment_id;  // decimal
  std::string name;
  std::string artifact_location;
  LifecycleStage lifecycle_stage = LifecycleStage::active;
  int64_t creation_time_ms = 0;
  int64_t last_update_time_ms = 0;
  std::vector<Tag> tags;
};

/// Make an experiment and give its id. An empty location becomes `mlflow-artifacts:/<id>`.
///
/// Errors   resource_already_exists: the name is held, also by a deleted one;
///          invalid_parameter_value: a name, tag or location against the limits.
Result<std::string> create_experiment(db::Connection& conn, std::string_view name,
                                      std::string_view artifact_location,
                                      const std::vector<Tag>& tags);

/// Give an experiment, deleted or not. Errors resource_does_not_exist;
/// invalid_parameter_value: the id is no integer.
Result<Experiment> get_experiment(db::Connection& conn, std::string_view experiment_id);
Result<Experiment> get_experiment_by_name(db::Connection& conn, std::string_view name);

/// Rename an active experiment.
/// Errors   resource_does_not_exist; invalid_state: it is deleted; resource_already_exists.
Result<void> rename_experiment(db::Connection& conn, std::string_view experiment_id,
                               std::string_view new_name);

/// Delete softly, with its runs; restore brings back the experiment and all its runs.
/// Errors   resource_does_not_exist: also where it is in that state already.
Result<void> delete_experiment(db::Connection& conn, std::string_view experiment_id);
Result<void> restore_experiment(db::Connection& conn, std::string_view experiment_id);

/// Set or delete a tag of an active experiment.
/// Errors   invalid_parameter_value: deleted, or against the limits; resource_does_not_exist.
Result<void> set_experiment_tag(db::Connection& conn, std::string_view experiment_id,
                                const Tag& tag);
Result<void> delete_experiment_tag(db::Connection& conn, std::string_view experiment_id,
                                   std::string_view key);

/// Find experiments; request.max_results must be 1..50000. Order as in the REST docs.
Result<Page<Experiment>> search_experiments(db::Connection& conn, const SearchRequest& request,
                                            ViewType view);

/// List the ids and artifact locations of all experiments whose location begins with `prefix`,
/// deleted ones too.
Result<std::vector<std::pair<std::string, std::string>>> artifact_locations(
    db::Connection& conn, std::string_view prefix);

}  // namespace slipway::store
