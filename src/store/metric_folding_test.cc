#include "store/metric_folding.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "store/metric_history.h"
#include "store/test_store.h"

namespace slipway::store {
namespace {

class MetricFoldingTest : public StoreTest {
 protected:
  std::string id_ = new_run();

  int64_t count(const std::string& sql) {
    return read([&](db::Connection& c) { return c.integer(sql); }).value_or(0);
  }
  int64_t run_key() { return count("SELECT max(run_key) FROM runs"); }
  FoldPlan plan() {
    const int64_t newest = count("SELECT max(log_id) FROM metric_log");
    return read([&](db::Connection& c) { return plan_fold(c, run_key(), newest); });
  }
  void carry(const FoldPlan& plan) {
    const auto outcome = store().write([&](db::Connection& c) { return carry_out(c, plan); });
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
  }
  /// Fold all but the newest row.
  void fold_all() {
    for (FoldPlan next = plan(); next.n_rows > 0; next = plan()) carry(next);
  }
  static std::vector<MetricPoint> same_as(const std::vector<Metric>& metrics,
                                          const std::string& key) {
    std::vector<MetricPoint> out;
    for (const Metric& metric : metrics) {
      if (metric.key == key) out.push_back({metric.value, metric.timestamp_ms, metric.step});
    }
    make_history(out);
    return out;
  }
  static std::string text_of(const std::vector<MetricPoint>& points) {
    std::string out;
    for (const auto& p : points) out += fmt::format("{} {} {}\n", p.timestamp_ms, p.step, p.value);
    return out;
  }
};

TEST_F(MetricFoldingTest, HistoryIsTheSameHoweverMuchIsFolded) {
  std::mt19937 random(5);
  std::vector<Metric> all;
  int64_t clock = 1'700'000'000'000;
  for (int round = 0; round < 60; ++round) {
    std::vector<Metric> batch;
    for (int i = 0; i < 200; ++i) {
      clock += int64_t(random() % 50);
      const int64_t late_ms = random() % 40 == 0 ? int64_t(random() % 1'000'000) : 0;
      double value = double(random() % 1000) / 8;
      if (random() % 100 == 0) value = std::numeric_limits<double>::quiet_NaN();
      const std::string key = random() % 4 == 0 ? "b" : "a";
      batch.push_back(point(key, value, clock - late_ms, int64_t(random() % 500)));
      if (random() % 30 == 0) batch.push_back(batch.back());
    }
    if (round % 7 == 0 && round > 0) batch.push_back(all[size_t(round)]);
    log(id_, batch);
    all.insert(all.end(), batch.begin(), batch.end());
    if (round % 3 == 2) carry(plan());
    if (round % 20 == 19) {
      for (const std::string key : {"a", "b"}) {
        ASSERT_EQ(text_of(history_of(id_, key)), text_of(same_as(all, key))) << round;
      }
    }
  }
  fold_all();
  EXPECT_EQ(count("SELECT count(*) FROM metric_log"), 1);
  EXPECT_EQ(text_of(history_of(id_, "a")), text_of(same_as(all, "a")));
  // every point is in one chunk only, and chunks of one key do not overlap
  const int64_t n_in_chunks = count("SELECT CAST(sum(n_points) AS BIGINT) FROM metric_chunks");
  EXPECT_LE(n_in_chunks, int64_t(same_as(all, "a").size() + same_as(all, "b").size()));
  EXPECT_EQ(count("SELECT count(*) FROM metric_chunks c JOIN metric_chunks d ON c.name_id ="
                  " d.name_id AND c.chunk_id < d.chunk_id AND c.first_timestamp_ms <"
                  " d.last_timestamp_ms AND d.first_timestamp_ms < c.last_timestamp_ms"),
            0);
  // pages of any size are the same history
  std::vector<MetricPoint> paged;
  std::string token;
  do {
    const auto points = points_of([&](db::Connection& c, const PointSink& sink) {
      auto next = metric_history(c, id_, "a", 777, token, sink);
      if (next.ok()) token = *next;
      return next;
    });
    paged.insert(paged.end(), points.begin(), points.end());
  } while (!token.empty());
  EXPECT_EQ(text_of(paged), text_of(same_as(all, "a")));
}

TEST_F(MetricFoldingTest, APlanIsCarriedOutOnceOrNotAtAll) {
  for (int64_t i = 0; i < 20; ++i) log(id_, {point("a", double(i), i), point("b", 1, i)});
  const FoldPlan first = plan();
  EXPECT_EQ(first.n_rows, 19);
  carry(first);
  const auto chunks = count("SELECT CAST(sum(chunk_id) AS BIGINT) FROM metric_chunks");
  const Error again = write_error([&](db::Connection& c) { return carry_out(c, first); });
  EXPECT_EQ(again.code, Code::aborted);
  // rows are there, but a chunk that was to be merged is not
  for (int64_t i = 20; i < 40; ++i) log(id_, {point("a", double(i), i)});
  const FoldPlan second = plan();
  ASSERT_FALSE(second.old_chunks.empty());
  FoldPlan stale = second;
  stale.old_chunks = {987'654};
  EXPECT_EQ(write_error([&](db::Connection& c) { return carry_out(c, stale); }).code,
            Code::aborted);
  EXPECT_EQ(count("SELECT CAST(sum(chunk_id) AS BIGINT) FROM metric_chunks"), chunks);
  carry(second);
  EXPECT_EQ(history_of(id_, "a").size(), 40u);
}

TEST_F(MetricFoldingTest, LongHistoriesHaveFullChunks) {
  for (int64_t i = 0; i < 100; ++i) {
    std::vector<Metric> batch;
    for (int64_t k = 0; k < 500; ++k) batch.push_back(point("m", 0.5, i * 500 + k, i * 500 + k));
    log(id_, batch);
    if (i % 5 == 4) fold_all();
  }
  EXPECT_EQ(history_of(id_, "m").size(), 50'000u);
  EXPECT_LE(count("SELECT count(*) FROM metric_chunks"), 20);
  EXPECT_EQ(count("SELECT min(min_step) FROM metric_chunks"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM metric_chunks WHERE steps_rise = 0"), 0);
}

TEST_F(MetricFoldingTest, TheFolderFindsRunsThatGrow) {
  const std::string small = new_run();
  log(small, {point("a", 1, 1)});
  for (int64_t i = 0; i < 700; ++i) log(id_, {point("a", double(i), i, i)});
  store().start_folding();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (count("SELECT count(*) FROM metric_log") > 256 + 2) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nothing was folded";
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(history_of(id_, "a").size(), 700u);
  EXPECT_EQ(history_of(small, "a").size(), 1u);
}

TEST_F(MetricFoldingTest, ARunThatCannotBeReadStaysAsItIs) {
  for (int64_t i = 0; i < 300; ++i) log(id_, {point("a", double(i), i, i)});
  write([&](db::Connection& c) {
    return c.exec("UPDATE metric_log SET points = ?", db::Blob{"damaged"});
  });
  EXPECT_EQ(read_error([&](db::Connection& c) { return plan_fold(c, run_key(), 1000); }).code,
            Code::not_implemented);  // the first byte is the version
  EXPECT_EQ(count("SELECT count(*) FROM metric_log"), 300);
}

}  // namespace
}  // namespace slipway::store
