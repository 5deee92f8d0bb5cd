#include <algorithm>
#include <set>
#include <span>

#include "base/json.h"
#include "base/text.h"
#include "store/limits.h"
#include "store/run_rows.h"
#include "store/runs.h"

namespace slipway::store {
namespace {

constexpr std::string_view kModelHistoryTag = "mlflow.log-model.history";

/// A string as Python prints it, for messages that clients compare.
std::string python_text(std::string_view text) {
  const char quote =
      text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"'
                                                                                            : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  out.push_back(quote);
  return out;
}

Result<void> check_unique(const std::vector<Param>& params) {
  std::set<std::string_view> seen;
  std::string repeated;
  for (const Param& param : params) {
    if (seen.insert(param.key).second) continue;
    repeated += (repeated.empty() ? "" : ", ") + python_text(param.key);
  }
  if (repeated.empty()) return {};
  return fail(Code::invalid_parameter_value,
              "Duplicate parameter keys have been submitted: [{}]. Please ensure the request "
              "contains only one param value per param key.",
              repeated);
}

Result<void> check_metric(const Metric& metric, std::string_view path) {
  TRY(check_metric_key(metric.key, path));
  if (metric.dataset_name.empty() != metric.dataset_digest.empty()) {
    return fail(Code::invalid_parameter_value,
                "Both dataset_name and dataset_digest must be provided if one is provided");
  }
  if (metric.timestamp_ms >= 0) return {};
  return fail(Code::invalid_parameter_value,
              "Invalid value {} for parameter '{}timestamp' supplied: metric '{}' (value={}). "
              "Timestamp must be a nonnegative long (64-bit integer) ",
              metric.timestamp_ms, path, metric.key, to_ascii_text(Json(metric.value)));
}

enum class Outcome { added, same, other };

/// Inserts a param unless the run has one of its key; `held` is then that one's value.
Result<Outcome> insert_param(db::Connection& conn, const RunRow& run, const Param& param,
                             std::string& held) {
  const int64_t name_id = TRY(intern_name(conn, param.key));
  TRY(
      conn.exec("INSERT INTO params (run_key, name_id, experiment_id, value) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (run_key, name_id) DO NOTHING",
                run.key, name_id, run.experiment_key, param.value));
  if (conn.changes() > 0) return Outcome::added;
  const auto value = TRY(
      conn.text("SELECT value FROM params WHERE run_key = ? AND name_id = ?", run.key, name_id));
  held = value.value_or("");
  return held == param.value ? Outcome::same : Outcome::other;
}

constexpr size_t kMostAtOnce = 25;

/// The statement that inserts `n_params`, for each number up to kMostAtOnce.
const std::string& insert_sql(size_t n_params) {
  static const std::vector<std::string> statements = [] {
    std::vector<std::string> out;
    std::string rows;
    for (size_t n = 0; n <= kMostAtOnce; ++n) {
      out.push_back("INSERT INTO params (run_key, name_id, experiment_id, value) VALUES " + rows +
                    " ON CONFLICT (run_key, name_id) DO NOTHING RETURNING name_id");
      rows += n == 0 ? "(?,?,?,?)" : ",(?,?,?,?)";
    }
    return out;
  }();
  return statements[n_params];
}

/// Inserts those params whose keys the run does not have yet; many share a statement. Gives the
/// numbers of their keys.
Result<std::set<int64_t>> insert_new(db::Connection& conn, const RunRow& run,
                                     std::span<const Param> params) {
  std::set<int64_t> added;
  std::vector<db::Value> values;
  while (!params.empty()) {
    const size_t n_params = std::min(params.size(), kMostAtOnce);
    values.clear();
    for (const Param& param : params.first(n_params)) {
      const int64_t name_id = TRY(intern_name(conn, param.key));
      values.insert(values.end(), {run.key, name_id, run.experiment_key, param.value});
    }
    auto cursor = TRY(conn.query_values(insert_sql(n_params), values));
    while (TRY(cursor.next())) added.insert(cursor.row().integer(0));
    params = params.subspan(n_params);
  }
  return added;
}

Result<void> insert_params(db::Connection& conn, const RunRow& run, std::string_view run_id,
                           const std::vector<Param>& params) {
  const std::set<int64_t> added = TRY(insert_new(conn, run, params));
  std::string conflicts;
  for (const Param& param : params) {
    if (added.size() == params.size()) break;
    const int64_t name_id = TRY(intern_name(conn, param.key));
    if (added.contains(name_id)) continue;
    std::string held;
    const Outcome outcome = TRY(insert_param(conn, run, param, held));
    if (outcome != Outcome::other) continue;
    conflicts += fmt::format("{}{{'key': {}, 'old_value': {}, 'new_value': {}}}",
                             conflicts.empty() ? "" : ", ", python_text(param.key),
                             python_text(held), python_text(param.value));
  }
  if (conflicts.empty()) return {};
  return fail(Code::invalid_parameter_value,
              "Changing param values is not allowed. Params were already logged='[{}]' for run "
              "ID='{}'.",
              conflicts, run_id);
}

Result<void> put_tag(db::Connection& conn, const RunRow& run, const Tag& tag) {
  TRY(put_run_tag(conn, run, tag));
  return rename_by_tag(conn, run, tag);
}

}  // namespace

Result<void> log_batch(db::Connection& conn, std::string_view run_id,
                       const std::vector<Metric>& metrics, const std::vector<Param>& params,
                       const std::vector<Tag>& tags) {
  TRY(check_run_id(run_id));
  TRY(check_batch_size(metrics.size(), params.size(), tags.size()));
  for (size_t i = 0; i < metrics.size(); ++i) {
    TRY(check_metric(metrics[i], fmt::format("metrics[{}].", i)));
  }
  std::vector<Param> checked_params;
  for (size_t i = 0; i < params.size(); ++i) {
    Param param = TRY(checked_param(params[i], fmt::format("params[{}].", i)));
    checked_params.push_back(std::move(param));
  }
  std::vector<Tag> checked_tags;
  for (size_t i = 0; i < tags.size(); ++i) {
    Tag tag = TRY(checked_run_tag(tags[i], fmt::format("tags[{}].", i)));
    checked_tags.push_back(std::move(tag));
  }
  TRY(check_unique(checked_params));
  const RunRow run = TRY(active_run(conn, run_id));
  TRY(insert_params(conn, run, run_id, checked_params));
  TRY(append_metrics(conn, run, run_id, metrics));
  for (const Tag& tag : checked_tags) TRY(put_tag(conn, run, tag));
  return {};
}

Result<void> log_param(db::Connection& conn, std::string_view run_id, const Param& param) {
  const Param checked = TRY(checked_param(param, ""));
  const RunRow run = TRY(active_run(conn, run_id));
  std::string held;
  const Outcome outcome = TRY(insert_param(conn, run, checked, held));
  if (outcome != Outcome::other) return {};
  return fail(Code::invalid_parameter_value,
              "Changing param values is not allowed. Param with key='{}' was already logged with "
              "value='{}' for run ID='{}'. Attempted logging new value '{}'.",
              checked.key, held, run_id, checked.value);
}

Result<void> log_metric(db::Connection& conn, std::string_view run_id, const Metric& metric) {
  TRY(check_metric(metric, ""));
  const RunRow run = TRY(active_run(conn, run_id));
  return append_metrics(conn, run, run_id, {metric});
}

Result<void> set_run_tag(db::Connection& conn, std::string_view run_id, const Tag& tag) {
  const Tag checked = TRY(checked_run_tag(tag, ""));
  const RunRow run = TRY(active_run(conn, run_id));
  return put_tag(conn, run, checked);
}

Result<void> delete_run_tag(db::Connection& conn, std::string_view run_id, std::string_view key) {
  const RunRow run = TRY(active_run(conn, run_id));
  const int64_t name_id = TRY(find_name(conn, key));
  TRY(conn.exec("DELETE FROM run_tags WHERE run_key = ? AND name_id = ?", run.key, name_id));
  if (conn.changes() > 0) return {};
  return fail(Code::resource_does_not_exist, "No tag with name: {} in run with id {}", key, run_id);
}

Result<void> log_legacy_model(db::Connection& conn, std::string_view run_id,
                              std::string_view model_json) {
  const auto model = parse_json(model_json);
  if (!model.ok()) {
    return fail(Code::invalid_parameter_value,
                "Malformed model info. \n {} \n is not a valid JSON.", model_json);
  }
  std::vector<std::string> missing;
  for (const std::string_view member : {"artifact_path", "flavors", "run_id", "utc_time_created"}) {
    if (find(*model, member) == nullptr) missing.push_back(fmt::format("'{}'", member));
  }
  if (!missing.empty()) {
    return fail(Code::invalid_parameter_value, "Model json is missing mandatory fields: {{{}}}",
                join(missing, ", "));
  }
  const RunRow run = TRY(active_run(conn, run_id));
  const int64_t name_id = TRY(intern_name(conn, kModelHistoryTag));
  const auto held = TRY(
      conn.text("SELECT value FROM run_tags WHERE run_key = ? AND name_id = ?", run.key, name_id));
  const Json history = TRY(parse_json(held.value_or("[]")));
  JsonArray models;
  if (history.is_array()) models = history.get_array();
  models.push_back(*model);
  return put_run_tag(conn, run, {std::string(kModelHistoryTag), to_text(models)});
}

}  // namespace slipway::store
