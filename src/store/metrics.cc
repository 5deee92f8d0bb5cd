#include "store/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <tuple>
#include <unordered_map>

#include "store/limits.h"
#include "store/run_rows.h"

namespace slipway::store {
namespace {

constexpr size_t kMaxBulkRuns = 100;

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
    TRY(conn.exec_values(n_series == kMany ? many_sql : one_sql, values));
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
  return conn.exec_values(
      "INSERT INTO logged_model_metrics (model_key, key, timestamp_ms, step, run_id, value,"
      " dataset_name, dataset_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      values);
}

Metric metric_of(std::string_view key, const MetricPoint& point) {
  Metric out;
  out.key = key;
  out.value = point.value;
  out.timestamp_ms = point.timestamp_ms;
  out.step = point.step;
  return out;
}

Result<void> check_bulk(const std::vector<std::string>& run_ids, int64_t max_results,
                        int64_t most) {
  if (run_ids.size() > kMaxBulkRuns) {
    return fail(
        Code::invalid_parameter_value,
        "GetMetricHistoryBulk request must specify at most {} run_ids. Received {} run_ids.",
        kMaxBulkRuns, run_ids.size());
  }
  if (max_results >= 1 && max_results <= most) return {};
  return fail(Code::invalid_parameter_value, "max_results must be between 1 and {}.", most);
}

/// Chooses about `max_results` of the steps, evenly, the last one among them.
std::set<int64_t> sampled(const std::set<int64_t>& steps, size_t max_results) {
  if (steps.size() <= max_results) return steps;
  std::set<int64_t> out;
  const double interval = static_cast<double>(steps.size()) / static_cast<double>(max_results);
  double next = 0;
  size_t place = 0;
  for (const int64_t step : steps) {
    if (static_cast<double>(place) >= next) {
      out.insert(step);
      next += interval;
    }
    place += 1;
  }
  out.insert(*steps.rbegin());
  return out;
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
  TRY(conn.exec("INSERT INTO metric_log (run_key, points) VALUES (?, ?)", run.key,
                db::Blob{encode_batch(batch)}));
  std::sort(batch.begin(), batch.end(),
            [](const auto& a, const auto& b) { return a.name_id < b.name_id; });
  TRY(raise_latest(conn, run, batch));
  for (const Metric& metric : metrics) {
    if (!metric.model_id.empty()) TRY(keep_for_model(conn, run_id, metric));
  }
  return {};
}

Result<std::vector<MetricPoint>> read_history(db::Connection& conn, int64_t run_key,
                                              int64_t name_id) {
  std::vector<MetricPoint> points;
  TRY(conn.for_each(
      "SELECT points FROM metric_log WHERE run_key = ? ORDER BY log_id",
      [&](const db::Row& row) { return decode_batch(row.bytes(0), name_id, points); }, run_key));
  const auto rank = [](const MetricPoint& point) {
    return std::tuple(point.timestamp_ms, point.step, point.rank(), std::isnan(point.value));
  };
  std::sort(points.begin(), points.end(),
            [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  const auto repeats = std::unique(points.begin(), points.end(), [&](const auto& a, const auto& b) {
    return rank(a) == rank(b);
  });
  points.erase(repeats, points.end());
  return points;
}

Result<Page<Metric>> metric_history(db::Connection& conn, std::string_view run_id,
                                    std::string_view key, std::optional<int64_t> max_results,
                                    std::string_view token) {
  if (max_results && *max_results < 1) {
    return fail(Code::invalid_parameter_value,
                "Invalid value {} for parameter 'max_results' supplied. It must be a positive "
                "integer.",
                *max_results);
  }
  const int64_t offset = TRY(page_offset(token));
  const RunRow run = TRY(find_run(conn, run_id));
  const int64_t name_id = TRY(find_name(conn, key));
  Page<Metric> page;
  if (name_id < 0) return page;
  const auto points = TRY(read_history(conn, run.key, name_id));
  const size_t first = std::min(points.size(), static_cast<size_t>(offset));
  const size_t n_left = points.size() - first;
  const size_t n_items = max_results ? std::min(n_left, static_cast<size_t>(*max_results)) : n_left;
  page.items.reserve(n_items);
  for (size_t i = first; i < first + n_items; ++i) page.items.push_back(metric_of(key, points[i]));
  if (n_items < n_left) page.next_page_token = page_token(static_cast<int64_t>(first + n_items));
  return page;
}

Result<std::vector<Metric>> metric_history_bulk(db::Connection& conn,
                                                const std::vector<std::string>& run_ids,
                                                std::string_view key, int64_t max_results) {
  TRY(check_bulk(run_ids, max_results, 25'000));
  const int64_t name_id = TRY(find_name(conn, key));
  std::vector<std::string> sorted_ids = run_ids;
  std::sort(sorted_ids.begin(), sorted_ids.end());
  std::vector<Metric> out;
  for (const std::string& run_id : sorted_ids) {
    const RunRow run = TRY(find_run(conn, run_id));
    const auto points = TRY(read_history(conn, run.key, name_id));
    for (const MetricPoint& point : points) {
      if (out.size() == static_cast<size_t>(max_results)) return out;
      out.push_back(metric_of(key, point));
      out.back().run_id = run_id;
    }
  }
  return out;
}

Result<std::vector<Metric>> metric_history_interval(
    db::Connection& conn, const std::vector<std::string>& run_ids, std::string_view key,
    std::optional<int64_t> start_step, std::optional<int64_t> end_step, int64_t max_results) {
  TRY(check_bulk(run_ids, max_results, 2500));
  if (start_step.has_value() != end_step.has_value()) {
    return fail(Code::invalid_parameter_value,
                "If either start step or end step are specified, both must be specified.");
  }
  if (start_step && *start_step > *end_step) {
    return fail(Code::invalid_parameter_value,
                "end_step must be greater than start_step. Found start_step={} and end_step={}.",
                *start_step, *end_step);
  }
  const int64_t name_id = TRY(find_name(conn, key));
  std::vector<std::vector<MetricPoint>> histories;
  std::set<int64_t> steps;
  std::set<int64_t> ends;  // of each run: kept whatever is sampled
  for (const std::string& run_id : run_ids) {
    const RunRow run = TRY(find_run(conn, run_id));
    auto points = TRY(read_history(conn, run.key, name_id));
    std::erase_if(points, [&](const MetricPoint& point) {
      return start_step && (point.step < *start_step || point.step > *end_step);
    });
    std::stable_sort(points.begin(), points.end(),
                     [](const auto& a, const auto& b) { return a.step < b.step; });
    for (const MetricPoint& point : points) steps.insert(point.step);
    if (!points.empty()) ends.insert({points.front().step, points.back().step});
    histories.push_back(std::move(points));
  }
  std::set<int64_t> kept = sampled(steps, static_cast<size_t>(max_results));
  kept.merge(ends);
  std::vector<Metric> out;
  for (size_t i = 0; i < run_ids.size(); ++i) {
    for (const MetricPoint& point : histories[i]) {
      if (!kept.contains(point.step)) continue;
      out.push_back(metric_of(key, point));
      out.back().run_id = run_ids[i];
    }
  }
  return out;
}

}  // namespace slipway::store
