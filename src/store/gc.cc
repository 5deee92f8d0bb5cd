#include "store/gc.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace slipway::store {
namespace {

constexpr std::string_view kGiven = "(SELECT value FROM json_each(?))";

std::string json_list(std::span<const int64_t> keys) {
  std::string out = "[";
  for (const auto key : keys) fmt::format_to(std::back_inserter(out), "{},", key);
  if (keys.empty()) out += ']';
  out.back() = ']';
  return out;
}

Result<std::vector<int64_t>> keys_of(db::Connection& conn, std::string_view sql, int64_t value) {
  std::vector<int64_t> keys;
  TRY(conn.for_each(sql, [&](const db::Row& row) { keys.push_back(row.integer(0)); }, value));
  return keys;
}

void keep_once(std::vector<int64_t>& keys) {
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
}

// One kind of thing that can be named: how it is found, and what MLflow says of it.
struct Kind {
  std::string_view noun;    // "Run"
  std::string_view plural;  // "runs"
  std::string_view sql;     // key, deleted, time of deletion; of one id
};

constexpr Kind kRun = {"Run", "runs",
                       "SELECT run_key, deleted, deleted_time_ms FROM runs WHERE run_id = ?"};
constexpr Kind kModel = {"Logged model", "logged models",
                         "SELECT model_key, deleted, last_updated_timestamp_ms FROM logged_models"
                         " WHERE model_id = ?"};
constexpr Kind kExperiment = {
    "Experiment", "experiments",
    "SELECT experiment_id, deleted, last_update_time_ms FROM experiments WHERE experiment_id = ?"};

// Find what one id names and add its key.
template <typename Id>
Result<void> find_one(db::Connection& conn, const Kind& kind, const Id& id,
                      const GcRequest& request, std::vector<int64_t>& keys) {
  auto cursor = TRY(conn.query(kind.sql, id));
  const bool found = TRY(cursor.next());
  if (!found && request.ignores_missing) return {};
  if (!found) {
    return fail(Code::resource_does_not_exist, "{} with id={} not found", kind.noun, id);
  }
  const int64_t key = cursor.row().integer(0);
  if (cursor.row().integer(1) == 0) {
    return fail(Code::invalid_parameter_value,
                "{} {} is not in `deleted` lifecycle stage. Only {} in `deleted` lifecycle stage "
                "can be deleted.",
                kind.noun, id, kind.plural);
  }
  if (!request.older_than.empty() && cursor.row().integer(2) > request.deleted_through_ms) {
    return fail(Code::invalid_parameter_value,
                "{} {} is not older than the required age. Only {} older than {} can be deleted.",
                kind.noun, id, kind.plural, request.older_than);
  }
  keys.push_back(key);
  return {};
}

Result<void> find_named(db::Connection& conn, const GcRequest& request, GcFound& found) {
  for (const auto& id : request.run_ids) TRY(find_one(conn, kRun, id, request, found.run_keys));
  for (const auto& id : request.logged_model_ids) {
    TRY(find_one(conn, kModel, id, request, found.model_keys));
  }
  for (const auto& id : request.experiment_ids) {
    const auto number = to_integer(id);
    if (!number) {
      return fail(Code::invalid_parameter_value, "Invalid experiment id '{}': a number is accepted",
                  id);
    }
    TRY(find_one(conn, kExperiment, *number, request, found.experiment_ids));
  }
  return {};
}

Result<void> delete_rows(db::Connection& conn, std::initializer_list<std::string_view> tables,
                         std::string_view column, const std::string& list) {
  for (const auto table : tables) {
    TRY(conn.exec(fmt::format("DELETE FROM {} WHERE {} IN {}", table, column, kGiven), list));
  }
  return {};
}

Result<void> note_artifacts(db::Connection& conn, std::string_view table, std::string_view column,
                            const std::string& list) {
  return conn.exec(fmt::format("INSERT INTO freed_artifacts (artifact_uri) SELECT artifact_uri FROM"
                               " {} WHERE {} IN {} ON CONFLICT DO NOTHING",
                               table, column, kGiven),
                   list);
}

// Those of `keys` that are deleted still: someone may have restored one meanwhile.
Result<std::vector<int64_t>> still_deleted(db::Connection& conn, std::string_view table,
                                           std::string_view column, std::span<const int64_t> keys) {
  std::vector<int64_t> still;
  TRY(conn.for_each(
      fmt::format("SELECT {} FROM {} WHERE deleted = 1 AND {} IN {}", column, table, column,
                  kGiven),
      [&](const db::Row& row) { still.push_back(row.integer(0)); }, json_list(keys)));
  return still;
}

Result<void> free_experiment(db::Connection& conn, int64_t key) {
  const auto list = json_list({&key, 1});
  // the folder of its own, where it has one and no other experiment keeps files there
  TRY(conn.exec(
      "INSERT INTO freed_artifacts (artifact_uri) SELECT artifact_location FROM"
      " experiments WHERE experiment_id = ? AND artifact_location = ?"
      " AND (SELECT COUNT(*) FROM experiments WHERE artifact_location = ?) = 1"
      " ON CONFLICT DO NOTHING",
      key, fmt::format("mlflow-artifacts:/{}", key), fmt::format("mlflow-artifacts:/{}", key)));
  TRY(delete_rows(conn, {"datasets", "experiment_tags", "experiments"}, "experiment_id", list));
  // a later experiment may get the same id, and must not get the grants with it
  TRY(conn.exec("DELETE FROM grants WHERE resource_type = 'experiment' AND resource_pattern = ?",
                std::to_string(key)));
  if (conn.changes() == 0) return {};
  return conn.exec("UPDATE access_generation SET generation = generation + 1");
}

}  // namespace

