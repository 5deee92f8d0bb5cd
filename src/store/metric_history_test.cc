#include "store/metric_history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/text.h"
#include "store/metric_samples.h"
#include "store/test_store.h"

namespace slipway::store {
namespace {

class MetricHistoryTest : public StoreTest {
 protected:
  std::string id_ = new_run();

  struct OnePage {
    std::vector<MetricPoint> points;
    std::string next_page_token;
  };
  OnePage page(int64_t max_results, const std::string& token) {
    OnePage out;
    out.points = points_of([&](db::Connection& c, const PointSink& sink) {
      auto next = metric_history(c, id_, "m", max_results, token, sink);
      if (next.ok()) out.next_page_token = *next;
      return next;
    });
    return out;
  }
  std::vector<int64_t> interval_steps(int64_t max_results, StepRange range = {}) {
    std::vector<int64_t> steps;
    for (const MetricPoint& found : points_of([&](db::Connection& c, const PointSink& sink) {
           return metric_history_interval(c, {id_}, "m", range, max_results, sink);
         })) {
      steps.push_back(found.step);
    }
    return steps;
  }
};

TEST_F(MetricHistoryTest, ComesInPages) {
  std::vector<Metric> metrics;
  for (int64_t i = 0; i < 7; ++i) metrics.push_back(point("m", double(i), i, i));
  log(id_, metrics);
  std::string token;
  std::vector<size_t> sizes;
  do {
    const OnePage found = page(3, token);
    sizes.push_back(found.points.size());
    token = found.next_page_token;
  } while (!token.empty());
  EXPECT_EQ(sizes, (std::vector<size_t>{3, 3, 1}));
  EXPECT_EQ(page(7, "").next_page_token, "");
  const auto with = [&](int64_t max_results, const std::string& page_token) {
    return read_error([&](db::Connection& c) {
      return metric_history(c, id_, "m", max_results, page_token, {});
    });
  };
  EXPECT_EQ(with(0, "").code, Code::invalid_parameter_value);
  EXPECT_EQ(with(1, "?").code, Code::invalid_parameter_value);
  EXPECT_EQ(with(1, base64_encode(R"({"timestamp": 1, "step": 2, "value": "0"})")).code,
            Code::invalid_parameter_value);
}

TEST_F(MetricHistoryTest, APageGoesOnWhereTheLastOneEnded) {
  for (const int64_t i : {10, 20, 30, 40}) log(id_, {point("m", double(i), i)});
  const OnePage first = page(2, "");
  log(id_, {point("m", 5, 5), point("m", 15, 15), point("m", 35, 35), point("m", 50, 50)});
  const OnePage rest = page(10, first.next_page_token);
  std::vector<double> values;
  for (const MetricPoint& found : rest.points) values.push_back(found.value);
  EXPECT_EQ(values, (std::vector<double>{30, 35, 40, 50}));
  EXPECT_EQ(page(10, page_token(6)).points.size(), 2u);  // the form of earlier versions
}

TEST_F(MetricHistoryTest, BulkCoversSeveralRuns) {
  const std::string other = new_run();
  for (const std::string& run_id : {id_, other}) {
    std::vector<Metric> metrics;
    for (int64_t i = 0; i < 100; ++i) metrics.push_back(point("m", double(i), i, i));
    log(run_id, metrics);
  }
  std::vector<std::string> runs;
  size_t n_points = 0;
  read([&](db::Connection& c) {
    return metric_history_bulk(
        c, {id_, other, id_, std::string(32, 'f')}, "m", 150,
        [&](std::string_view run_id, std::span<const MetricPoint> points) -> Result<void> {
          runs.emplace_back(run_id);
          n_points += points.size();
          return {};
        });
  });
  EXPECT_EQ(runs, (std::vector<std::string>{std::min(id_, other), std::max(id_, other)}));
  EXPECT_EQ(n_points, 150u);
}

// The steps that mlflow 3.17.2 gives for the same points.
TEST_F(MetricHistoryTest, AnEvenSeriesIsThinnedAsByMlflow) {
  for (int64_t i = 0; i < 10; ++i) log(id_, {point("m", 10, 1, i)});
  EXPECT_EQ(interval_steps(5), (std::vector<int64_t>{0, 2, 4, 6, 9}));
  EXPECT_EQ(interval_steps(2), (std::vector<int64_t>{0, 9}));
  EXPECT_EQ(interval_steps(1), (std::vector<int64_t>{9}));
  EXPECT_EQ(interval_steps(5, {0, 4}), (std::vector<int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(interval_steps(4, {1, 7}), (std::vector<int64_t>{1, 3, 5, 7}));
}

TEST_F(MetricHistoryTest, ThinningKeepsTheExtremesOfEveryBucket) {
  std::vector<MetricPoint> series;
  for (int64_t i = 0; i < 10'000; ++i) {
    double value = i % 997 == 500 ? 100.0 + double(i) : double(i % 10);
    if (i % 1500 == 700) value = -double(i);
    if (i % 333 == 5) value = std::numeric_limits<double>::quiet_NaN();
    series.push_back({value, i, i});
  }
  for (const int64_t max_results : {4, 5, 101, 320, 2500}) {
    SeriesThinner thinner(int64_t(series.size()), max_results);
    for (const MetricPoint& each : series) thinner.add(each);
    const auto kept = thinner.points();
    EXPECT_LE(int64_t(kept.size()), max_results);
    EXPECT_EQ(kept.front().step, 0);
    EXPECT_EQ(kept.back().step, 9999);
    std::set<int64_t> steps;
    for (const MetricPoint& each : kept) EXPECT_TRUE(steps.insert(each.step).second);
    EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(), comes_before));
    // every bucket's least and greatest value is there
    const int64_t n_buckets = (max_results - 2) / 2;
    for (int64_t b = 0, first = 1; b < n_buckets; ++b) {
      const int64_t last = first + 9998 / n_buckets + (b < 9998 % n_buckets ? 1 : 0);
      double least = INFINITY;
      double greatest = -INFINITY;
      double kept_least = INFINITY;
      double kept_greatest = -INFINITY;
      for (int64_t i = first; i < last; ++i) {
        least = std::fmin(least, series[size_t(i)].value);
        greatest = std::fmax(greatest, series[size_t(i)].value);
        if (!steps.contains(i)) continue;
        kept_least = std::fmin(kept_least, series[size_t(i)].value);
        kept_greatest = std::fmax(kept_greatest, series[size_t(i)].value);
      }
      EXPECT_EQ(kept_least, least) << max_results << " " << b;
      EXPECT_EQ(kept_greatest, greatest) << max_results << " " << b;
      first = last;
    }
  }
}

TEST_F(MetricHistoryTest, IntervalIsByStepWhateverTheTimes) {
  std::vector<Metric> metrics;
  for (int64_t i = 0; i < 50; ++i) metrics.push_back(point("m", double(i), 1000 - i, i));
  log(id_, metrics);
  std::vector<int64_t> all(50);
  for (size_t i = 0; i < all.size(); ++i) all[i] = int64_t(i);
  EXPECT_EQ(interval_steps(50), all);
  EXPECT_EQ(interval_steps(3), (std::vector<int64_t>{0, 17, 49}));
}

}  // namespace
}  // namespace slipway::store
