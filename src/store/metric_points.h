// store/metric_points.h — metric points as bytes: how one batch lies in the metric log.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::store {

/// A point without its key. `value` is finite or NaN.
struct MetricPoint {
  double value = 0;
  int64_t timestamp_ms = 0;
  int64_t step = 0;

  /// The value as it is compared: NaN as 0.
  double rank() const { return value == value ? value : 0; }
};

/// The points of one key within a batch.
struct MetricSeries {
  int64_t name_id = 0;
  std::vector<MetricPoint> points;
};

/// Write a batch. Source: "Metric batches" in docs/FORMATS.md, version 1.
std::string encode_batch(std::span<const MetricSeries> batch);

/// Read a whole batch into `batch`.
/// Errors   data_loss: the bytes are no batch; not_implemented: a version we do not know.
Result<void> decode_batch(std::string_view bytes, std::vector<MetricSeries>& batch);

/// Append the points that a batch holds for `name_id`. Errors as above.
Result<void> decode_batch(std::string_view bytes, int64_t name_id,
                          std::vector<MetricPoint>& points);

}  // namespace slipway::store
