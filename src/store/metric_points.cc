#include "store/metric_points.h"

#include <bit>
#include <cmath>
#include <limits>

#include "store/packed_numbers.h"

namespace slipway::store {
namespace {

constexpr unsigned char kVersion = 1;

void put_double(std::string& out, double value) {
  const double one_nan = std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
  auto bits = std::bit_cast<uint64_t>(one_nan);
  for (int i = 0; i < 8; ++i, bits >>= 8) out.push_back(static_cast<char>(bits & 0xff));
}

}  // namespace

std::string encode_batch(std::span<const MetricSeries> batch) {
  std::string out(1, static_cast<char>(kVersion));
  put_unsigned(out, batch.size());
  int64_t timestamp_ms = 0;
  int64_t step = 0;
  for (const MetricSeries& series : batch) {
    put_unsigned(out, static_cast<uint64_t>(series.name_id));
    put_unsigned(out, series.points.size());
    for (const MetricPoint& point : series.points) {
      put_signed(out, wrapping_difference(point.timestamp_ms, timestamp_ms));
      timestamp_ms = point.timestamp_ms;
    }
    for (const MetricPoint& point : series.points) {
      put_signed(out, wrapping_difference(point.step, step));
      step = point.step;
    }
    for (const MetricPoint& point : series.points) put_double(out, point.value);
  }
  return out;
}

Result<void> decode_batch(std::string_view bytes, std::vector<MetricSeries>& batch) {
  PackedReader reader(bytes);
  const unsigned char version = reader.take_byte();
  if (reader.ok() && version != kVersion) {
    return fail(Code::not_implemented,
                "a metric batch has format version {}, and this program reads version {}", version,
                kVersion);
  }
  constexpr size_t kMinPointBytes = 10;
  const uint64_t n_series = reader.take_unsigned();
  int64_t timestamp_ms = 0;
  int64_t step = 0;
  batch.clear();
  for (uint64_t i = 0; i < n_series && reader.ok(); ++i) {
    MetricSeries& series = batch.emplace_back();
    series.name_id = static_cast<int64_t>(reader.take_unsigned());
    const uint64_t n_points = reader.take_unsigned();
    if (n_points > reader.n_left() / kMinPointBytes) {
      return fail(Code::data_loss, "a metric batch is damaged: {} points in {} bytes", n_points,
                  reader.n_left());
    }
    series.points.resize(n_points);
    for (MetricPoint& point : series.points) {
      point.timestamp_ms = timestamp_ms = wrapping_sum(timestamp_ms, reader.take_signed());
    }
    for (MetricPoint& point : series.points) {
      point.step = step = wrapping_sum(step, reader.take_signed());
    }
    for (MetricPoint& point : series.points) point.value = reader.take_double();
  }
  if (reader.ok() && reader.n_left() == 0) return {};
  return fail(Code::data_loss, "a metric batch of {} bytes is damaged", bytes.size());
}

Result<void> decode_batch(std::string_view bytes, int64_t name_id,
                          std::vector<MetricPoint>& points) {
  std::vector<MetricSeries> batch;
  TRY(decode_batch(bytes, batch));
  for (const MetricSeries& series : batch) {
    if (series.name_id != name_id) continue;
    points.insert(points.end(), series.points.begin(), series.points.end());
  }
  return {};
}

}  // namespace slipway::store
