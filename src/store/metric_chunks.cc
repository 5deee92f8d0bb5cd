#include "store/metric_chunks.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <tuple>

#include "store/packed_numbers.h"

namespace slipway::store {
namespace {

constexpr unsigned char kVersion = 1;

/// How values become integers.
enum class ValueCode : unsigned char { bits = 0, decimal = 1 };

constexpr int kMaxDigits = 15;
constexpr double kPowersOfTen[kMaxDigits + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

uint64_t one_nan(double value) {
  return std::bit_cast<uint64_t>(std::isnan(value) ? std::numeric_limits<double>::quiet_NaN()
                                                   : value);
}

/// Give n where the value is exactly n / 10^n_digits.
std::optional<int64_t> decimal_of(double value, int n_digits) {
  constexpr double kMost = 9007199254740992.0;  // 2^53
  const double scaled = std::nearbyint(value * kPowersOfTen[n_digits]);
  if (!(std::abs(scaled) < kMost)) return std::nullopt;
  const auto decimal = static_cast<int64_t>(scaled);
  const double back = static_cast<double>(decimal) / kPowersOfTen[n_digits];
  if (std::bit_cast<uint64_t>(back) != std::bit_cast<uint64_t>(value)) return std::nullopt;
  return decimal;
}

/// Find how many digits after the point all values need; nothing where some are no decimals.
std::optional<int> digits_of(std::span<const MetricPoint> points) {
  int n_digits = 0;
  for (const MetricPoint& point : points) {
    while (!decimal_of(point.value, n_digits)) {
      if (++n_digits > kMaxDigits) return std::nullopt;
    }
  }
  return n_digits;
}

std::optional<std::vector<int64_t>> decimals_of(std::span<const MetricPoint> points, int n_digits) {
  std::vector<int64_t> out;
  out.reserve(points.size());
  for (const MetricPoint& point : points) {
    const auto decimal = decimal_of(point.value, n_digits);
    if (!decimal) return std::nullopt;  // its digits are fewer, but with more it is not exact
    out.push_back(*decimal);
  }
  return out;
}

/// Numbers in the order of the doubles: bits without the zeros at the end that all of them share.
int64_t ordered(uint64_t bits, int shift) {
  const uint64_t sign = uint64_t{1} << (63 - shift);
  const uint64_t number = bits >> shift;
  if ((number & sign) == 0) return static_cast<int64_t>(number);
  return static_cast<int64_t>(~(number & ~sign));
}

double unordered(int64_t value, int shift) {
  auto number = static_cast<uint64_t>(value);
  if (value < 0) number = ~number | uint64_t{1} << (63 - shift);
  return std::bit_cast<double>(number << shift);
}

void put_values(std::string& out, std::span<const MetricPoint> points) {
  uint64_t all = 0;
  for (const MetricPoint& point : points) all |= one_nan(point.value);
  const int shift = all == 0 ? 0 : std::countr_zero(all);
  std::vector<int64_t> bits;
  bits.reserve(points.size());
  for (const MetricPoint& point : points) bits.push_back(ordered(one_nan(point.value), shift));
  if (const auto n_digits = digits_of(points)) {
    const auto decimals = decimals_of(points, *n_digits);
    if (decimals && column_bytes(*decimals) < column_bytes(bits)) {
      out.push_back(static_cast<char>(ValueCode::decimal));
      out.push_back(static_cast<char>(*n_digits));
      return put_column(out, *decimals);
    }
  }
  out.push_back(static_cast<char>(ValueCode::bits));
  out.push_back(static_cast<char>(shift));
  put_column(out, bits);
}

void take_values(PackedReader& reader, std::span<MetricPoint> points, std::span<int64_t> numbers) {
  const unsigned char code = reader.take_byte();
  const int scale = reader.take_byte();
  take_column(reader, numbers);
  if (code == static_cast<unsigned char>(ValueCode::bits) && scale < 64) {
    for (size_t i = 0; i < points.size(); ++i) points[i].value = unordered(numbers[i], scale);
  } else if (code == static_cast<unsigned char>(ValueCode::decimal) && scale <= kMaxDigits) {
    for (size_t i = 0; i < points.size(); ++i) {
      points[i].value = static_cast<double>(numbers[i]) / kPowersOfTen[scale];
    }
  } else {
    reader.fail();
  }
}

auto rank_of(const MetricPoint& point) {
  return std::tuple(point.timestamp_ms, point.step, point.rank(), std::isnan(point.value));
}

}  // namespace

bool comes_before(const MetricPoint& a, const MetricPoint& b) { return rank_of(a) < rank_of(b); }

void make_history(std::vector<MetricPoint>& points) {
  if (!std::is_sorted(points.begin(), points.end(), comes_before)) {
    std::sort(points.begin(), points.end(), comes_before);
  }
  const auto repeats = std::unique(points.begin(), points.end(), [](const auto& a, const auto& b) {
    return rank_of(a) == rank_of(b);
  });
  points.erase(repeats, points.end());
}

ChunkSummary summary_of(std::span<const MetricPoint> points) {
  ChunkSummary out;
  out.n_points = static_cast<int64_t>(points.size());
  out.first = place_of(points.front());
  out.last = place_of(points.back());
  out.min_step = out.max_step = points.front().step;
  int64_t step_before = points.front().step;
  for (const MetricPoint& point : points) {
    out.min_step = std::min(out.min_step, point.step);
    out.max_step = std::max(out.max_step, point.step);
    if (point.step < step_before) out.steps_rise = false;
    step_before = point.step;
    if (std::isnan(point.value)) continue;
    out.min_value = std::min(out.min_value.value_or(point.value), point.value);
    out.max_value = std::max(out.max_value.value_or(point.value), point.value);
  }
  return out;
}

std::string encode_chunk(std::span<const MetricPoint> points) {
  check(!points.empty() && points.size() <= kMaxChunkPoints, "a chunk holds 1 to 4096 points");
  std::string out(1, static_cast<char>(kVersion));
  put_unsigned(out, points.size());
  std::vector<int64_t> numbers(points.size());
  for (size_t i = 0; i < points.size(); ++i) numbers[i] = points[i].timestamp_ms;
  put_column(out, numbers);
  for (size_t i = 0; i < points.size(); ++i) numbers[i] = points[i].step;
  put_column(out, numbers);
  put_values(out, points);
  return out;
}

Result<void> decode_chunk(std::string_view bytes, std::vector<MetricPoint>& points) {
  PackedReader reader(bytes);
  const unsigned char version = reader.take_byte();
  if (reader.ok() && version != kVersion) {
    return fail(Code::not_implemented,
                "a metric chunk has format version {}, and this program reads version {}", version,
                kVersion);
  }
  const uint64_t n_points = reader.take_unsigned();
  if (n_points > kMaxChunkPoints) {
    return fail(Code::data_loss, "a metric chunk is damaged: {} points in {} bytes", n_points,
                bytes.size());
  }
  const size_t n_before = points.size();
  points.resize(n_before + n_points);
  const auto chunk = std::span(points).subspan(n_before);
  std::vector<int64_t> numbers(n_points);
  take_column(reader, numbers);
  for (size_t i = 0; i < chunk.size(); ++i) chunk[i].timestamp_ms = numbers[i];
  take_column(reader, numbers);
  for (size_t i = 0; i < chunk.size(); ++i) chunk[i].step = numbers[i];
  take_values(reader, chunk, numbers);
  if (reader.ok() && reader.n_left() == 0 && n_points > 0) return {};
  points.resize(n_before);
  return fail(Code::data_loss, "a metric chunk of {} bytes is damaged", bytes.size());
}

}  // namespace slipway::store
