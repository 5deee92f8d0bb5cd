#include "store/metric_points.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace slipway::store {
namespace {

TEST(MetricPointsTest, BatchReadsBackWhatWasWritten) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<MetricSeries> batch = {
      {7, {{0.1, 1'700'000'000'000, 3}, {nan, 1'700'000'000'001, -4}}},
      {300, {{-1e308, INT64_MAX, INT64_MIN}, {0, 0, INT64_MAX}}},
      {7, {{2, 5, 6}}},
  };
  const std::string bytes = encode_batch(batch);
  std::vector<MetricPoint> sevens;
  ASSERT_TRUE(decode_batch(bytes, 7, sevens).ok());
  ASSERT_EQ(sevens.size(), 3u);
  EXPECT_EQ(sevens[0].value, 0.1);
  EXPECT_TRUE(std::isnan(sevens[1].value));
  EXPECT_EQ(sevens[1].timestamp_ms, 1'700'000'000'001);
  EXPECT_EQ(sevens[1].step, -4);
  std::vector<MetricPoint> others;
  ASSERT_TRUE(decode_batch(bytes, 300, others).ok());
  EXPECT_EQ(others.at(0).timestamp_ms, INT64_MAX);
  EXPECT_EQ(others.at(0).step, INT64_MIN);
  EXPECT_EQ(others.at(1).step, INT64_MAX);
}

TEST(MetricPointsTest, BytesStayAsDocumented) {
  const std::string bytes = encode_batch(std::vector<MetricSeries>{{5, {{1.0, 3, -1}}}});
  EXPECT_EQ(bytes, std::string("\x01\x01\x05\x01\x06\x01\0\0\0\0\0\0\xF0\x3F", 14));
}

TEST(MetricPointsTest, HundredPointsTakeAtMostSixteenBytesEach) {
  MetricSeries series{12, {}};
  for (int64_t i = 0; i < 100; ++i) {
    series.points.push_back({1.0 / double(i + 1), 1'700'000'000'000 + i * 13, i});
  }
  EXPECT_LE(encode_batch({&series, 1}).size(), 1600u);
}

TEST(MetricPointsTest, DamagedBytesAreRefused) {
  const std::string bytes = encode_batch(std::vector<MetricSeries>{{5, {{1.0, 3, 1}, {2, 4, 2}}}});
  std::vector<MetricPoint> points;
  for (size_t n_bytes = 0; n_bytes < bytes.size(); ++n_bytes) {
    EXPECT_EQ(decode_batch(bytes.substr(0, n_bytes), 5, points).error().code, Code::data_loss);
  }
  EXPECT_EQ(decode_batch(bytes + "x", 5, points).error().code, Code::data_loss);
  EXPECT_EQ(decode_batch("\x02", 5, points).error().code, Code::not_implemented);
  const std::string huge("\x01\x01\x05\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 13);
  EXPECT_EQ(decode_batch(huge, 5, points).error().code, Code::data_loss);
}

}  // namespace
}  // namespace slipway::store
