#include "intake/mlflow_database.h"

#include <filesystem>
#include <limits>
#include <map>
#include <optional>

#include "base/text.h"
#include "db/connection.h"
#include "intake/mlflow_revisions.h"

namespace slipway::intake {
namespace {

constexpr int64_t kPage = 500;
constexpr std::string_view kDeletedStage = "Deleted_Internal";

store::LifecycleStage stage_of(std::string_view text) {
  return text == "deleted" ? store::LifecycleStage::deleted : store::LifecycleStage::active;
}

double metric_value(const db::Row& row, int value, int is_nan) {
  return row.integer(is_nan) != 0 ? std::numeric_limits<double>::quiet_NaN() : row.real(value);
}

class MlflowDatabase : public Source {
 public:
  MlflowDatabase(db::Connection connection, MlflowTables tables)
      : conn_(std::move(connection)), tables_(tables) {}

  Result<void> experiments(const Each<const store::Experiment&>& each) override;
  Result<void> logged_models(const Each<const SourceModel&>& each) override;
  Result<void> runs(const Each<std::vector<store::ImportedRun>&>& each) override;
  Result<void> points(const std::string& run_id,
                      const Each<const std::vector<store::Metric>&>& each) override;
  Result<void> registered_models(const Each<const SourceRegisteredModel&>& each) override;
  Result<store::ImportCounts> counts() override;
  Result<std::vector<std::pair<std::string, int64_t>>> left_out() override;

 private:
  Result<std::vector<store::Tag>> pairs(std::string_view sql, const std::string& id) {
    std::vector<store::Tag> out;
    TRY(conn_.for_each(
        sql, [&](const db::Row& row) { out.push_back({row.text(0), row.text(1)}); }, id));
    return out;
  }
  Result<std::vector<store::Param>> params(std::string_view sql, const std::string& id) {
    std::vector<store::Param> out;
    TRY(conn_.for_each(
        sql, [&](const db::Row& row) { out.push_back({row.text(0), row.text(1)}); }, id));
    return out;
  }
  Result<void> read_data(store::Run& run);
  Result<void> read_inputs(store::Run& run);
  Result<void> read_data(store::LoggedModel& model);
  Result<void> read_versions(SourceRegisteredModel& model);
  Result<int64_t> count(std::string_view sql) {
    const auto n = TRY(conn_.integer(sql));
    return n.value_or(0);
  }

