#include "store/runs.h"

#include "base/clock.h"
#include "base/id.h"
#include "store/experiment_rows.h"
#include "store/limits.h"
#include "store/run_changes.h"
#include "store/run_names.h"
#include "store/run_rows.h"

namespace slipway::store {
namespace {

constexpr std::string_view kRunNameTag = "mlflow.runName";

struct StatusRow {
  RunStatus status;
  std::string_view name;
};

constexpr StatusRow kStatuses[] = {{RunStatus::running, "RUNNING"},
                                   {RunStatus::scheduled, "SCHEDULED"},
                                   {RunStatus::finished, "FINISHED"},
                                   {RunStatus::failed, "FAILED"},
                                   {RunStatus::killed, "KILLED"}};

std::string_view tagged_name(const std::vector<Tag>& tags) {
  std::string_view name;
  for (const Tag& tag : tags) {
    if (tag.key == kRunNameTag) name = tag.value;
  }
  return name;
}

Result<std::string> chosen_name(const NewRun& request) {
  const std::string_view tagged = tagged_name(request.tags);
  if (!request.run_name.empty() && !tagged.empty() && request.run_name != tagged) {
    return fail(Code::invalid_parameter_value,
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with "
                "different values (run_name='{}', mlflow.runName='{}').",
                request.run_name, tagged);
  }
  if (!request.run_name.empty()) return request.run_name;
  return tagged.empty() ? invented_name() : std::string(tagged);
}

std::string run_artifact_uri(std::string_view location, std::string_view run_id) {
  return below_location(location, fmt::format("{}/artifacts", run_id));
}

/// Puts a tag where its key stands, or at the end.
void keep(std::vector<Tag>& tags, const Tag& tag) {
  for (Tag& held : tags) {
    if (held.key != tag.key) continue;
    held.value = tag.value;
    return;
  }
  tags.push_back(tag);
}

/// Moves a run from one stage to the other; one that is there already stays as it is.
Result<void> change_stage(db::Connection& conn, std::string_view run_id, bool deleted) {
  const RunRow run = TRY(find_run(conn, run_id));
  TRY(note_change(conn, run.key));
  const auto deleted_time_ms = deleted ? std::optional<int64_t>(now_ms()) : std::nullopt;
  return conn.exec(
      "UPDATE runs SET deleted = ?, deleted_time_ms = ? WHERE run_key = ? AND deleted = ?", deleted,
      deleted_time_ms, run.key, !deleted);
}

}  // namespace

std::string_view run_status_name(RunStatus status) {
  for (const StatusRow& row : kStatuses) {
    if (row.status == status) return row.name;
  }
  return "RUNNING";
}

std::optional<RunStatus> run_status_from_name(std::string_view name) {
  for (const StatusRow& row : kStatuses) {
    if (row.name == name) return row.status;
  }
  return std::nullopt;
}

Result<Run> create_run(db::Connection& conn, const NewRun& request) {
  const ExperimentRow experiment = TRY(active_experiment(conn, request.experiment_id));
  const std::string run_name = TRY(chosen_name(request));
  Run made;
  made.info.run_id = random_hex(16);
  made.info.experiment_id = std::to_string(experiment.key);
  made.info.run_name = run_name;
  made.info.user_id = request.user_id;
  made.info.status = RunStatus::running;
  made.info.start_time_ms = request.start_time_ms;
  made.info.artifact_uri = run_artifact_uri(experiment.artifact_location, made.info.run_id);
  const int64_t key = TRY(conn.insert(
      "INSERT INTO runs (run_id, experiment_id, run_name, user_id, status,"
      " start_time_ms, artifact_uri) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING run_key",
      made.info.run_id, experiment.key, run_name, request.user_id,
      static_cast<int64_t>(RunStatus::running), request.start_time_ms, made.info.artifact_uri));
  const RunRow run{key, experiment.key, false};
  TRY(note_change(conn, run.key));
  // neither checked nor cut, unlike those set later, as on mlflow 3.17.2
  for (const Tag& tag : request.tags) {
    TRY(put_run_tag(conn, run, tag));
    keep(made.tags, tag);
  }
  const Tag name_tag{std::string(kRunNameTag), run_name};
  TRY(put_run_tag(conn, run, name_tag));
  keep(made.tags, name_tag);
  return made;
}

Result<Run> get_run(db::Connection& conn, std::string_view run_id) {
  const RunRow row = TRY(find_run(conn, run_id));
  auto runs = TRY(load_runs(conn, {row.key}));
  return std::move(runs.front());
}

Result<RunInfo> get_run_info(db::Connection& conn, std::string_view run_id) {
  const RunRow row = TRY(find_run(conn, run_id));
  return load_run_info(conn, row.key);
}

Result<RunInfo> update_run(db::Connection& conn, std::string_view run_id, const RunUpdate& update) {
  const RunRow run = TRY(active_run(conn, run_id));
  if (update.status) {
    TRY(conn.exec("UPDATE runs SET status = ? WHERE run_key = ?",
                  static_cast<int64_t>(*update.status), run.key));
  }
  if (update.end_time_ms) {
    TRY(conn.exec("UPDATE runs SET end_time_ms = ? WHERE run_key = ?", *update.end_time_ms,
                  run.key));
  }
  if (update.run_name && !update.run_name->empty()) {
    TRY(set_run_tag(conn, run_id, {std::string(kRunNameTag), *update.run_name}));
  }
  return load_run_info(conn, run.key);
}

Result<void> delete_run(db::Connection& conn, std::string_view run_id) {
  return change_stage(conn, run_id, true);
}

Result<void> restore_run(db::Connection& conn, std::string_view run_id) {
  return change_stage(conn, run_id, false);
}

Result<void> rename_by_tag(db::Connection& conn, const RunRow& run, const Tag& tag) {
  if (tag.key != kRunNameTag) return {};
  return conn.exec("UPDATE runs SET run_name = ? WHERE run_key = ?", tag.value, run.key);
}

}  // namespace slipway::store
