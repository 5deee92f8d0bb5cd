// store/imports.h — puts in what another tracker kept, with its ids and times, and counts it again.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/experiments.h"
#include "store/logged_models.h"
#include "store/registry.h"
#include "store/runs.h"

namespace slipway::store {

/// Put in an experiment; one that is there already, with this id and name, stays as it is. The
/// experiment 0 that every store begins with becomes this one while it has no runs.
/// Errors   resource_conflict: the id or the name is taken by another.
Result<void> put_experiment(db::Connection& conn, const Experiment& experiment);

/// A run without its metrics.
struct ImportedRun {
  Run run;
  std::optional<int64_t> deleted_time_ms;
};

Result<bool> has_run(db::Connection& conn, std::string_view run_id);
/// Put in a run that is not there. The logged models it names must be.
/// Errors   resource_does_not_exist: its experiment; resource_already_exists: the run;
///          invalid_parameter_value: an id that is none.
Result<void> put_run(db::Connection& conn, const ImportedRun& imported);
/// Add points to its history, as often as wanted; no limits are checked.
Result<void> put_points(db::Connection& conn, std::string_view run_id,
                        const std::vector<Metric>& points);

Result<bool> has_logged_model(db::Connection& conn, std::string_view model_id);
/// Put in a logged model with its metrics. Errors as put_run.
Result<void> put_logged_model(db::Connection& conn, const LoggedModel& model, LifecycleStage stage);

struct ImportedVersion {
  ModelVersion version;
  std::string storage_location;
};
Result<bool> has_registered_model(db::Connection& conn, std::string_view name);
/// Put in a registered model with all its versions, tags and aliases. Errors as put_run.
/// last_version   the highest number ever given: none up to it is given again
Result<void> put_registered_model(db::Connection& conn, const RegisteredModel& model,
                                  const std::vector<ImportedVersion>& versions,
                                  int64_t last_version);

/// How much there is of each kind.
struct ImportCounts {
  int64_t n_experiments = 0;
  int64_t n_experiment_tags = 0;
  int64_t n_runs = 0;
  int64_t n_points = 0;
  int64_t n_params = 0;
  int64_t n_run_tags = 0;
  int64_t n_dataset_inputs = 0;
  int64_t n_model_links = 0;  // inputs and outputs of runs that are logged models
  int64_t n_logged_models = 0;
  int64_t n_logged_model_data = 0;  // their params, tags and metrics
  int64_t n_registered_models = 0;
  int64_t n_versions = 0;
  int64_t n_registry_tags = 0;
  int64_t n_aliases = 0;
  bool operator==(const ImportCounts&) const = default;
};

/// Add what the store has of one object to `counts`; nothing where it has none of that name. Metric
/// points are counted by reading them.
Result<void> count_experiment(db::Connection& conn, std::string_view experiment_id,
                              ImportCounts& counts);
Result<void> count_run(db::Connection& conn, std::string_view run_id, ImportCounts& counts);
Result<void> count_logged_model(db::Connection& conn, std::string_view model_id,
                                ImportCounts& counts);
Result<void> count_registered_model(db::Connection& conn, std::string_view name,
                                    ImportCounts& counts);

}  // namespace slipway::store
