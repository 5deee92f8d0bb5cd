// Fills a data folder with runs through the store's own functions, as fast as that goes:
//   fill_store DATA_DIR [RUNS [EXPERIMENTS [METRICS [PARAMS]]]]
// Defaults: 1,000,000 runs, 50 experiments, 20 metrics and 10 params a run. Metrics m0, m1, … are
// uniform in [0, 1); params p0, p1, … have 2, 10, 100, 1,000 values, from p4 on all of their own;
// tag `team` has 20 values. The data is the same every time.
#include <algorithm>
#include <cstdio>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "store/experiments.h"
#include "store/runs.h"
#include "store/store.h"

namespace slipway::store {
namespace {

constexpr int64_t kRunsInAWrite = 500;
constexpr int64_t kFirstStartMs = 1'600'000'000'000;

struct Shape {
  int64_t n_runs = 1'000'000;
  int64_t n_experiments = 50;
  int64_t n_metrics = 20;
  int64_t n_params = 10;
};

std::string param_value(int64_t number, Random& random) {
  constexpr uint64_t kDistinct[] = {2, 10, 100, 1000};
  if (number < 4) return std::to_string(random.below(kDistinct[number]));
  return fmt::format("{:.12f}", random.uniform());
}

Result<void> add_run(db::Connection& conn, const Shape& shape, const std::string& experiment_id,
                     int64_t number, Random& random) {
  NewRun request;
  request.experiment_id = experiment_id;
  request.user_id = fmt::format("user{}", random.below(30));
  request.run_name = fmt::format("run-{}", number);
  request.start_time_ms = kFirstStartMs + number * 1000;
  request.tags = {{"team", fmt::format("team{}", random.below(20))},
                  {"mlflow.source.name", "train.py"}};
  const Run run = TRY(create_run(conn, request));
  std::vector<Param> params;
  for (int64_t i = 0; i < shape.n_params; ++i) {
    params.push_back({fmt::format("p{}", i), param_value(i, random)});
  }
  std::vector<Metric> metrics;
  for (int64_t i = 0; i < shape.n_metrics; ++i) {
    Metric& metric = metrics.emplace_back();
    metric.key = fmt::format("m{}", i);
    metric.value = random.uniform();
    metric.timestamp_ms = request.start_time_ms;
  }
  TRY(log_batch(conn, run.info.run_id, metrics, params, {}));
  RunUpdate update;
  update.status = random.below(20) == 0 ? RunStatus::failed : RunStatus::finished;
  update.end_time_ms = request.start_time_ms + static_cast<int64_t>(random.below(3'600'000));
  TRY(update_run(conn, run.info.run_id, update));
  return {};
}

Result<void> fill(const std::string& folder, const Shape& shape) {
  const auto store = TRY(Store::open(folder));
  Random random(7);
  const Stopwatch watch;
  int64_t number = 0;
  // one experiment after the other: its part of every index stays in the cache
  for (int64_t i = 0; i < shape.n_experiments; ++i) {
    const std::string experiment_id = TRY(store->write([&](db::Connection& conn) {
      return create_experiment(conn, fmt::format("experiment {}", number), "", {});
    }));
    const int64_t end = shape.n_runs * (i + 1) / shape.n_experiments;
    while (number < end) {
      const int64_t stop = std::min(end, number + kRunsInAWrite);
      TRY(store->write([&](db::Connection& conn) -> Result<void> {
        for (; number < stop; ++number) TRY(add_run(conn, shape, experiment_id, number, random));
        return {};
      }));
    }
    std::printf("%lld runs, %.0f runs/s\n", static_cast<long long>(number),
                static_cast<double>(number) / watch.seconds());
    std::fflush(stdout);
  }
  return {};
}

}  // namespace
}  // namespace slipway::store

int main(int argc, char** argv) {
  slipway::store::Shape shape;
  int64_t* const numbers[] = {&shape.n_runs, &shape.n_experiments, &shape.n_metrics,
                              &shape.n_params};
  if (argc < 2 || argc > 6) {
    std::fprintf(stderr, "fill_store DATA_DIR [RUNS [EXPERIMENTS [METRICS [PARAMS]]]]\n");
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    *numbers[i - 2] = slipway::to_integer(argv[i]).value_or(*numbers[i - 2]);
  }
  const auto filled = slipway::store::fill(argv[1], shape);
  if (filled.ok()) return 0;
  std::fprintf(stderr, "%s\n", filled.error().message.c_str());
  return 1;
}
