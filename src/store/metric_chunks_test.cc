#include "store/metric_chunks.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "store/packed_numbers.h"

namespace slipway::store {
namespace {

constexpr int64_t kStart = 1'700'000'000'000;

std::vector<MetricPoint> series(size_t n_points, const std::function<double(size_t)>& value) {
  std::vector<MetricPoint> points;
  for (size_t i = 0; i < n_points; ++i) {
    const auto n = static_cast<int64_t>(i);
    points.push_back({value(i), kStart + n * 107 + n % 7, n});
  }
  return points;
}

void expect_same(const std::vector<MetricPoint>& a, const std::vector<MetricPoint>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint64_t>(a[i].value), std::bit_cast<uint64_t>(b[i].value)) << i;
    ASSERT_EQ(a[i].timestamp_ms, b[i].timestamp_ms) << i;
    ASSERT_EQ(a[i].step, b[i].step) << i;
  }
}

double bytes_per_point(const std::vector<MetricPoint>& points) {
  const std::string bytes = encode_chunk(points);
  std::vector<MetricPoint> back;
  EXPECT_TRUE(decode_chunk(bytes, back).ok());
  expect_same(points, back);
  return static_cast<double>(bytes.size()) / static_cast<double>(points.size());
}

TEST(MetricChunksTest, EveryKindOfNumberReadsBackToTheBit) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double most = std::numeric_limits<double>::max();
  const double odd[] = {0.0, -0.0, 0.1, -0.1, nan, most, -most, 5e-324, 1e15, -3.0, 1.0 / 3};
  for (size_t n_points = 1; n_points <= 70; ++n_points) {
    std::vector<MetricPoint> points;
    for (size_t i = 0; i < n_points; ++i) {
      const int64_t step = i % 3 == 0 ? INT64_MIN : i % 3 == 1 ? INT64_MAX : -int64_t(i);
      points.push_back({odd[i % std::size(odd)], i % 5 == 0 ? INT64_MAX : int64_t(i), step});
    }
    bytes_per_point(points);
  }
  for (const double value : odd) bytes_per_point(series(40, [&](size_t) { return value; }));
  for (const double value : {-0.0, 2.5, -1e-300}) {
    bytes_per_point(series(40, [&](size_t i) { return i % 2 == 0 ? value : 0.0; }));
  }
}

TEST(MetricChunksTest, ColumnsOfEveryWidthReadBack) {
  std::mt19937_64 random(7);
  for (int width = 0; width <= 64; ++width) {
    for (const size_t n_values : {1, 2, 3, 31, 32, 33, 100}) {
      std::vector<int64_t> values(n_values);
      for (int64_t& value : values) {
        value = static_cast<int64_t>(width == 0 ? 5 : random() >> (64 - width));
      }
      std::string bytes;
      put_column(bytes, values);
      EXPECT_EQ(bytes.size(), column_bytes(values));
      std::vector<int64_t> back(n_values);
      PackedReader reader(bytes);
      take_column(reader, back);
      EXPECT_TRUE(reader.ok());
      EXPECT_EQ(reader.n_left(), 0u);
      EXPECT_EQ(back, values) << width;
    }
  }
}

TEST(MetricChunksTest, PointsTakeFewBytes) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise;
  EXPECT_LE(bytes_per_point(series(4096, [&](size_t) { return noise(random); })), 8.6);
  EXPECT_LE(bytes_per_point(series(4096, [&](size_t) { return float(noise(random)); })), 5.0);
  EXPECT_LE(bytes_per_point(series(4096, [](size_t i) { return std::exp(-double(i) / 999); })),
            6.0);
  EXPECT_LE(bytes_per_point(series(4096, [&](size_t) { return int(random() % 9999) / 1e4; })), 2.7);
  EXPECT_LE(bytes_per_point(series(4096, [](size_t) { return 0.25; })), 1.0);
}

TEST(MetricChunksTest, BytesStayAsDocumented) {
  const std::string timestamps("\x01\x06\x04\x84", 4);        // 3; then +2 and +4, of 4 bits each
  const std::string steps("\x00\x01\x00", 3);                 // -1, and nothing more, of no bits
  const std::string bits("\x00\x33\x00\xF8\x1F\x01\x02", 7);  // 51 zeros off; from 2044: 0, 1, 0
  EXPECT_EQ(encode_chunk(std::vector<MetricPoint>{{0.5, 3, -1}, {0.75, 5, -1}, {0.5, 9, -1}}),
            "\x01\x03" + timestamps + steps + bits);
  const std::string tenths("\x01\x01\x00\x02\x02\x24", 6);  // from 1: 0, 1, 2, of 2 bits each
  EXPECT_EQ(encode_chunk(std::vector<MetricPoint>{{0.1, 3, -1}, {0.2, 5, -1}, {0.3, 9, -1}}),
            "\x01\x03" + timestamps + steps + tenths);
}

TEST(MetricChunksTest, DamagedBytesAreRefused) {
  const std::string bytes = encode_chunk(series(50, [](size_t i) { return 1.0 / double(i + 1); }));
  std::vector<MetricPoint> points;
  for (size_t n_bytes = 0; n_bytes < bytes.size(); ++n_bytes) {
    EXPECT_EQ(decode_chunk(bytes.substr(0, n_bytes), points).error().code, Code::data_loss);
  }
  EXPECT_EQ(decode_chunk(bytes + "x", points).error().code, Code::data_loss);
  EXPECT_EQ(decode_chunk("\x02", points).error().code, Code::not_implemented);
  EXPECT_EQ(decode_chunk("\x01\xFF\xFF\x7F", points).error().code, Code::data_loss);
  EXPECT_TRUE(points.empty());
  // whatever is changed, reading ends, with an error or with as many points
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = bytes;
    changed[random() % changed.size()] = static_cast<char>(random());
    points.clear();
    const bool is_read = decode_chunk(changed, points).ok();
    EXPECT_LE(points.size(), is_read ? kMaxChunkPoints : 0);
  }
}

TEST(MetricChunksTest, SummarySaysWhatLiesInside) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const ChunkSummary mixed =
      summary_of(std::vector<MetricPoint>{{nan, 1, 5}, {2, 2, 3}, {-1, 3, 9}});
  EXPECT_EQ(mixed.n_points, 3);
  EXPECT_EQ(mixed.first, (PointPlace{1, 5}));
  EXPECT_EQ(mixed.last, (PointPlace{3, 9}));
  EXPECT_EQ(mixed.min_step, 3);
  EXPECT_EQ(mixed.max_step, 9);
  EXPECT_FALSE(mixed.steps_rise);
  EXPECT_EQ(mixed.min_value, -1);
  EXPECT_EQ(mixed.max_value, 2);
  const ChunkSummary only_nan = summary_of(std::vector<MetricPoint>{{nan, 1, 5}, {nan, 1, 6}});
  EXPECT_TRUE(only_nan.steps_rise);
  EXPECT_FALSE(only_nan.min_value.has_value());
}

}  // namespace
}  // namespace slipway::store
