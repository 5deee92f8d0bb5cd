#include <algorithm>
#include <bit>
#include <charconv>

#include "base/json.h"
#include "base/text.h"
#include "store/metric_history.h"
#include "store/metric_samples.h"
#include "store/metrics.h"
#include "store/run_rows.h"

namespace slipway::store {
namespace {

constexpr size_t kMaxHeldPoints = 100'000;  // of a long series that is thinned

/// Find the run's key; nothing where there is no such run, whose history mlflow gives as empty.
Result<std::optional<int64_t>> run_key_of(db::Connection& conn, std::string_view run_id) {
  return conn.integer("SELECT run_key FROM runs WHERE run_id = ?", run_id);
}

/// Where a page begins: behind a point, or after so many.
struct PageStart {
  std::optional<MetricPoint> after;
  int64_t offset = 0;
};

std::string token_after(const MetricPoint& point) {
  return base64_encode(fmt::format("{{\"timestamp\": {}, \"step\": {}, \"value\": \"{:016x}\"}}",
                                   point.timestamp_ms, point.step,
                                   std::bit_cast<uint64_t>(point.value)));
}

Result<PageStart> page_start(std::string_view token) {
  PageStart start;
  const auto decoded = base64_decode(token);
  const auto parsed = parse_json(decoded.value_or(""));
  if (!parsed.ok() || find(*parsed, "timestamp") == nullptr) {
    start.offset = TRY(page_offset(token));  // the form of mlflow, and of earlier versions
    return start;
  }
  const auto timestamp_ms = integer_member(*parsed, "timestamp");
  const auto step = integer_member(*parsed, "step");
  const auto value = text_member(*parsed, "value");
  uint64_t bits = 0;
  bool ok = timestamp_ms.ok() && step.ok() && value.ok() && value->size() == 16;
  if (ok) {
    const char* const end = value->data() + value->size();
    ok = std::from_chars(value->data(), end, bits, 16).ptr == end;
  }
  if (!ok) {
    return fail(Code::invalid_parameter_value, "Invalid page token, parsed value={}", *decoded);
  }
  start.after = MetricPoint{std::bit_cast<double>(bits), *timestamp_ms, *step};
  return start;
}

bool comes_before_by_step(const MetricPoint& a, const MetricPoint& b) {
  if (a.step != b.step) return a.step < b.step;
  return comes_before(a, b);
}

/// Calls `each` with every point of a part of a history.
template <typename Each>
Result<void> for_each_point(db::Connection& conn, int64_t run_key, int64_t name_id,
                            HistoryPart part, Each&& each) {
  auto walk = TRY(HistoryWalk::open(conn, run_key, name_id, part));
  while (true) {
    const auto points = TRY(walk.next());
    if (points.empty()) return {};
    for (const MetricPoint& point : points) each(point);
  }
}

std::vector<MetricPoint> thinned(std::span<const MetricPoint> points, int64_t max_results) {
  SeriesThinner thinner(static_cast<int64_t>(points.size()), max_results);
  for (const MetricPoint& point : points) thinner.add(point);
  return thinner.points();
}

/// Thins one run's history. A long one is walked twice, the first time to count it; only where its
/// steps do not rise with time, all of it is held and sorted.
Result<std::vector<MetricPoint>> thinned_history(db::Connection& conn, int64_t run_key,
                                                 int64_t name_id, HistoryPart part,
                                                 int64_t max_results) {
  std::vector<MetricPoint> held;
  int64_t n_points = 0;
  bool steps_rise = true;
  int64_t step_before = INT64_MIN;
  TRY(for_each_point(conn, run_key, name_id, part, [&](const MetricPoint& point) {
    if (held.size() < kMaxHeldPoints) held.push_back(point);
    n_points += 1;
    if (point.step < step_before) steps_rise = false;
    step_before = point.step;
  }));
  const bool all_held = n_points == static_cast<int64_t>(held.size());
  if (steps_rise && !all_held) {
    SeriesThinner thinner(n_points, max_results);
    TRY(for_each_point(conn, run_key, name_id, part,
                       [&](const MetricPoint& point) { thinner.add(point); }));
    return thinner.points();
  }
  if (!all_held) {
    held.clear();
    TRY(for_each_point(conn, run_key, name_id, part,
                       [&](const MetricPoint& point) { held.push_back(point); }));
  }
  if (!steps_rise) std::sort(held.begin(), held.end(), comes_before_by_step);
  return thinned(held, max_results);
}

}  // namespace

Result<std::string> metric_history(db::Connection& conn, std::string_view run_id,
                                   std::string_view key, std::optional<int64_t> max_results,
                                   std::string_view token, const PointSink& sink) {
  if (max_results && *max_results < 1) {
    return fail(Code::invalid_parameter_value,
                "Invalid value {} for parameter 'max_results' supplied. It must be a positive "
                "integer.",
                *max_results);
  }
  const PageStart start = TRY(page_start(token));
  const auto run_key = TRY(run_key_of(conn, run_id));
  const int64_t name_id = TRY(find_name(conn, key));
  if (!run_key || name_id < 0) return std::string();
  auto walk = TRY(HistoryWalk::open(conn, *run_key, name_id, {start.after, {}}));
  auto n_to_skip = static_cast<size_t>(start.offset);
  size_t n_left = max_results ? static_cast<size_t>(*max_results) : SIZE_MAX;
  std::string next_token;
  while (true) {
    auto points = TRY(walk.next());
    if (points.empty()) return std::string();
    const size_t n_skipped = std::min(n_to_skip, points.size());
    n_to_skip -= n_skipped;
    points = points.subspan(n_skipped);
    if (points.empty()) continue;
    if (n_left == 0) return next_token;
    const auto taken = points.first(std::min(n_left, points.size()));
    TRY(sink(run_id, taken));
    n_left -= taken.size();
    if (n_left == 0) next_token = token_after(taken.back());
    if (taken.size() < points.size()) return next_token;
  }
}

Result<void> metric_history_bulk(db::Connection& conn, const std::vector<std::string>& run_ids,
                                 std::string_view key, int64_t max_results, const PointSink& sink) {
  const int64_t name_id = TRY(find_name(conn, key));
  std::vector<std::string> sorted_ids = run_ids;
  std::sort(sorted_ids.begin(), sorted_ids.end());
  sorted_ids.erase(std::unique(sorted_ids.begin(), sorted_ids.end()), sorted_ids.end());
  auto n_left = static_cast<size_t>(std::max<int64_t>(0, max_results));
  for (const std::string& run_id : sorted_ids) {
    const auto run_key = TRY(run_key_of(conn, run_id));
    if (!run_key) continue;
    auto walk = TRY(HistoryWalk::open(conn, *run_key, name_id, {}));
    while (n_left > 0) {
      const auto points = TRY(walk.next());
      if (points.empty()) break;
      const auto taken = points.first(std::min(n_left, points.size()));
      TRY(sink(run_id, taken));
      n_left -= taken.size();
    }
  }
  return {};
}

Result<void> metric_history_interval(db::Connection& conn, const std::vector<std::string>& run_ids,
                                     std::string_view key, StepRange steps, int64_t max_results,
                                     const PointSink& sink) {
  const int64_t name_id = TRY(find_name(conn, key));
  for (const std::string& run_id : run_ids) {
    const auto run_key = TRY(run_key_of(conn, run_id));
    if (!run_key) continue;
    const auto points = TRY(thinned_history(conn, *run_key, name_id, {{}, steps}, max_results));
    if (!points.empty()) TRY(sink(run_id, points));
  }
  return {};
}

}  // namespace slipway::store
