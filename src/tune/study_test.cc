#include "tune/study.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace slipway::tune {
namespace {

constexpr auto kBranin = R"({"x": {"type": "uniform", "low": -5, "high": 10},
                             "y": {"type": "uniform", "low": 0, "high": 15}})";
constexpr auto kFamilies = R"({"model": {"type": "choice", "options": [
    {"name": "tree", "lr": {"type": "loguniform", "low": 1e-5, "high": 1},
                     "depth": {"type": "randint", "low": 1, "high": 16}},
    {"name": "linear", "c": {"type": "loguniform", "low": 1e-4, "high": 1e4}}]}})";

Space space(std::string_view json) { return Space::parse(parse_json(json).value()).value(); }

Study study(std::string_view json, StudyOptions options) {
  return Study::make(space(json), std::move(options)).value();
}

double number(const JsonObject& params, std::string_view name) {
  return params.at({name.data(), name.size()}).to_number<double>();
}

double branin(const JsonObject& params) {
  constexpr double kPi = std::numbers::pi;
  const double x = number(params, "x"), y = number(params, "y");
  const double bow = y - 5.1 / (4 * kPi * kPi) * x * x + 5 / kPi * x - 6;
  return bow * bow + 10 * (1 - 1 / (8 * kPi)) * std::cos(x) + 10;
}

double families(const JsonObject& params) {
  if (params.at("model") == "linear") {
    return 0.5 * std::pow(std::log10(number(params, "c")) - 1, 2) + 0.2;
  }
  return std::pow(std::log10(number(params, "lr")) + 2, 2) +
         0.1 * std::pow(number(params, "depth") - 7, 2) + 0.05;
}

// Runs a study with `parallelism` trials in flight that end in an order of their own; gives the
// parameters of all trials.
std::vector<std::string> run(Study& search, int parallelism, uint64_t order_seed,
                             double (*loss)(const JsonObject&) = branin) {
  Random order(order_seed);
  std::vector<Study::Proposal> running;
  while (true) {
    while (static_cast<int>(running.size()) < parallelism) {
      auto trial = search.ask();
      if (!trial) break;
      running.push_back(std::move(*trial));
    }
    if (running.empty()) break;
    order.shuffle(running);
    EXPECT_TRUE(search.tell(running.back().number, Outcome::of(loss(running.back().params))).ok());
    running.pop_back();
  }
  EXPECT_TRUE(search.done());
  std::vector<std::string> all;
  for (const auto& trial : search.trials()) all.push_back(to_text(trial.params));
  return all;
}

std::vector<std::string> run(StudyOptions options, uint64_t order_seed = 1) {
  const int parallelism = options.parallelism;
  auto search = study(kBranin, std::move(options));
  return run(search, parallelism, order_seed);
}

TEST(Study, ASeedRepeatsAtEqualParallelism) {
  for (const std::string algorithm : {"random", "tpe"}) {
    const StudyOptions options{
        .algorithm = algorithm, .seed = 7, .max_trials = 40, .parallelism = 4};
    const auto trials = run(options, 1);
    EXPECT_EQ(trials.size(), 40u);
    EXPECT_EQ(trials, run(options, 2)) << "another order of endings";
    auto other = options;
    other.seed = 8;
    EXPECT_NE(trials, run(other));
  }
}

TEST(Study, AnotherParallelismMayDiffer) {
  const auto one = run({.seed = 7, .max_trials = 40, .parallelism = 1});
  const auto four = run({.seed = 7, .max_trials = 40, .parallelism = 4});
  EXPECT_EQ(std::vector(one.begin(), one.begin() + 12),
            std::vector(four.begin(), four.begin() + 12));
  EXPECT_NE(one, four);
}

