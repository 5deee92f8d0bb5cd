// store/metric_chunks.h — up to a few thousand points of one key as one compact row.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/metric_points.h"

namespace slipway::store {

/// The most points that one chunk holds.
constexpr size_t kMaxChunkPoints = 4096;

/// Where a point lies in a history but for its value: points of one place are ordered by it.
struct PointPlace {
  int64_t timestamp_ms = 0;
  int64_t step = 0;
  auto operator<=>(const PointPlace&) const = default;
};

inline PointPlace place_of(const MetricPoint& point) { return {point.timestamp_ms, point.step}; }

/// The order of a history: timestamp, step, value (NaN as 0), and then NaN last.
bool comes_before(const MetricPoint& a, const MetricPoint& b);

/// Sort points and drop exact repeats.
void make_history(std::vector<MetricPoint>& points);

/// What a chunk's columns say of it without decoding.
struct ChunkSummary {
  int64_t n_points = 0;
  PointPlace first;
  PointPlace last;
  int64_t min_step = 0;
  int64_t max_step = 0;
  bool steps_rise = true;           // or stay: the order by timestamp is one by step, too
  std::optional<double> min_value;  // nothing: all are NaN
  std::optional<double> max_value;
};

/// Summarise points that are a history (sorted, no repeats); at least one.
ChunkSummary summary_of(std::span<const MetricPoint> points);

/// Write 1..kMaxChunkPoints points. Source: "Metric chunks" in docs/FORMATS.md, version 1.
std::string encode_chunk(std::span<const MetricPoint> points);

/// Append the points of a chunk.
/// Errors   data_loss: the bytes are no chunk; not_implemented: a version we do not know.
Result<void> decode_chunk(std::string_view bytes, std::vector<MetricPoint>& points);

}  // namespace slipway::store
