// store/metrics.h — metric points: their latest value of each key, and their whole history.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/metric_points.h"
#include "store/values.h"

namespace slipway::store {

/// One point. ±Inf is stored as ±DBL_MAX; NaN stays NaN and compares as 0.
struct Metric {
  std::string key;
  double value = 0;
  int64_t timestamp_ms = 0;  // not negative
  int64_t step = 0;
  std::string model_id;  // of a logged model the point also belongs to; may be empty
  std::string dataset_name;
  std::string dataset_digest;
  std::string run_id;  // only set in what the store gives, by bulk history and logged models
};

/// What takes points of a run, some at a time, valid for the call. An error ends the reading.
using PointSink =
    std::function<Result<void>(std::string_view run_id, std::span<const MetricPoint> points)>;

struct StepRange {
  int64_t first = INT64_MIN;
  int64_t last = INT64_MAX;
};

/// Give the history of one key in order of timestamp, step, value; exact repeats come once. An
/// unknown key or run has none.
///
/// max_results   nothing: all of it; else > 0.
/// Returns  the token of the next page; empty on the last one. It names the last point given, so
///          points that are logged meanwhile neither repeat nor hide others.
/// Errors   invalid_parameter_value: max_results or the token.
Result<std::string> metric_history(db::Connection& conn, std::string_view run_id,
                                   std::string_view key, std::optional<int64_t> max_results,
                                   std::string_view page_token, const PointSink& sink);

/// Give one key's history over several runs, ordered by run, then timestamp, step, value; at most
/// `max_results` points in all. Unknown runs have none.
Result<void> metric_history_bulk(db::Connection& conn, const std::vector<std::string>& run_ids,
                                 std::string_view key, int64_t max_results, const PointSink& sink);

/// Give one key's history of each of several runs within `steps`, thinned to at most `max_results`
/// (> 0) points a run: see store/metric_samples.h. Order: run (as asked), step, timestamp, value.
/// Unknown runs have none.
/// Source   mlflow 3.17.2, sqlalchemy_store.get_metric_history_bulk_interval.
Result<void> metric_history_interval(db::Connection& conn, const std::vector<std::string>& run_ids,
                                     std::string_view key, StepRange steps, int64_t max_results,
                                     const PointSink& sink);

}  // namespace slipway::store