TEST(Study, AProposalWaitsForWhatItMustSee) {
  auto search = study(kBranin, {.max_trials = 10, .parallelism = 2});
  EXPECT_EQ(search.ask()->number, 0);
  EXPECT_EQ(search.ask()->number, 1);
  EXPECT_FALSE(search.ask());
  ASSERT_TRUE(search.tell(1, Outcome::of(1)).ok());
  EXPECT_FALSE(search.ask()) << "trial 2 sees trial 0, which still runs";
  ASSERT_TRUE(search.tell(0, Outcome::of(2)).ok());
  EXPECT_EQ(search.ask()->number, 2);
  EXPECT_EQ(search.ask()->number, 3);
}

TEST(Study, FailedAndNanTrialsAreKeptAndIgnored) {
  auto search = study(kBranin, {.max_trials = 60});
  while (const auto trial = search.ask()) {
    const double loss = branin(trial->params);
    auto outcome = Outcome::of(loss);
    if (trial->number % 3 == 1) outcome = Outcome::failure("out of memory");
    if (trial->number % 3 == 2) outcome = Outcome::of(-std::numeric_limits<double>::infinity());
    ASSERT_TRUE(search.tell(trial->number, std::move(outcome)).ok());
  }
  ASSERT_EQ(search.trials().size(), 60u);
  EXPECT_EQ(search.trials()[1].state, TrialState::failed);
  EXPECT_EQ(search.trials()[1].message, "out of memory");
  EXPECT_EQ(search.trials()[2].state, TrialState::not_a_number);
  EXPECT_EQ(search.best()->number % 3, 0);
  EXPECT_EQ(search.best()->loss, branin(search.best()->params));
}

TEST(Study, AllTrialsMayFail) {
  auto search = study(kBranin, {.max_trials = 30});
  while (const auto trial = search.ask()) {
    ASSERT_TRUE(search.tell(trial->number, Outcome::of(std::nan(""))).ok());
  }
  EXPECT_TRUE(search.done());
  EXPECT_EQ(search.best(), nullptr);
}

TEST(Study, FirstPointsComeFirst) {
  const auto point = parse_json(R"({"x": 3, "y": 2})").value().get_object();
  auto search = study(kBranin, {.max_trials = 5, .first_points = {point, point}});
  EXPECT_EQ(to_text(search.ask()->params), R"({"x": 3.0, "y": 2.0})");
  ASSERT_TRUE(search.tell(0, Outcome::of(1)).ok());
  EXPECT_EQ(to_text(search.ask()->params), R"({"x": 3.0, "y": 2.0})");
  ASSERT_TRUE(search.tell(1, Outcome::of(1)).ok());
  EXPECT_NE(to_text(search.ask()->params), R"({"x": 3.0, "y": 2.0})");
}

TEST(Study, EndsWhenPatienceDoes) {
  auto search = study(kBranin, {.max_trials = 100, .patience_trials = 5});
  int n_trials = 0;
  while (const auto trial = search.ask()) {
    ++n_trials;
    ASSERT_TRUE(search.tell(trial->number, Outcome::of(trial->number == 3 ? 0 : 1)).ok());
  }
  EXPECT_EQ(n_trials, 9);  // trial 3 and the five after it
  EXPECT_TRUE(search.done());
}

TEST(Study, GoesOnAfterACrashAsItWould) {
  const StudyOptions options{.seed = 3, .max_trials = 40, .parallelism = 3};
  auto whole = study(kFamilies, options);
  const auto expected = run(whole, 3, 1, families);
  auto resumed = study(kFamilies, options);
  for (const auto& trial : whole.trials()) {
    if (trial.number > 25 || trial.number == 24) continue;  // 24 was running when it crashed
    ASSERT_TRUE(resumed.restore(trial.number, trial.params, Outcome::of(trial.loss)).ok());
  }
  EXPECT_EQ(run(resumed, 3, 9, families), expected);
}

