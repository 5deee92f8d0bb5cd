#include "store/model_versions.h"

#include <algorithm>

#include "base/clock.h"
#include "store/limits.h"
#include "store/logged_model_rows.h"
#include "store/model_source.h"
#include "store/registry_events.h"
#include "store/version_rows.h"

namespace slipway::store {
namespace {

Result<void> put_tag(db::Connection& conn, int64_t key, const Tag& tag) {
  TRY(check_registry_tag(tag));
  return conn.exec(
      "INSERT INTO model_version_tags (version_key, key, value) VALUES (?, ?, ?)"
      " ON CONFLICT (version_key, key) DO UPDATE SET value = excluded.value",
      key, tag.key, tag.value);
}

Result<int64_t> model_of_version(db::Connection& conn, int64_t key) {
  const auto model_key = TRY(
      conn.integer("SELECT registered_model_key FROM model_versions WHERE version_key = ?", key));
  check(model_key.has_value(), "a version belongs to a model");
  return *model_key;
}

Result<void> touch_version(db::Connection& conn, int64_t key) {
  return conn.exec("UPDATE model_versions SET last_updated_timestamp_ms = ? WHERE version_key = ?",
                   now_ms(), key);
}

Result<int64_t> take_version_number(db::Connection& conn, int64_t model_key) {
  TRY(
      conn.exec("UPDATE registered_models SET next_version = next_version + 1"
                " WHERE registered_model_key = ?",
                model_key));
  const auto next = TRY(conn.integer(
      "SELECT next_version FROM registered_models WHERE registered_model_key = ?", model_key));
  return next.value_or(2) - 1;
}

}  // namespace

std::string_view version_status_name(VersionStatus status) {
  switch (status) {
    case VersionStatus::pending_registration: return "PENDING_REGISTRATION";
    case VersionStatus::failed_registration: return "FAILED_REGISTRATION";
    case VersionStatus::ready: return "READY";
  }
  return "READY";
}

Result<ModelVersion> create_model_version(db::Connection& conn, const NewModelVersion& request) {
  const int64_t model_key = TRY(registered_model_key(conn, request.name));
  const ModelSource source = TRY(resolve_source(conn, request));
  const int64_t version = TRY(take_version_number(conn, model_key));
  const int64_t time_ms = now_ms();
  const int64_t key = TRY(conn.insert(
      "INSERT INTO model_versions (registered_model_key, version, creation_timestamp_ms,"
      " last_updated_timestamp_ms, description, source, storage_location, run_id, run_link,"
      " model_id, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING version_key",
      model_key, version, time_ms, time_ms, request.description.value_or(""), source.source,
      source.storage_location, source.run_id, request.run_link, source.model_id,
      static_cast<int64_t>(VersionStatus::ready)));
  for (const Tag& tag : request.tags) TRY(put_tag(conn, key, tag));
  if (!source.model_id.empty()) {
    TRY(note_model_version(conn, source.model_id, request.name, version));
  }
  TRY(touch_model(conn, model_key));
  ModelVersion created = TRY(load_version(conn, key));
  TRY(tell_version_created(conn, created));
  return created;
}

Result<ModelVersion> get_model_version(db::Connection& conn, std::string_view name,
                                       std::string_view version) {
  const int64_t key = TRY(version_key(conn, name, version));
  return load_version(conn, key);
}

Result<ModelVersion> update_model_version(db::Connection& conn, std::string_view name,
                                          std::string_view version,
                                          const std::optional<std::string>& description) {
  const int64_t key = TRY(version_key(conn, name, version));
  TRY(conn.exec("UPDATE model_versions SET description = ? WHERE version_key = ?", description,
                key));
  TRY(touch_version(conn, key));
  TRY(raise_generation(conn));
  return load_version(conn, key);
}

Result<void> delete_model_version(db::Connection& conn, std::string_view name,
                                  std::string_view version) {
  const int64_t key = TRY(version_key(conn, name, version));
  const int64_t model_key = TRY(model_of_version(conn, key));
  TRY(conn.exec("DELETE FROM model_versions WHERE version_key = ?", key));
  return touch_model(conn, model_key);
}

Result<ModelVersion> transition_stage(db::Connection& conn, std::string_view name,
                                      std::string_view version, std::string_view stage,
                                      ArchiveExisting archive_existing) {
  const std::string new_stage = TRY(canonical_stage(stage));
  const bool is_active = new_stage == "Staging" || new_stage == "Production";
  if (archive_existing == ArchiveExisting::yes && !is_active) {
    return fail(Code::invalid_parameter_value,
                "Model version transition cannot archive existing model versions because '{}' is "
                "not an Active stage. Valid stages are ['Staging', 'Production']",
                stage);
  }
  const int64_t key = TRY(version_key(conn, name, version));
  const int64_t model_key = TRY(model_of_version(conn, key));
  if (archive_existing == ArchiveExisting::yes) {
    TRY(
        conn.exec("UPDATE model_versions SET current_stage = 'Archived',"
                  " last_updated_timestamp_ms = ? WHERE registered_model_key = ?"
                  " AND current_stage = ? AND version_key != ?",
                  now_ms(), model_key, new_stage, key));
  }
  TRY(conn.exec("UPDATE model_versions SET current_stage = ? WHERE version_key = ?", new_stage,
                key));
  TRY(touch_version(conn, key));
  TRY(touch_model(conn, model_key));
  return load_version(conn, key);
}

Result<void> set_model_version_tag(db::Connection& conn, std::string_view name,
                                   std::string_view version, const Tag& tag) {
  const int64_t key = TRY(version_key(conn, name, version));
  TRY(put_tag(conn, key, tag));
  TRY(tell_version_tag(conn, name, version, tag.key, tag.value));
  return raise_generation(conn);
}

Result<void> delete_model_version_tag(db::Connection& conn, std::string_view name,
                                      std::string_view version, std::string_view key) {
  TRY(check_registry_tag({std::string(key), ""}));
  const int64_t row_key = TRY(version_key(conn, name, version));
  TRY(conn.exec("DELETE FROM model_version_tags WHERE version_key = ? AND key = ?", row_key, key));
  TRY(tell_version_tag(conn, name, version, key, std::nullopt));
  return raise_generation(conn);
}

Result<std::string> download_uri(db::Connection& conn, std::string_view name,
                                 std::string_view version) {
  const int64_t key = TRY(version_key(conn, name, version));
  const auto uri =
      TRY(conn.text("SELECT storage_location FROM model_versions WHERE version_key = ?", key));
  return uri.value_or("");
}

Result<std::vector<ModelVersion>> active_versions(db::Connection& conn, std::string_view name) {
  const int64_t model_key = TRY(registered_model_key(conn, name));
  std::vector<int64_t> keys;
  TRY(conn.for_each(
      "SELECT version_key FROM model_versions WHERE registered_model_key = ? AND status = ?"
      " AND current_stage != 'Archived' ORDER BY version",
      [&](const db::Row& row) { keys.push_back(row.integer(0)); }, model_key,
      static_cast<int64_t>(VersionStatus::ready)));
  std::vector<ModelVersion> versions;
  for (const int64_t key : keys) {
    ModelVersion version = TRY(load_version(conn, key));
    versions.push_back(std::move(version));
  }
  return versions;
}

}  // namespace slipway::store
