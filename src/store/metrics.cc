#include "store/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <tuple>
#include <unordered_map>

#include "store/run_rows.h"

namespace slipway::store {
namespace {

db::Value stored(double value) {
  if (std::isnan(value)) return nullptr;
  return value;
}

double clamped(double value) {
  constexpr double kMax = std::numeric_limits<double>::max();
  return std::isinf(value) ? std::copysign(kMax, value) : value;
}

bool is_later(const MetricPoint& a, const MetricPoint& b) {
  return std::tuple(a.step, a.timestamp_ms, a.rank()) >
         std::tuple(b.step, b.timestamp_ms, b.rank());
}

/// The statement that raises the latest values of `n_series` keys, where they rise.
std::string raise_sql(size_t n_series) {
  std::string sql =
      "INSERT INTO latest_metrics (run_key, name_id, experiment_id, value, timestamp_ms, step)"
      " VALUES ";
  for (size_t i = 0; i < n_series; ++i) sql += i == 0 ? "(?,?,?,?,?,?)" : ",(?,?,?,?,?,?)";
  return sql +
         " ON CONFLICT (run_key, name_id) DO UPDATE SET value = excluded.value,"
         " timestamp_ms = excluded.timestamp_ms, step = excluded.step"
         " WHERE (excluded.step, excluded.timestamp_ms, coalesce(excluded.value, 0.0)) >"
         " (latest_metrics.step, latest_metrics.timestamp_ms, coalesce(latest_metrics.value, 0.0))";
}

const MetricPoint& latest_of(const MetricSeries& series) {
  return *std::max_element(series.points.begin(), series.points.end(),
                           [](const auto& a, const auto& b) { return is_later(b, a); });
}

/// Many keys share a statement: half of what one costs is the statement, not the row.
Result<void> raise_latest(db::Connection& conn, const RunRow& run,
                          std::span<const MetricSeries> batch) {
  constexpr size_t kMany = 25;
  static const std::string many_sql = raise_sql(kMany);
  static const std::string one_sql = raise_sql(1);
  std::vector<db::Value> values;
  while (!batch.empty()) {
    const size_t n_series = batch.size() >= kMany ? kMany : 1;
    values.clear();
    for (const MetricSeries& series : batch.first(n_series)) {
      const MetricPoint& latest = latest_of(series);
      values.emplace_back(run.key);
      values.emplace_back(series.name_id);
      values.emplace_back(run.experiment_key);
      values.push_back(stored(latest.value));
      values.emplace_back(latest.timestamp_ms);
      values.emplace_back(latest.step);
    }
    TRY(conn.exec_values_later(n_series == kMany ? many_sql : one_sql, values));
    batch = batch.subspan(n_series);
  }
  return {};
}

Result<void> keep_for_model(db::Connection& conn, std::string_view run_id, const Metric& metric) {
  const auto model_key =
      TRY(conn.integer("SELECT model_key FROM logged_models WHERE model_id = ?", metric.model_id));
  if (!model_key) {
    return fail(Code::bad_request, "Metric '{}' names the logged model '{}', which does not exist",
                metric.key, metric.model_id);
  }
  const db::Value values[] = {*model_key,          metric.key,
                              metric.timestamp_ms, metric.step,
                              std::string(run_id), stored(clamped(metric.value)),
                              metric.dataset_name, metric.dataset_digest};
  return conn.exec_values_later(
      "INSERT INTO logged_model_metrics (model_key, key, timestamp_ms, step, run_id, value,"
      " dataset_name, dataset_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      values);
}

}  // namespace

Result<void> append_metrics(db::Connection& conn, const RunRow& run, std::string_view run_id,
                            const std::vector<Metric>& metrics) {
  if (metrics.empty()) return {};
  std::vector<MetricSeries> batch;
  std::unordered_map<std::string_view, size_t> places;
  for (const Metric& metric : metrics) {
    const auto [place, is_new] = places.try_emplace(metric.key, batch.size());
    if (is_new) {
      const int64_t name_id = TRY(intern_name(conn, metric.key));
      batch.push_back({name_id, {}});
    }
    batch[place->second].points.push_back(
        {clamped(metric.value), metric.timestamp_ms, metric.step});
  }
  TRY(conn.exec_later("INSERT INTO metric_log (run_key, points) VALUES (?, ?)", run.key,
                      db::Blob{encode_batch(batch)}));
  std::sort(batch.begin(), batch.end(),
            [](const auto& a, const auto& b) { return a.name_id < b.name_id; });
  TRY(raise_latest(conn, run, batch));
  for (const Metric& metric : metrics) {
    if (!metric.model_id.empty()) TRY(keep_for_model(conn, run_id, metric));
  }
  return {};
}

}  // namespace slipway::store