TEST(Study, WrongCallsAreNamed) {
  auto search = study(kBranin, {.max_trials = 3, .parallelism = 2});
  const auto params = search.ask()->params;
  EXPECT_EQ(search.tell(1, Outcome::of(1)).error().code, Code::resource_does_not_exist);
  EXPECT_TRUE(search.tell(0, Outcome::of(1)).ok());
  EXPECT_EQ(search.tell(0, Outcome::of(1)).error().code, Code::invalid_state);
  EXPECT_FALSE(search.restore(0, params, Outcome::of(1)).ok());
  EXPECT_FALSE(search.restore(3, params, Outcome::of(1)).ok());
  EXPECT_FALSE(search.restore(1, {}, Outcome::of(1)).ok());
  EXPECT_NE(Study::make(space(kBranin), {.algorithm = "grid"}).error().message.find("random, tpe"),
            std::string::npos);
  EXPECT_FALSE(Study::make(space(kBranin), {.max_trials = 0}).ok());
  EXPECT_FALSE(Study::make(space(kBranin), {.parallelism = 0}).ok());
  EXPECT_FALSE(Study::make(space(kBranin), {.first_points = {JsonObject{{"x", 1}}}}).ok());
}

double median_best(std::string_view json, const std::string& algorithm,
                   double (*loss)(const JsonObject&)) {
  std::vector<double> best;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    auto search = study(json, {.algorithm = algorithm, .seed = seed, .max_trials = 100});
    run(search, 1, 1, loss);
    best.push_back(search.best()->loss);
  }
  std::ranges::sort(best);
  return (best[4] + best[5]) / 2;
}

TEST(Tpe, FindsWhatRandomSearchDoesNot) {
  EXPECT_GT(median_best(kBranin, "random", branin), 0.5);
  EXPECT_LT(median_best(kBranin, "tpe", branin), 0.41);  // the least value is 0.3979
  EXPECT_GT(median_best(kFamilies, "random", families), 0.1);
  EXPECT_LT(median_best(kFamilies, "tpe", families), 0.06);  // 0.05, and 0.2 in the other family
}

TEST(Tpe, EveryKindOfParameterStaysInItsRange) {
  auto search = study(R"({"a": {"type": "uniform", "low": 5, "high": 6},
                          "b": {"type": "qloguniform", "low": 1, "high": 64, "q": 2},
                          "c": {"type": "randint", "low": -3, "high": 3},
                          "d": {"type": "lognormal", "mu": 0, "sigma": 1},
                          "e": {"type": "qnormal", "mu": 0, "sigma": 1, "q": 0.5},
                          "f": {"type": "pchoice", "options": [true, "x"],
                                "probabilities": [0.9, 0.1]},
                          "g": {"type": "choice", "options": [1]}})",
                      {.seed = 5, .max_trials = 300});
  while (const auto trial = search.ask()) {  // the best lies at a corner of the space
    const auto& p = trial->params;
    ASSERT_TRUE(number(p, "a") >= 5 && number(p, "a") <= 6) << to_text(p);
    ASSERT_TRUE(p.at("b").is_int64() && number(p, "b") >= 2 && number(p, "b") <= 64);
    ASSERT_TRUE(p.at("c").is_int64() && std::abs(number(p, "c")) <= 3) << to_text(p);
    ASSERT_GT(number(p, "d"), 0) << to_text(p);
    ASSERT_EQ(number(p, "e"), std::round(number(p, "e") * 2) / 2) << to_text(p);
    const double loss = number(p, "a") + number(p, "b") - number(p, "c") + number(p, "d") +
                        std::abs(number(p, "e") - 1) + (p.at("f") == "x" ? 0 : 1);
    ASSERT_TRUE(search.tell(trial->number, Outcome::of(loss)).ok());
  }
  const auto& best = search.best()->params;
  EXPECT_LT(number(best, "a"), 5.1) << to_text(best);
  EXPECT_EQ(number(best, "b"), 2);
  EXPECT_EQ(number(best, "c"), 3);
  EXPECT_EQ(best.at("f"), "x");
}

}  // namespace
}  // namespace slipway::tune
