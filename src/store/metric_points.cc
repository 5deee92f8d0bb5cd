#include "store/metric_points.h"

#include <bit>
#include <cmath>
#include <limits>
#include <optional>

namespace slipway::store {
namespace {

constexpr unsigned char kVersion = 1;

void put_unsigned(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

/// Small numbers of either sign become small codes: 0, -1, 1, -2, …
void put_signed(std::string& out, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  put_unsigned(out, (bits << 1) ^ (value < 0 ? ~uint64_t{0} : 0));
}

void put_double(std::string& out, double value) {
  const double one_nan = std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
  auto bits = std::bit_cast<uint64_t>(one_nan);
  for (int i = 0; i < 8; ++i, bits >>= 8) out.push_back(static_cast<char>(bits & 0xff));
}

/// Differences wrap, so any two 64-bit numbers have one.
int64_t difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

int64_t sum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

/// Reads numbers; after the end or a broken one, ok() is false and all are 0.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t n_left() const { return bytes_.size() - position_; }

  unsigned char take_byte() {
    if (position_ == bytes_.size()) {
      ok_ = false;
      return 0;
    }
    return static_cast<unsigned char>(bytes_[position_++]);
  }

  uint64_t take_unsigned() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && ok_; shift += 7) {
      const unsigned char byte = take_byte();
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return ok_ ? value : 0;
    }
    ok_ = false;
    return 0;
  }

  int64_t take_signed() {
    const uint64_t code = take_unsigned();
    return static_cast<int64_t>((code >> 1) ^ (~(code & 1) + 1));
  }

  double take_double() {
    uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits |= static_cast<uint64_t>(take_byte()) << (8 * i);
    return std::bit_cast<double>(bits);
  }

 private:
  std::string_view bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

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
      put_signed(out, difference(point.timestamp_ms, timestamp_ms));
      timestamp_ms = point.timestamp_ms;
    }
    for (const MetricPoint& point : series.points) {
      put_signed(out, difference(point.step, step));
      step = point.step;
    }
    for (const MetricPoint& point : series.points) put_double(out, point.value);
  }
  return out;
}

Result<void> decode_batch(std::string_view bytes, int64_t name_id,
                          std::vector<MetricPoint>& points) {
  Reader reader(bytes);
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
  std::vector<MetricPoint> series;
  for (uint64_t i = 0; i < n_series && reader.ok(); ++i) {
    const auto series_name_id = static_cast<int64_t>(reader.take_unsigned());
    const uint64_t n_points = reader.take_unsigned();
    if (n_points > reader.n_left() / kMinPointBytes) {
      return fail(Code::data_loss, "a metric batch is damaged: {} points in {} bytes", n_points,
                  reader.n_left());
    }
    series.resize(n_points);
    for (MetricPoint& point : series) {
      point.timestamp_ms = timestamp_ms = sum(timestamp_ms, reader.take_signed());
    }
    for (MetricPoint& point : series) point.step = step = sum(step, reader.take_signed());
    for (MetricPoint& point : series) point.value = reader.take_double();
    if (series_name_id == name_id) points.insert(points.end(), series.begin(), series.end());
  }
  if (reader.ok() && reader.n_left() == 0) return {};
  return fail(Code::data_loss, "a metric batch of {} bytes is damaged", bytes.size());
}

}  // namespace slipway::store
