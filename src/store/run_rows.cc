#include "store/run_rows.h"

#include <limits>

#include "store/limits.h"
#include "store/rows.h"
#include "store/run_changes.h"

namespace slipway::store {
namespace {

constexpr std::string_view kInfo =
    "SELECT run_key, run_id, experiment_id, run_name, user_id, status, start_time_ms,"
    " end_time_ms, artifact_uri, deleted FROM runs WHERE run_key = ?";

RunInfo info_of(const db::Row& row) {
  RunInfo info;
  info.run_id = row.text(1);
  info.experiment_id = std::to_string(row.integer(2));
  info.run_name = row.text(3);
  info.user_id = row.text(4);
  info.status = static_cast<RunStatus>(row.integer(5));
  info.start_time_ms = row.integer(6);
  info.end_time_ms = row.optional_integer(7);
  info.artifact_uri = row.text(8);
  info.lifecycle_stage = row.integer(9) == 0 ? LifecycleStage::active : LifecycleStage::deleted;
  return info;
}

/// Give the name behind an integer.
Result<std::string> name_of(db::Connection& conn, int64_t name_id) {
  if (const std::string* const known = conn.remembered(name_id)) return *known;
  const auto name = TRY(conn.text("SELECT name FROM names WHERE name_id = ?", name_id));
  if (!name) return fail(Code::data_loss, "no name has the number {}", name_id);
  conn.remember(name_id, *name);
  return *name;
}

Result<void> load_metrics(db::Connection& conn, const PageKeys& page, std::vector<Run>& runs) {
  constexpr std::string_view kSql =
      "SELECT run_key, name_id, value, timestamp_ms, step FROM latest_metrics"
      " WHERE run_key IN (SELECT value FROM json_each(?))";
  const auto add = [&](const db::Row& row) -> Result<void> {
    Metric& metric = runs[page.place(row.integer(0))].metrics.emplace_back();
    metric.key = TRY(name_of(conn, row.integer(1)));
    metric.value = row.is_null(2) ? std::numeric_limits<double>::quiet_NaN() : row.real(2);
    metric.timestamp_ms = row.integer(3);
    metric.step = row.integer(4);
    return {};
  };
  return conn.for_each(kSql, add, page.list());
}

Result<void> load_params(db::Connection& conn, const PageKeys& page, std::vector<Run>& runs) {
  constexpr std::string_view kSql =
      "SELECT run_key, name_id, value FROM params"
      " WHERE run_key IN (SELECT value FROM json_each(?))";
  const auto add = [&](const db::Row& row) -> Result<void> {
    std::string name = TRY(name_of(conn, row.integer(1)));
    runs[page.place(row.integer(0))].params.push_back({std::move(name), row.text(2)});
    return {};
  };
  return conn.for_each(kSql, add, page.list());
}

Result<void> load_tags(db::Connection& conn, const PageKeys& page, std::vector<Run>& runs) {
  constexpr std::string_view kSql =
      "SELECT run_key, name_id, value FROM run_tags"
      " WHERE run_key IN (SELECT value FROM json_each(?))";
  const auto add = [&](const db::Row& row) -> Result<void> {
    std::string name = TRY(name_of(conn, row.integer(1)));
    runs[page.place(row.integer(0))].tags.push_back({std::move(name), row.text(2)});
    return {};
  };
  return conn.for_each(kSql, add, page.list());
}

}  // namespace

Result<RunRow> find_run(db::Connection& conn, std::string_view run_id) {
  auto cursor =
      TRY(conn.query("SELECT run_key, experiment_id, deleted FROM runs WHERE run_id = ?", run_id));
  if (!TRY(cursor.next())) {
    return fail(Code::resource_does_not_exist, "Run with id={} not found", run_id);
  }
  const db::Row row = cursor.row();
  return RunRow{row.integer(0), row.integer(1), row.integer(2) != 0};
}

Result<RunRow> active_run(db::Connection& conn, std::string_view run_id) {
  const RunRow run = TRY(find_run(conn, run_id));
  if (run.deleted) {
    return fail(Code::invalid_parameter_value,
                "The run {} must be in the 'active' state. Current state is deleted.", run_id);
  }
  TRY(note_change(conn, run.key));
  return run;
}

Result<int64_t> find_name(db::Connection& conn, std::string_view name) {
  if (const auto known = conn.remembered(name)) return *known;
  const auto id = TRY(conn.integer("SELECT name_id FROM names WHERE name = ?", name));
  if (id) conn.remember(*id, name);
  return id.value_or(-1);
}

Result<int64_t> intern_name(db::Connection& conn, std::string_view name) {
  const int64_t id = TRY(find_name(conn, name));
  if (id >= 0) return id;
  return conn.insert("INSERT INTO names (name) VALUES (?) RETURNING name_id", name);
}

Result<void> put_run_tag(db::Connection& conn, const RunRow& run, const Tag& tag) {
  const int64_t name_id = TRY(intern_name(conn, tag.key));
  return conn.exec_later(
      "INSERT INTO run_tags (run_key, name_id, experiment_id, value) VALUES (?, ?, ?, ?)"
      " ON CONFLICT (run_key, name_id) DO UPDATE SET value = excluded.value",
      run.key, name_id, run.experiment_key, tag.value);
}

Result<RunInfo> load_run_info(db::Connection& conn, int64_t key) {
  auto cursor = TRY(conn.query(kInfo, key));
  if (!TRY(cursor.next())) return fail(Code::resource_does_not_exist, "Run not found");
  return info_of(cursor.row());
}

Result<std::vector<Run>> load_runs(db::Connection& conn, const std::vector<int64_t>& keys) {
  std::vector<Run> runs;
  std::vector<int64_t> found;
  for (const int64_t key : keys) {
    auto cursor = TRY(conn.query(kInfo, key));
    if (!TRY(cursor.next())) continue;
    Run run;
    run.info = info_of(cursor.row());
    runs.push_back(std::move(run));
    found.push_back(key);
  }
  if (found.empty()) return runs;
  const PageKeys page(found);
  TRY(load_metrics(conn, page, runs));
  TRY(load_params(conn, page, runs));
  TRY(load_tags(conn, page, runs));
  TRY(load_inputs(conn, found, runs));
  return runs;
}

}  // namespace slipway::store