  db::Connection conn_;
  MlflowTables tables_;
};

Result<void> MlflowDatabase::experiments(const Each<const store::Experiment&>& each) {
  std::vector<store::Experiment> all;
  TRY(
      conn_.for_each("SELECT experiment_id, name, coalesce(artifact_location, ''), lifecycle_stage,"
                     " coalesce(creation_time, 0), coalesce(last_update_time, 0)"
                     " FROM experiments ORDER BY experiment_id",
                     [&](const db::Row& row) {
                       store::Experiment experiment;
                       experiment.experiment_id = std::to_string(row.integer(0));
                       experiment.name = row.text(1);
                       experiment.artifact_location = row.text(2);
                       experiment.lifecycle_stage = stage_of(row.bytes(3));
                       experiment.creation_time_ms = row.integer(4);
                       experiment.last_update_time_ms = row.integer(5);
                       all.push_back(std::move(experiment));
                     }));
  for (auto& experiment : all) {
    const auto id = to_integer(experiment.experiment_id).value_or(0);
    TRY(conn_.for_each(
        "SELECT key, coalesce(value, '') FROM experiment_tags WHERE experiment_id = ? ORDER BY key",
        [&](const db::Row& row) { experiment.tags.push_back({row.text(0), row.text(1)}); }, id));
    TRY(each(experiment));
  }
  return {};
}

Result<void> MlflowDatabase::runs(const Each<std::vector<store::ImportedRun>&>& each) {
  std::string last;
  while (true) {
    std::vector<store::ImportedRun> page;
    TRY(conn_.for_each(
        "SELECT run_uuid, experiment_id, coalesce(name, ''), coalesce(user_id, ''), status,"
        " coalesce(start_time, 0), end_time, coalesce(artifact_uri, ''), lifecycle_stage,"
        " deleted_time FROM runs WHERE run_uuid > ? ORDER BY run_uuid LIMIT 500",
        [&](const db::Row& row) {
          store::ImportedRun imported;
          auto& info = imported.run.info;
          info.run_id = row.text(0);
          info.experiment_id = std::to_string(row.integer(1));
          info.run_name = row.text(2);
          info.user_id = row.text(3);
          info.status =
              store::run_status_from_name(row.bytes(4)).value_or(store::RunStatus::running);
          info.start_time_ms = row.integer(5);
          info.end_time_ms = row.optional_integer(6);
          info.artifact_uri = row.text(7);
          info.lifecycle_stage = stage_of(row.bytes(8));
          imported.deleted_time_ms = row.optional_integer(9);
          page.push_back(std::move(imported));
        },
        last));
    if (page.empty()) return {};
    for (auto& imported : page) TRY(read_data(imported.run));
    last = page.back().run.info.run_id;
    const bool is_last = page.size() < kPage;
    TRY(each(page));
    if (is_last) return {};
  }
}

Result<void> MlflowDatabase::read_data(store::Run& run) {
  run.params = TRY(params("SELECT key, value FROM params WHERE run_uuid = ?", run.info.run_id));
  run.tags =
      TRY(pairs("SELECT key, coalesce(value, '') FROM tags WHERE run_uuid = ?", run.info.run_id));
  if (tables_.has_datasets) TRY(read_inputs(run));
  return {};
}

Result<void> MlflowDatabase::read_inputs(store::Run& run) {
  std::vector<std::string> inputs;
  TRY(conn_.for_each(
      "SELECT i.input_uuid, d.name, d.digest, d.dataset_source_type, d.dataset_source,"
      " coalesce(d.dataset_schema, ''), coalesce(d.dataset_profile, '') FROM inputs i"
      " JOIN datasets d ON d.dataset_uuid = i.source_id WHERE i.source_type = 'DATASET'"
      " AND i.destination_type = 'RUN' AND i.destination_id = ? ORDER BY i.input_uuid",
      [&](const db::Row& row) {
        inputs.push_back(row.text(0));
        store::DatasetInput input;
        input.dataset = {row.text(1), row.text(2), row.text(3),
                         row.text(4), row.text(5), row.text(6)};
        run.dataset_inputs.push_back(std::move(input));
      },
      run.info.run_id));
  for (size_t i = 0; i < inputs.size(); ++i) {
    run.dataset_inputs[i].tags =
        TRY(pairs("SELECT name, value FROM input_tags WHERE input_uuid = ?", inputs[i]));
  }
  if (!tables_.has_logged_models) return {};
  TRY(conn_.for_each(
      "SELECT destination_id FROM inputs WHERE source_type = 'RUN_INPUT' AND source_id = ?"
      " AND destination_type = 'MODEL_INPUT'",
      [&](const db::Row& row) { run.model_inputs.push_back(row.text(0)); }, run.info.run_id));
  const std::string_view outputs =
      tables_.has_input_steps
          ? "SELECT destination_id, step FROM inputs WHERE source_type = 'RUN_OUTPUT'"
            " AND source_id = ? AND destination_type = 'MODEL_OUTPUT'"
          : "SELECT destination_id, 0 FROM inputs WHERE source_type = 'RUN_OUTPUT'"
            " AND source_id = ? AND destination_type = 'MODEL_OUTPUT'";
  return conn_.for_each(
      outputs,
      [&](const db::Row& row) { run.model_outputs.push_back({row.text(0), row.integer(1)}); },
      run.info.run_id);
}

Result<void> MlflowDatabase::points(const std::string& run_id,
                                    const Each<const std::vector<store::Metric>&>& each) {
  std::vector<store::Metric> points;
  auto cursor =
      TRY(conn_.query("SELECT key, value, timestamp, step, CASE WHEN is_nan THEN 1 ELSE 0 END"
                      " FROM metrics WHERE run_uuid = ?",
                      run_id));
  while (TRY(cursor.next())) {
    const db::Row row = cursor.row();
    auto& point = points.emplace_back();
    point.key = row.text(0);
    point.value = metric_value(row, 1, 4);
    point.timestamp_ms = row.integer(2);
    point.step = row.integer(3);
    if (points.size() < kPointsAtOnce) continue;
    TRY(each(points));
    points.clear();
  }
  return points.empty() ? Result<void>() : each(points);
}

Result<void> MlflowDatabase::logged_models(const Each<const SourceModel&>& each) {
  if (!tables_.has_logged_models) return {};
  std::string last;
  while (true) {
    std::vector<SourceModel> page;
    TRY(conn_.for_each(
        "SELECT model_id, experiment_id, name, artifact_location, creation_timestamp_ms,"
        " last_updated_timestamp_ms, status, lifecycle_stage, coalesce(model_type, ''),"
        " coalesce(source_run_id, ''), coalesce(status_message, '')"
        " FROM logged_models WHERE model_id > ? ORDER BY model_id LIMIT 500",
        [&](const db::Row& row) {
          SourceModel found;
          auto& model = found.model;
          model.model_id = row.text(0);
          model.experiment_id = std::to_string(row.integer(1));
          model.name = row.text(2);
          model.artifact_uri = row.text(3);
          model.creation_timestamp_ms = row.integer(4);
          model.last_updated_timestamp_ms = row.integer(5);
          model.status = static_cast<store::LoggedModelStatus>(row.integer(6));
          found.stage = stage_of(row.bytes(7));
          model.model_type = row.text(8);
          model.source_run_id = row.text(9);
          model.status_message = row.text(10);
          page.push_back(std::move(found));
        },
        last));
    if (page.empty()) return {};
    last = page.back().model.model_id;
    for (auto& found : page) {
      TRY(read_data(found.model));
      TRY(each(found));
    }
  }
}

Result<void> MlflowDatabase::read_data(store::LoggedModel& model) {
  model.params = TRY(params(
      "SELECT param_key, param_value FROM logged_model_params WHERE model_id = ?", model.model_id));
  model.tags = TRY(
      pairs("SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?", model.model_id));
  return conn_.for_each(
      "SELECT metric_name, metric_value, metric_timestamp_ms, metric_step, run_id,"
      " coalesce(dataset_name, ''), coalesce(dataset_digest, '')"
      " FROM logged_model_metrics WHERE model_id = ?",
      [&](const db::Row& row) {
        auto& metric = model.metrics.emplace_back();
        metric.key = row.text(0);
        metric.value = row.is_null(1) ? std::numeric_limits<double>::quiet_NaN() : row.real(1);
        metric.timestamp_ms = row.integer(2);
        metric.step = row.integer(3);
        metric.run_id = row.text(4);
        metric.dataset_name = row.text(5);
        metric.dataset_digest = row.text(6);
      },
      model.model_id);
}

Result<void> MlflowDatabase::registered_models(const Each<const SourceRegisteredModel&>& each) {
  std::vector<SourceRegisteredModel> all;
  TRY(conn_.for_each(
      "SELECT name, coalesce(creation_time, 0), coalesce(last_updated_time, 0), description"
      " FROM registered_models ORDER BY name",
      [&](const db::Row& row) {
        SourceRegisteredModel found;
        found.model.name = row.text(0);
        found.model.creation_timestamp_ms = row.integer(1);
        found.model.last_updated_timestamp_ms = row.integer(2);
        found.model.description = row.optional_text(3);
        all.push_back(std::move(found));
      }));
  for (auto& found : all) {
    TRY(read_versions(found));
    TRY(each(found));
  }
  return {};
}

Result<void> MlflowDatabase::read_versions(SourceRegisteredModel& found) {
  const std::string& name = found.model.name;
  found.model.tags =
      TRY(pairs("SELECT key, coalesce(value, '') FROM registered_model_tags WHERE name = ?", name));
  if (tables_.has_aliases) {
    TRY(conn_.for_each(
        "SELECT alias, version FROM registered_model_aliases WHERE name = ?",
        [&](const db::Row& row) { found.model.aliases.push_back({row.text(0), row.integer(1)}); },
        name));
  }
  std::string sql =
      "SELECT version, coalesce(creation_time, 0), coalesce(last_updated_time, 0), description,"
      " coalesce(user_id, ''), coalesce(current_stage, 'None'), coalesce(source, ''),"
      " coalesce(run_id, ''), coalesce(run_link, ''), status, coalesce(status_message, ''), ";
  sql += tables_.has_storage_location ? "coalesce(storage_location, source, '')" : "source";
  sql += " FROM model_versions WHERE name = ? ORDER BY version";
  TRY(conn_.for_each(
      sql,
      [&](const db::Row& row) {
        found.last_version = row.integer(0);
        if (row.bytes(5) == kDeletedStage) return;  // a row that only keeps the number
        auto& imported = found.versions.emplace_back();
        auto& version = imported.version;
        version.name = name;
        version.version = row.integer(0);
        version.creation_timestamp_ms = row.integer(1);
        version.last_updated_timestamp_ms = row.integer(2);
        version.description = row.optional_text(3);
        version.user_id = row.text(4);
        version.current_stage = row.text(5);
        version.source = row.text(6);
        version.run_id = row.text(7);
        version.run_link = row.text(8);
        version.status = row.bytes(9) == "READY" ? store::VersionStatus::ready
                         : row.bytes(9) == "FAILED_REGISTRATION"
                             ? store::VersionStatus::failed_registration
                             : store::VersionStatus::pending_registration;
        version.status_message = row.text(10);
        imported.storage_location = row.text(11);
      },
      name));
  for (auto& imported : found.versions) {
    TRY(conn_.for_each(
        "SELECT key, coalesce(value, '') FROM model_version_tags WHERE name = ? AND version = ?",
        [&](const db::Row& row) { imported.version.tags.push_back({row.text(0), row.text(1)}); },
        name, imported.version.version));
  }
  return {};
}

Result<store::ImportCounts> MlflowDatabase::counts() {
  store::ImportCounts out;
  out.n_experiments = TRY(count("SELECT count(*) FROM experiments"));
  out.n_experiment_tags = TRY(count("SELECT count(*) FROM experiment_tags"));
  out.n_runs = TRY(count("SELECT count(*) FROM runs"));
  out.n_points = TRY(count("SELECT count(*) FROM metrics"));
  out.n_params = TRY(count("SELECT count(*) FROM params"));
  out.n_run_tags = TRY(count("SELECT count(*) FROM tags"));
  out.n_registered_models = TRY(count("SELECT count(*) FROM registered_models"));
  out.n_versions =
      TRY(count("SELECT count(*) FROM model_versions WHERE current_stage <> 'Deleted_Internal'"));
  out.n_registry_tags = TRY(
      count("SELECT (SELECT count(*) FROM registered_model_tags) +"
            " (SELECT count(*) FROM model_version_tags t JOIN model_versions v ON v.name = t.name"
            " AND v.version = t.version WHERE v.current_stage <> 'Deleted_Internal')"));
  if (tables_.has_aliases) {
    out.n_aliases = TRY(count("SELECT count(*) FROM registered_model_aliases"));
  }
  if (tables_.has_datasets) {
    out.n_dataset_inputs = TRY(count(
        "SELECT count(*) FROM inputs WHERE source_type = 'DATASET' AND destination_type = 'RUN'"));
  }
  if (!tables_.has_logged_models) return out;
  out.n_model_links = TRY(count(
      "SELECT count(*) FROM inputs WHERE destination_type IN ('MODEL_INPUT', 'MODEL_OUTPUT')"));
  out.n_logged_models = TRY(count("SELECT count(*) FROM logged_models"));
  out.n_logged_model_data = TRY(count(
      "SELECT (SELECT count(*) FROM logged_model_params) + (SELECT count(*) FROM logged_model_tags)"
      " + (SELECT count(*) FROM logged_model_metrics)"));
  return out;
}

Result<std::vector<std::pair<std::string, int64_t>>> MlflowDatabase::left_out() {
  std::vector<std::pair<std::string, int64_t>> out;
  if (tables_.has_traces) {
    const int64_t n_traces = TRY(count("SELECT count(*) FROM trace_info"));
    if (n_traces > 0) out.emplace_back("traces", n_traces);
  }
  if (tables_.has_webhooks) {
    const int64_t n_webhooks = TRY(count("SELECT count(*) FROM webhooks"));
    if (n_webhooks > 0) out.emplace_back("webhooks", n_webhooks);
  }
  return out;
}

// SQLAlchemy's addresses may name a driver: postgresql+psycopg2://…
Result<db::Address> address_of(const std::string& uri) {
  constexpr std::string_view kSqlite = "sqlite:///";
  const auto colon = uri.find("://");
  const auto plus = uri.find('+');
  if (colon != uri.npos && !uri.starts_with(kSqlite)) {
    auto plain = plus < colon ? uri.substr(0, plus) + uri.substr(colon) : uri;
    if (db::names_a_server(plain)) return db::Address::server(plain);
    return fail(
        Code::not_implemented,
        "'{}://' databases cannot be imported; accepted: sqlite:///FILE, postgresql://… and "
        "mlruns folders",
        uri.substr(0, colon));
  }
  const std::string file = uri.starts_with(kSqlite) ? uri.substr(kSqlite.size()) : uri;
  if (!std::filesystem::exists(file)) {
    return fail(Code::resource_does_not_exist, "there is no file '{}'", file);
  }
  return db::Address(file);
}

Result<void> check_workspaces(db::Connection& conn) {
  const auto other = TRY(
      conn.text("SELECT workspace FROM experiments WHERE workspace <> 'default' UNION"
                " SELECT workspace FROM registered_models WHERE workspace <> 'default' LIMIT 1"));
  if (!other) return {};
  return fail(Code::not_implemented,
              "MLflow's database has the workspace '{}': only its 'default' can be imported",
              *other);
}

}  // namespace

Result<std::unique_ptr<Source>> open_mlflow_database(const std::string& uri) {
  const auto address = TRY(address_of(uri));
  auto conn = TRY(db::Connection::open(address, db::Access::read_only));
  const auto revision = conn.text("SELECT version_num FROM alembic_version");
  if (!revision.ok() || !*revision) {
    return fail(Code::invalid_parameter_value,
                "'{}' is no MLflow database: it has no table alembic_version", address.shown());
  }
  const auto tables = TRY(mlflow_tables(**revision));
  if (tables.has_workspaces) TRY(check_workspaces(conn));
  return std::unique_ptr<Source>(std::make_unique<MlflowDatabase>(std::move(conn), tables));
}

}  // namespace slipway::intake