// Source   mlflow 3.17.2: days, hours, minutes and seconds in this order, each with a fraction.
Result<int64_t> parse_age_ms(std::string_view text) {
  constexpr std::pair<char, double> kUnits[] = {
      {'d', 86'400'000.0}, {'h', 3'600'000.0}, {'m', 60'000.0}, {'s', 1000.0}};
  const auto wrong = fail(Code::invalid_parameter_value,
                          "Could not parse any time information from '{}'. Examples of valid "
                          "strings: '8h', '2d8h5m20s', '2m4s'",
                          text);
  double sum_ms = 0;
  auto rest = text;
  for (const auto& [unit, unit_ms] : kUnits) {
    const auto end = rest.find_first_not_of("0123456789.");
    if (end == rest.npos || rest[end] != unit) continue;
    const auto number = to_number(rest.substr(0, end));
    if (!number) return wrong;
    sum_ms += *number * unit_ms;
    rest.remove_prefix(end + 1);
  }
  if (text.empty() || !rest.empty() || sum_ms > 9e15) return wrong;
  return static_cast<int64_t>(sum_ms);
}

Result<GcFound> find_deleted(db::Connection& conn, const GcRequest& request) {
  GcFound found;
  TRY(find_named(conn, request, found));
  if (request.names_nothing()) {
    const auto through_ms = request.deleted_through_ms;
    found.run_keys = TRY(keys_of(
        conn, "SELECT run_key FROM runs WHERE deleted = 1 AND deleted_time_ms <= ?", through_ms));
    found.model_keys = TRY(keys_of(conn,
                                   "SELECT model_key FROM logged_models WHERE deleted = 1"
                                   " AND last_updated_timestamp_ms <= ?",
                                   through_ms));
    found.experiment_ids = TRY(keys_of(conn,
                                       "SELECT experiment_id FROM experiments WHERE deleted = 1"
                                       " AND last_update_time_ms <= ?",
                                       through_ms));
  }
  for (const auto id : found.experiment_ids) {
    const auto runs = TRY(keys_of(conn, "SELECT run_key FROM runs WHERE experiment_id = ?", id));
    found.run_keys.insert(found.run_keys.end(), runs.begin(), runs.end());
    const auto models =
        TRY(keys_of(conn, "SELECT model_key FROM logged_models WHERE experiment_id = ?", id));
    found.model_keys.insert(found.model_keys.end(), models.begin(), models.end());
  }
  keep_once(found.run_keys);
  keep_once(found.model_keys);
  keep_once(found.experiment_ids);
  return found;
}

Result<int64_t> free_runs(db::Connection& conn, std::span<const int64_t> keys) {
  const auto still = TRY(still_deleted(conn, "runs", "run_key", keys));
  const auto list = json_list(still);
  TRY(note_artifacts(conn, "runs", "run_key", list));
  // searches remember runs, and a later one may get the same key
  TRY(conn.exec(fmt::format("INSERT INTO run_changes (run_key) SELECT run_key FROM runs"
                            " WHERE run_key IN {}",
                            kGiven),
                list));
  TRY(conn.exec(fmt::format("DELETE FROM logged_model_metrics WHERE run_id IN"
                            " (SELECT run_id FROM runs WHERE run_key IN {})",
                            kGiven),
                list));
  TRY(delete_rows(conn,
                  {"metric_log", "metric_chunks", "latest_metrics", "params", "run_tags",
                   "run_dataset_tags", "run_datasets", "run_models", "runs"},
                  "run_key", list));
  return static_cast<int64_t>(still.size());
}

Result<int64_t> free_logged_models(db::Connection& conn, std::span<const int64_t> keys) {
  // those of a deleted experiment go with it, deleted themselves or not
  std::vector<int64_t> still;
  TRY(conn.for_each(
      fmt::format("SELECT m.model_key FROM logged_models m JOIN experiments e ON e.experiment_id ="
                  " m.experiment_id WHERE (m.deleted = 1 OR e.deleted = 1) AND m.model_key IN {}",
                  kGiven),
      [&](const db::Row& row) { still.push_back(row.integer(0)); }, json_list(keys)));
  const auto list = json_list(still);
  TRY(note_artifacts(conn, "logged_models", "model_key", list));
  TRY(conn.exec(fmt::format("INSERT INTO run_changes (run_key) SELECT run_key FROM run_models"
                            " WHERE model_id IN (SELECT model_id FROM logged_models"
                            " WHERE model_key IN {})",
                            kGiven),
                list));
  TRY(conn.exec(fmt::format("DELETE FROM run_models WHERE model_id IN"
                            " (SELECT model_id FROM logged_models WHERE model_key IN {})",
                            kGiven),
                list));
  TRY(delete_rows(
      conn, {"logged_model_metrics", "logged_model_params", "logged_model_tags", "logged_models"},
      "model_key", list));
  return static_cast<int64_t>(still.size());
}

Result<int64_t> free_experiments(db::Connection& conn, std::span<const int64_t> keys) {
  const auto still = TRY(still_deleted(conn, "experiments", "experiment_id", keys));
  int64_t n_freed = 0;
  for (const auto key : still) {
    const auto n_inside =
        TRY(conn.integer("SELECT (SELECT COUNT(*) FROM runs WHERE experiment_id = ?) +"
                         " (SELECT COUNT(*) FROM logged_models WHERE experiment_id = ?)",
                         key, key));
    if (n_inside.value_or(0) > 0) continue;
    TRY(free_experiment(conn, key));
    ++n_freed;
  }
  return n_freed;
}

Result<std::vector<std::string>> freed_artifacts(db::Connection& conn, int64_t limit) {
  std::vector<std::string> addresses;
  TRY(conn.for_each(
      "SELECT artifact_uri FROM freed_artifacts ORDER BY artifact_uri LIMIT ?",
      [&](const db::Row& row) { addresses.emplace_back(row.text(0)); }, limit));
  return addresses;
}

Result<void> forget_artifacts(db::Connection& conn, const std::vector<std::string>& addresses) {
  for (const auto& address : addresses) {
    TRY(conn.exec("DELETE FROM freed_artifacts WHERE artifact_uri = ?", address));
  }
  return {};
}

}  // namespace slipway::store
