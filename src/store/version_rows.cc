#include "store/version_rows.h"

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "store/limits.h"
#include "store/rows.h"

namespace slipway::store {
namespace {

constexpr std::string_view kStages[] = {"None", "Staging", "Production", "Archived"};

ModelVersion version_of(const db::Row& row) {
  ModelVersion out;
  out.name = row.text(0);
  out.version = row.integer(1);
  out.creation_timestamp_ms = row.integer(2);
  out.last_updated_timestamp_ms = row.integer(3);
  out.description = row.optional_text(4);
  out.user_id = row.text(5);
  out.current_stage = row.text(6);
  out.source = row.text(7);
  out.run_id = row.text(8);
  out.run_link = row.text(9);
  out.model_id = row.text(10);
  out.status = static_cast<VersionStatus>(row.integer(11));
  out.status_message = row.text(12);
  return out;
}

}  // namespace

Result<int64_t> registered_model_key(db::Connection& conn, std::string_view name) {
  TRY(check_model_name(name));
  const auto key =
      TRY(conn.integer("SELECT registered_model_key FROM registered_models WHERE name = ?", name));
  if (key) return *key;
  return fail(Code::resource_does_not_exist, "Registered Model with name={} not found", name);
}

Result<int64_t> version_key(db::Connection& conn, std::string_view name, std::string_view version) {
  TRY(check_model_name(name));
  const int64_t number = TRY(version_number(version));
  const auto key = TRY(conn.integer(
      "SELECT v.version_key FROM registered_models g JOIN model_versions v"
      " ON v.registered_model_key = g.registered_model_key WHERE g.name = ? AND v.version = ?",
      name, number));
  if (key) return *key;
  return fail(Code::resource_does_not_exist, "Model Version (name={}, version={}) not found", name,
              number);
}

Result<ModelVersion> load_version(db::Connection& conn, int64_t key) {
  ModelVersion version;
  {
    auto cursor = TRY(conn.query(
        "SELECT g.name, v.version, v.creation_timestamp_ms, v.last_updated_timestamp_ms,"
        " v.description, v.user_id, v.current_stage, v.source, v.run_id, v.run_link, v.model_id,"
        " v.status, v.status_message FROM model_versions v JOIN registered_models g"
        " ON g.registered_model_key = v.registered_model_key WHERE v.version_key = ?",
        key));
    if (!TRY(cursor.next())) return fail(Code::resource_does_not_exist, "Model Version is gone");
    version = version_of(cursor.row());
  }
  version.tags = TRY(read_pairs<Tag>(
      conn, "SELECT key, value FROM model_version_tags WHERE version_key = ?", key));
  TRY(conn.for_each(
      "SELECT alias FROM model_aliases WHERE version_key = ? ORDER BY alias",
      [&](const db::Row& row) { version.aliases.push_back(row.text(0)); }, key));
  return version;
}

Result<std::vector<ModelVersion>> highest_of_stages(db::Connection& conn, int64_t model_key,
                                                    const std::vector<std::string>& stages) {
  std::vector<int64_t> keys;
  const auto add = [&](const db::Row& row) {
    const bool asked =
        stages.empty() || std::find(stages.begin(), stages.end(), row.text(1)) != stages.end();
    if (asked) keys.push_back(row.integer(0));
  };
  TRY(conn.for_each(
      "SELECT v.version_key, v.current_stage FROM model_versions v JOIN"
      " (SELECT current_stage, min(version) AS first, max(version) AS last FROM model_versions"
      " WHERE registered_model_key = ? GROUP BY current_stage) s"
      " ON v.registered_model_key = ? AND v.version = s.last ORDER BY s.first",
      add, model_key, model_key));
  std::vector<ModelVersion> versions;
  for (const int64_t key : keys) {
    ModelVersion version = TRY(load_version(conn, key));
    versions.push_back(std::move(version));
  }
  return versions;
}

Result<std::string> canonical_stage(std::string_view stage) {
  for (const std::string_view known : kStages) {
    if (lower(known) == lower(stage)) return std::string(known);
  }
  return fail(Code::invalid_parameter_value,
              "Invalid Model Version stage: {}. Value must be one of None, Staging, Production, "
              "Archived.",
              stage);
}

Result<void> touch_model(db::Connection& conn, int64_t model_key) {
  TRY(
      conn.exec_later("UPDATE registered_models SET last_updated_timestamp_ms = ?"
                      " WHERE registered_model_key = ?",
                      now_ms(), model_key));
  return raise_generation(conn);
}

Result<void> raise_generation(db::Connection& conn) {
  return conn.exec_later("UPDATE registry_generation SET generation = generation + 1");
}

}  // namespace slipway::store
