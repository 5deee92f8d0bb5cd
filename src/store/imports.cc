#include "store/imports.h"

#include <cmath>

#include "base/text.h"
#include "store/metric_history.h"
#include "store/roles.h"
#include "store/run_changes.h"
#include "store/run_rows.h"

namespace slipway::store {
namespace {

int64_t flag(LifecycleStage stage) { return stage == LifecycleStage::deleted ? 1 : 0; }

Result<int64_t> experiment_key_of(std::string_view experiment_id) {
  const auto key = to_integer(experiment_id);
  if (key && *key >= 0) return *key;
  return fail(Code::invalid_parameter_value, "the experiment id '{}' is no whole number",
              experiment_id);
}

// The key of a row just put in, found by its own name: it works on every database.
Result<int64_t> key_of(db::Connection& conn, std::string_view sql, std::string_view name) {
  const auto key = TRY(conn.integer(sql, name));
  if (key) return *key;
  return fail(Code::resource_does_not_exist, "there is no '{}'", name);
}

constexpr std::string_view kRunKey = "SELECT run_key FROM runs WHERE run_id = ?";
constexpr std::string_view kModelKey = "SELECT model_key FROM logged_models WHERE model_id = ?";
constexpr std::string_view kRegisteredKey =
    "SELECT registered_model_key FROM registered_models WHERE name = ?";

Result<void> put_pairs(db::Connection& conn, const RunRow& row, const Run& run) {
  for (const Param& param : run.params) {
    const int64_t name_id = TRY(intern_name(conn, param.key));
    TRY(conn.exec("INSERT INTO params (run_key, name_id, experiment_id, value) VALUES (?, ?, ?, ?)",
                  row.key, name_id, row.experiment_key, param.value));
  }
  for (const Tag& tag : run.tags) TRY(put_run_tag(conn, row, tag));
  return {};
}

Result<void> put_version(db::Connection& conn, int64_t key, const ImportedVersion& imported) {
  const ModelVersion& version = imported.version;
  TRY(conn.exec(
      "INSERT INTO model_versions (registered_model_key, version, creation_timestamp_ms,"
      " last_updated_timestamp_ms, description, user_id, current_stage, source, storage_location,"
      " run_id, run_link, model_id, status, status_message)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      key, version.version, version.creation_timestamp_ms, version.last_updated_timestamp_ms,
      version.description, version.user_id, version.current_stage, version.source,
      imported.storage_location, version.run_id, version.run_link, version.model_id,
      static_cast<int64_t>(version.status), version.status_message));
  for (const Tag& tag : version.tags) {
    TRY(conn.exec(
        "INSERT INTO model_version_tags (version_key, key, value) SELECT version_key, ?, ? FROM"
        " model_versions WHERE registered_model_key = ? AND version = ?",
        tag.key, tag.value, key, version.version));
  }
  return {};
}

Result<void> add(db::Connection& conn, int64_t& count, std::string_view sql, int64_t key) {
  const auto n = TRY(conn.integer(sql, key));
  count += n.value_or(0);
  return {};
}

}  // namespace

Result<void> put_experiment(db::Connection& conn, const Experiment& experiment) {
  const int64_t key = TRY(experiment_key_of(experiment.experiment_id));
  const auto name = TRY(conn.text("SELECT name FROM experiments WHERE experiment_id = ?", key));
  const auto held =
      TRY(conn.integer("SELECT experiment_id FROM experiments WHERE name = ?", experiment.name));
  if ((name && key != 0 && *name != experiment.name) || (held && *held != key)) {
    return fail(Code::resource_conflict,
                "experiment {} '{}' is to be imported, but the workspace has experiment {} '{}': "
                "import into an empty workspace, or one that this import began",
                key, experiment.name, held.value_or(key), name.value_or(experiment.name));
  }
  const auto has_runs =
      TRY(conn.integer("SELECT 1 FROM runs WHERE experiment_id = ? LIMIT 1", key));
  if (has_runs) return {};
  // nobody may have been granted beforehand what is only now to be seen
  if (!name) TRY(forget_grants(conn, Resource::experiment, experiment.experiment_id));
  TRY(conn.exec(
      "INSERT INTO experiments (experiment_id, name, artifact_location, deleted,"
      " creation_time_ms, last_update_time_ms) VALUES (?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (experiment_id) DO UPDATE SET name = excluded.name, artifact_location ="
      " excluded.artifact_location, deleted = excluded.deleted, creation_time_ms ="
      " excluded.creation_time_ms, last_update_time_ms = excluded.last_update_time_ms",
      key, experiment.name, experiment.artifact_location, flag(experiment.lifecycle_stage),
      experiment.creation_time_ms, experiment.last_update_time_ms));
  TRY(conn.raise_keys("experiments", "experiment_id"));
  for (const Tag& tag : experiment.tags) {
    TRY(
        conn.exec("INSERT INTO experiment_tags (experiment_id, key, value) VALUES (?, ?, ?)"
                  " ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value",
                  key, tag.key, tag.value));
  }
  return {};
}

Result<bool> has_run(db::Connection& conn, std::string_view run_id) {
  const auto key = TRY(conn.integer(kRunKey, run_id));
  return key.has_value();
}

Result<void> put_run(db::Connection& conn, const ImportedRun& imported) {
  const Run& run = imported.run;
  const int64_t experiment_key = TRY(experiment_key_of(run.info.experiment_id));
  TRY(
      conn.exec("INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_time_ms,"
                " end_time_ms, artifact_uri) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                run.info.run_id, experiment_key, run.info.run_name, run.info.user_id,
                static_cast<int64_t>(run.info.status), run.info.start_time_ms, run.info.end_time_ms,
                run.info.artifact_uri));
  const RunRow row = TRY(find_run(conn, run.info.run_id));
  TRY(put_pairs(conn, row, run));
  TRY(log_inputs(conn, run.info.run_id, run.dataset_inputs, run.model_inputs));
  TRY(log_outputs(conn, run.info.run_id, run.model_outputs));
  if (run.info.lifecycle_stage == LifecycleStage::active) return {};
  return conn.exec("UPDATE runs SET deleted = 1, deleted_time_ms = ? WHERE run_key = ?",
                   imported.deleted_time_ms, row.key);
}

Result<void> put_points(db::Connection& conn, std::string_view run_id,
                        const std::vector<Metric>& points) {
  const RunRow row = TRY(find_run(conn, run_id));
  TRY(note_change(conn, row.key));
  return append_metrics(conn, row, run_id, points);
}

Result<bool> has_logged_model(db::Connection& conn, std::string_view model_id) {
  const auto key = TRY(conn.integer(kModelKey, model_id));
  return key.has_value();
}

Result<void> put_logged_model(db::Connection& conn, const LoggedModel& model,
                              LifecycleStage stage) {
  const int64_t experiment_key = TRY(experiment_key_of(model.experiment_id));
  TRY(conn.exec(
      "INSERT INTO logged_models (model_id, experiment_id, name, artifact_uri,"
      " creation_timestamp_ms, last_updated_timestamp_ms, status, status_message, model_type,"
      " source_run_id, deleted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      model.model_id, experiment_key, model.name, model.artifact_uri, model.creation_timestamp_ms,
      model.last_updated_timestamp_ms, static_cast<int64_t>(model.status), model.status_message,
      model.model_type, model.source_run_id, flag(stage)));
  const int64_t key = TRY(key_of(conn, kModelKey, model.model_id));
  for (const Param& param : model.params) {
    TRY(conn.exec("INSERT INTO logged_model_params (model_key, key, value) VALUES (?, ?, ?)", key,
                  param.key, param.value));
  }
  for (const Tag& tag : model.tags) {
    TRY(conn.exec("INSERT INTO logged_model_tags (model_key, key, value) VALUES (?, ?, ?)", key,
                  tag.key, tag.value));
  }
  for (const Metric& metric : model.metrics) {
    const auto value = std::isnan(metric.value) ? std::nullopt : std::optional(metric.value);
    TRY(conn.exec(
        "INSERT INTO logged_model_metrics (model_key, key, timestamp_ms, step, run_id, value,"
        " dataset_name, dataset_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        key, metric.key, metric.timestamp_ms, metric.step, metric.run_id, value,
        metric.dataset_name, metric.dataset_digest));
  }
  return {};
}

Result<bool> has_registered_model(db::Connection& conn, std::string_view name) {
  const auto key = TRY(conn.integer(kRegisteredKey, name));
  return key.has_value();
}

Result<void> put_registered_model(db::Connection& conn, const RegisteredModel& model,
                                  const std::vector<ImportedVersion>& versions,
                                  int64_t last_version) {
  TRY(forget_grants(conn, Resource::registered_model, model.name));
  int64_t next_version = last_version + 1;
  for (const auto& imported : versions) {
    next_version = std::max(next_version, imported.version.version + 1);
  }
  TRY(conn.exec(
      "INSERT INTO registered_models (name, creation_timestamp_ms, last_updated_timestamp_ms,"
      " description, next_version) VALUES (?, ?, ?, ?, ?)",
      model.name, model.creation_timestamp_ms, model.last_updated_timestamp_ms, model.description,
      next_version));
  const int64_t key = TRY(key_of(conn, kRegisteredKey, model.name));
  for (const Tag& tag : model.tags) {
    TRY(conn.exec(
        "INSERT INTO registered_model_tags (registered_model_key, key, value) VALUES (?, ?, ?)",
        key, tag.key, tag.value));
  }
  for (const auto& imported : versions) TRY(put_version(conn, key, imported));
  for (const Alias& alias : model.aliases) {
    TRY(
        conn.exec("INSERT INTO model_aliases (registered_model_key, alias, version_key)"
                  " SELECT registered_model_key, ?, version_key FROM model_versions"
                  " WHERE registered_model_key = ? AND version = ?",
                  alias.alias, key, alias.version));
  }
  return {};
}

Result<void> count_experiment(db::Connection& conn, std::string_view experiment_id,
                              ImportCounts& counts) {
  const int64_t key = TRY(experiment_key_of(experiment_id));
  TRY(add(conn, counts.n_experiments, "SELECT count(*) FROM experiments WHERE experiment_id = ?",
          key));
  return add(conn, counts.n_experiment_tags,
             "SELECT count(*) FROM experiment_tags WHERE experiment_id = ?", key);
}

Result<void> count_run(db::Connection& conn, std::string_view run_id, ImportCounts& counts) {
  const auto key = TRY(conn.integer(kRunKey, run_id));
  if (!key) return {};
  counts.n_runs += 1;
  TRY(add(conn, counts.n_params, "SELECT count(*) FROM params WHERE run_key = ?", *key));
  TRY(add(conn, counts.n_run_tags, "SELECT count(*) FROM run_tags WHERE run_key = ?", *key));
  TRY(add(conn, counts.n_dataset_inputs, "SELECT count(*) FROM run_datasets WHERE run_key = ?",
          *key));
  TRY(add(conn, counts.n_model_links, "SELECT count(*) FROM run_models WHERE run_key = ?", *key));
  std::vector<int64_t> names;
  TRY(conn.for_each(
      "SELECT name_id FROM latest_metrics WHERE run_key = ?",
      [&](const db::Row& row) { names.push_back(row.integer(0)); }, *key));
  for (const int64_t name_id : names) {
    const auto points = TRY(read_history(conn, *key, name_id));
    counts.n_points += static_cast<int64_t>(points.size());
  }
  return {};
}

Result<void> count_logged_model(db::Connection& conn, std::string_view model_id,
                                ImportCounts& counts) {
  const auto key = TRY(conn.integer(kModelKey, model_id));
  if (!key) return {};
  counts.n_logged_models += 1;
  for (const std::string_view sql : {"SELECT count(*) FROM logged_model_params WHERE model_key = ?",
                                     "SELECT count(*) FROM logged_model_tags WHERE model_key = ?",
                                     "SELECT count(*) FROM logged_model_metrics"
                                     " WHERE model_key = ?"}) {
    TRY(add(conn, counts.n_logged_model_data, sql, *key));
  }
  return {};
}

Result<void> count_registered_model(db::Connection& conn, std::string_view name,
                                    ImportCounts& counts) {
  const auto key = TRY(conn.integer(kRegisteredKey, name));
  if (!key) return {};
  counts.n_registered_models += 1;
  TRY(add(conn, counts.n_versions,
          "SELECT count(*) FROM model_versions WHERE registered_model_key = ?", *key));
  TRY(add(conn, counts.n_aliases,
          "SELECT count(*) FROM model_aliases WHERE registered_model_key = ?", *key));
  TRY(add(conn, counts.n_registry_tags,
          "SELECT count(*) FROM registered_model_tags WHERE registered_model_key = ?", *key));
  return add(conn, counts.n_registry_tags,
             "SELECT count(*) FROM model_version_tags WHERE version_key IN"
             " (SELECT version_key FROM model_versions WHERE registered_model_key = ?)",
             *key);
}

}  // namespace slipway::store
