#include "api/points_body.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>

#include "base/file.h"
#include "base/json.h"

namespace slipway::api {
namespace {

std::string text_of(http::Response response) {
  if (!response.file) return response.body;
  std::string text(response.file->size, '\0');
  EXPECT_EQ(::pread(response.file->fd, text.data(), text.size(), 0), ssize_t(text.size()));
  ::close(response.file->fd);
  return text;
}

TEST(PointsBodyTest, WritesWhatClientsRead) {
  const TemporaryFolder folder = std::move(TemporaryFolder::make()).value();
  PointsBody body(folder.path(), "a\"b");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const store::MetricPoint points[] = {{0.1, 5, -7}, {nan, 6, 0}};
  ASSERT_TRUE(body.add("run", {points, 1}).ok());
  ASSERT_TRUE(body.add("", {points + 1, 1}).ok());
  EXPECT_EQ(text_of(body.finish("next").value()),
            R"({"metrics": [{"key": "a\"b", "value": 0.1, "timestamp": 5, "step": -7, )"
            R"("run_id": "run"}, {"key": "a\"b", "value": "NaN", "timestamp": 6, "step": 0}], )"
            R"("next_page_token": "next"})");
  EXPECT_EQ(text_of(PointsBody(folder.path(), "k").finish("").value()), "{}");
  using enum PointsBody::WhenEmpty;
  EXPECT_EQ(text_of(PointsBody(folder.path(), "k", list).finish("").value()), "{\"metrics\": []}");
}

TEST(PointsBodyTest, ALongAnswerIsSentFromAFile) {
  const TemporaryFolder folder = std::move(TemporaryFolder::make()).value();
  PointsBody body(folder.path(), "loss");
  std::vector<store::MetricPoint> points(1000);
  for (int64_t i = 0; i < 400; ++i) {
    for (auto& point : points) point = {double(i) / 3, 1'700'000'000'000 + i, i};
    ASSERT_TRUE(body.add("", points).ok());
  }
  auto response = std::move(body.finish("next")).value();
  ASSERT_TRUE(response.file.has_value());
  EXPECT_GT(response.file->size, 16u << 20);
  const auto json = parse_json(text_of(std::move(response)));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(find(*json, "metrics")->get_array().size(), 400'000u);
  EXPECT_EQ(text_member(*json, "next_page_token").value(), "next");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace slipway::api
