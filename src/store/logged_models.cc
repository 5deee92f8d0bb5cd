#include "store/logged_models.h"

#include <limits>

#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "store/experiment_rows.h"
#include "store/limits.h"
#include "store/logged_model_rows.h"
#include "store/rows.h"
#include "store/run_names.h"
#include "store/search_lists.h"

namespace slipway::store {
namespace {

struct StatusRow {
  LoggedModelStatus status;
  std::string_view name;
};

constexpr StatusRow kStatuses[] = {
    {LoggedModelStatus::unspecified, "LOGGED_MODEL_STATUS_UNSPECIFIED"},
    {LoggedModelStatus::pending, "LOGGED_MODEL_PENDING"},
    {LoggedModelStatus::ready, "LOGGED_MODEL_READY"},
    {LoggedModelStatus::upload_failed, "LOGGED_MODEL_UPLOAD_FAILED"},
};

constexpr size_t kMaxKeyLength = 250;

Error not_found(std::string_view model_id) {
  return fail(Code::resource_does_not_exist, "Logged model with ID '{}' not found.", model_id);
}

Result<int64_t> key_of(db::Connection& conn, std::string_view model_id) {
  const auto key = TRY(conn.integer(
      "SELECT model_key FROM logged_models WHERE model_id = ? AND deleted = 0", model_id));
  if (key) return *key;
  return not_found(model_id);
}

/// Also of a deleted model.
Result<int64_t> any_key_of(db::Connection& conn, std::string_view model_id) {
  const auto key =
      TRY(conn.integer("SELECT model_key FROM logged_models WHERE model_id = ?", model_id));
  if (key) return *key;
  return not_found(model_id);
}

Result<void> check_logged_name(std::string_view name) {
  if (name.find_first_of("/:.%\"'") == std::string_view::npos) return {};
  return fail(Code::invalid_parameter_value,
              "Invalid model name ({}) provided. Model name must be a non-empty string and "
              "cannot contain the following characters: ('/', ':', '.', '%', '\"', \"'\")",
              python_text(name));
}

Result<void> put_param(db::Connection& conn, int64_t key, const Param& param) {
  TRY(check_length(param.key, kMaxKeyLength, "Param key"));
  TRY(
      conn.exec("INSERT INTO logged_model_params (model_key, key, value) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                key, param.key, param.value));
  if (conn.changes() > 0) return {};
  const auto held = TRY(conn.text(
      "SELECT value FROM logged_model_params WHERE model_key = ? AND key = ?", key, param.key));
  if (held == param.value) return {};
  return fail(Code::invalid_parameter_value,
              "Changing param values is not allowed. Param with key='{}' was already logged with "
              "value='{}'. Attempted logging new value '{}'.",
              param.key, held.value_or(""), param.value);
}

Result<void> put_tag(db::Connection& conn, int64_t key, const Tag& tag) {
  TRY(check_length(tag.key, kMaxKeyLength, "key"));
  return conn.exec(
      "INSERT INTO logged_model_tags (model_key, key, value) VALUES (?, ?, ?)"
      " ON CONFLICT (model_key, key) DO UPDATE SET value = excluded.value",
      key, tag.key, tag.value);
}

LoggedModel model_of(const db::Row& row) {
  LoggedModel out;
  out.model_id = row.text(0);
  out.experiment_id = std::to_string(row.integer(1));
  out.name = row.text(2);
  out.artifact_uri = row.text(3);
  out.creation_timestamp_ms = row.integer(4);
  out.last_updated_timestamp_ms = row.integer(5);
  out.status = static_cast<LoggedModelStatus>(row.integer(6));
  out.status_message = row.text(7);
  out.model_type = row.text(8);
  out.source_run_id = row.text(9);
  return out;
}

Result<void> load_metrics(db::Connection& conn, int64_t key, LoggedModel& model) {
  return conn.for_each(
      "SELECT key, value, timestamp_ms, step, run_id, dataset_name, dataset_digest"
      " FROM logged_model_metrics WHERE model_key = ?",
      [&](const db::Row& row) {
        Metric metric;
        metric.key = row.text(0);
        metric.value = row.is_null(1) ? std::numeric_limits<double>::quiet_NaN() : row.real(1);
        metric.timestamp_ms = row.integer(2);
        metric.step = row.integer(3);
        metric.model_id = model.model_id;
        metric.dataset_name = row.text(5);
        metric.dataset_digest = row.text(6);
        metric.run_id = row.text(4);
        model.metrics.push_back(std::move(metric));
      },
      key);
}

}  // namespace

std::string_view logged_model_status_name(LoggedModelStatus status) {
  for (const StatusRow& row : kStatuses) {
    if (row.status == status) return row.name;
  }
  return kStatuses[0].name;
}

LoggedModelStatus logged_model_status_from_name(std::string_view name) {
  for (const StatusRow& row : kStatuses) {
    if (row.name == name) return row.status;
  }
  return LoggedModelStatus::unspecified;
}

Result<LoggedModel> load_logged_model(db::Connection& conn, int64_t key) {
  LoggedModel model;
  {
    auto cursor = TRY(
        conn.query("SELECT model_id, experiment_id, name, artifact_uri, creation_timestamp_ms,"
                   " last_updated_timestamp_ms, status, status_message, model_type, source_run_id"
                   " FROM logged_models WHERE model_key = ?",
                   key));
    if (!TRY(cursor.next())) return fail(Code::resource_does_not_exist, "Logged model not found.");
    model = model_of(cursor.row());
  }
  model.tags = TRY(
      read_pairs<Tag>(conn, "SELECT key, value FROM logged_model_tags WHERE model_key = ?", key));
  model.params = TRY(read_pairs<Param>(
      conn, "SELECT key, value FROM logged_model_params WHERE model_key = ?", key));
  TRY(load_metrics(conn, key, model));
  return model;
}

Result<LoggedModel> create_logged_model(db::Connection& conn, const NewLoggedModel& request) {
  TRY(check_logged_name(request.name));
  const ExperimentRow experiment = TRY(active_experiment(conn, request.experiment_id));
  const std::string model_id = "m-" + random_hex(16);
  const std::string artifact_uri =
      below_location(experiment.artifact_location, fmt::format("models/{}/artifacts", model_id));
  const int64_t time_ms = now_ms();
  const int64_t key = TRY(conn.insert(
      "INSERT INTO logged_models (model_id, experiment_id, name, artifact_uri,"
      " creation_timestamp_ms, last_updated_timestamp_ms, status, model_type, source_run_id)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING model_key",
      model_id, experiment.key, request.name.empty() ? invented_name() : request.name, artifact_uri,
      time_ms, time_ms, static_cast<int64_t>(LoggedModelStatus::pending), request.model_type,
      request.source_run_id));
  for (const Param& param : request.params) TRY(put_param(conn, key, param));
  for (const Tag& tag : request.tags) TRY(put_tag(conn, key, tag));
  return load_logged_model(conn, key);
}

Result<LoggedModel> get_logged_model(db::Connection& conn, std::string_view model_id) {
  const int64_t key = TRY(key_of(conn, model_id));
  return load_logged_model(conn, key);
}

Result<LoggedModel> finalize_logged_model(db::Connection& conn, std::string_view model_id,
                                          LoggedModelStatus status) {
  const int64_t key = TRY(key_of(conn, model_id));
  TRY(
      conn.exec("UPDATE logged_models SET status = ?, last_updated_timestamp_ms = ?"
                " WHERE model_key = ?",
                static_cast<int64_t>(status), now_ms(), key));
  return load_logged_model(conn, key);
}

Result<void> delete_logged_model(db::Connection& conn, std::string_view model_id) {
  const int64_t key = TRY(any_key_of(conn, model_id));
  return conn.exec(
      "UPDATE logged_models SET deleted = 1, last_updated_timestamp_ms = ? WHERE model_key = ?",
      now_ms(), key);
}

Result<void> log_logged_model_params(db::Connection& conn, std::string_view model_id,
                                     const std::vector<Param>& params) {
  const int64_t key = TRY(key_of(conn, model_id));
  for (const Param& param : params) TRY(put_param(conn, key, param));
  return {};
}

Result<void> set_logged_model_tags(db::Connection& conn, std::string_view model_id,
                                   const std::vector<Tag>& tags) {
  const int64_t key = TRY(any_key_of(conn, model_id));
  for (const Tag& tag : tags) TRY(put_tag(conn, key, tag));
  return {};
}

Result<void> delete_logged_model_tag(db::Connection& conn, std::string_view model_id,
                                     std::string_view key) {
  const int64_t model_key = TRY(key_of(conn, model_id));
  TRY(conn.exec("DELETE FROM logged_model_tags WHERE model_key = ? AND key = ?", model_key, key));
  if (conn.changes() > 0) return {};
  return fail(Code::resource_does_not_exist, "No tag with key '{}' found for model with ID '{}'.",
              key, model_id);
}

Result<void> note_model_version(db::Connection& conn, std::string_view model_id,
                                std::string_view name, int64_t version) {
  constexpr std::string_view kTag = "mlflow.modelVersions";
  const int64_t key = TRY(key_of(conn, model_id));
  const auto held = TRY(
      conn.text("SELECT value FROM logged_model_tags WHERE model_key = ? AND key = ?", key, kTag));
  const auto parsed = parse_json(held.value_or("[]"));
  JsonArray versions;
  if (parsed.ok() && parsed->is_array()) versions = parsed->get_array();
  versions.push_back(JsonObject{{"name", name}, {"version", version}});
  return conn.exec(
      "INSERT INTO logged_model_tags (model_key, key, value) VALUES (?, ?, ?)"
      " ON CONFLICT (model_key, key) DO UPDATE SET value = excluded.value",
      key, kTag, to_text(versions));
}

}  // namespace slipway::store
