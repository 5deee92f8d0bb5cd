// store/metrics.h — metric points: their latest value of each key, and their whole history.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
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

/// Give the history of one key in order of timestamp, step, value; exact repeats are dropped.
///
/// max_results   nothing: all of it; else > 0, and the page says where the next begins.
/// Errors   as get_run; invalid_parameter_value: max_results or the token. An unknown key is empty.
Result<Page<Metric>> metric_history(db::Connection& conn, std::string_view run_id,
                                    std::string_view key, std::optional<int64_t> max_results,
                                    std::string_view page_token);

/// Give one key's history over at most 100 runs, ordered by run, then timestamp, step, value; at
/// most `max_results` (1..25000) points in all.
Result<std::vector<Metric>> metric_history_bulk(db::Connection& conn,
                                                const std::vector<std::string>& run_ids,
                                                std::string_view key, int64_t max_results);

/// Give one key's history over at most 100 runs, thinned to about `max_results` (1..2500) steps
/// between start_step and end_step (both or neither); first and last steps of each run are kept.
/// Order: run (as asked), step, timestamp, value.
Result<std::vector<Metric>> metric_history_interval(
    db::Connection& conn, const std::vector<std::string>& run_ids, std::string_view key,
    std::optional<int64_t> start_step, std::optional<int64_t> end_step, int64_t max_results);

}  // namespace slipway::store
