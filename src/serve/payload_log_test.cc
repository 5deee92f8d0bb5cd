// The payload log: what was asked and answered is found in Parquet by day, once.
#include "serve/payload_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/clock.h"
#include "base/file.h"
#include "data/parquet.h"
#include "serve/payload_files.h"

namespace slipway::serve {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDayMs = 86'400'000;

class PayloadLogTest : public testing::Test {
 protected:
  fs::path folder() const { return folder_.path() / "payloads"; }

  static Payload payload(int64_t time_ms, std::string model, std::string request) {
    return {time_ms,
            std::move(model),
            "3",
            "ann",
            200,
            0.001,
            "application/json",
            std::move(request),
            R"({"predictions": [1.0]})"};
  }

  static std::vector<std::string> names_in(const fs::path& path) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path)) {
      names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
  }

  // The requests in all files of a folder, in order.
  static std::vector<std::string> requests_in(const fs::path& path) {
    std::vector<std::string> requests;
    for (const auto& name : names_in(path)) {
      const auto table = data::read_parquet(path / name);
      EXPECT_TRUE(table.ok()) << table.error().message;
      const auto column = table->column("request").value();
      for (size_t i = 0; i < column.size(); ++i) requests.push_back(column.text_at(i));
    }
    return requests;
  }

  TemporaryFolder folder_ = TemporaryFolder::make().value();
};

TEST_F(PayloadLogTest, KeepsWhatItIsGivenByDay) {
  const int64_t today_ms = now_ms();
  const std::string today = "date=" + utc_text(today_ms).substr(0, 10);
  {
    auto log = PayloadLog::open({folder(), {"flights"}}).value();
    EXPECT_TRUE(log->wants("flights"));
    EXPECT_FALSE(log->wants("iris"));
    log->add(payload(0, "flights", "old"));
    log->add(payload(today_ms, "flights", std::string("\xff\x00\x01", 3)));
    log->add(payload(today_ms, "flights", std::string(kMaxPayloadBytes + 1, 'x')));
    EXPECT_EQ(log->n_left_out(), 0u);
  }
  EXPECT_EQ(names_in(folder()), (std::vector<std::string>{"date=1970-01-01", today}));
  const auto requests = requests_in(folder() / today);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0], std::string("\xff\x00\x01", 3));
  EXPECT_EQ(requests[1].size(), kMaxPayloadBytes);
  const auto table = data::read_parquet(folder() / today / "part-000001.parquet").value();
  EXPECT_EQ(table.column("time")->int64s()[0], today_ms * 1000);
  EXPECT_EQ(table.column("model")->text_at(0), "flights");
  EXPECT_EQ(table.column("user")->text_at(0), "ann");
  EXPECT_EQ(table.column("status")->int64s()[0], 200);
  EXPECT_EQ(fs::status(folder()).permissions(), fs::perms::owner_all);
}

TEST_F(PayloadLogTest, JoinsDaysThatAreOver) {
  const auto day = folder() / "date=2026-01-01";
  for (const auto* request : {"a", "b", "c"}) {
    ASSERT_TRUE(write_part(day, {payload(kDayMs, "m", request)}).ok());
  }
  join_days_before(folder(), "2026-01-01");  // not over yet
  EXPECT_EQ(names_in(day).size(), 3u);
  fs::copy(day / "part-000002.parquet", folder_.path() / "kept");
  join_days_before(folder(), "2026-01-02");
  EXPECT_EQ(names_in(day), (std::vector<std::string>{"day-000003.parquet"}));
  // cut off before it had removed all parts
  fs::copy(folder_.path() / "kept", day / "part-000002.parquet");
  join_days_before(folder(), "2026-01-02");
  EXPECT_EQ(requests_in(day), (std::vector<std::string>{"a", "b", "c"}));
  // a straggler is a part of its own until the next time
  ASSERT_TRUE(write_part(day, {payload(kDayMs, "m", "d")}).ok());
  EXPECT_EQ(requests_in(day), (std::vector<std::string>{"a", "b", "c", "d"}));
  join_days_before(folder(), "2026-01-02");
  EXPECT_EQ(requests_in(day), (std::vector<std::string>{"a", "b", "c", "d"}));
  // a damaged part keeps the others apart, and nothing is lost
  std::ofstream(day / "part-000009.parquet") << "PAR1";
  ASSERT_TRUE(write_part(day, {payload(kDayMs, "m", "e")}).ok());
  EXPECT_FALSE(join_parts(day).ok());
  EXPECT_TRUE(fs::exists(day / "part-000010.parquet"));
}

TEST_F(PayloadLogTest, CountsWhatItLeavesOut) {
  PayloadLog::Options options{folder(), {}, 3'600'000, 3000};
  auto log = PayloadLog::open(options).value();
  EXPECT_TRUE(log->wants("any"));
  for (int i = 0; i < 10; ++i) log->add(payload(0, "m", std::string(1000, 'x')));
  EXPECT_EQ(log->n_left_out(), 8u);
  fs::remove_all(folder());
  std::ofstream(folder()) << "a file where the folder was";
  log.reset();  // says so and goes on
  EXPECT_FALSE(PayloadLog::open(options).ok());
}

}  // namespace
}  // namespace slipway::serve
