#include "tune/study.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tune/problems.h"

namespace slipway::tune {
namespace {

Result<Study> make(StudyOptions options) {
  auto space = Space::parse(parse_json(branin().space).value()).value();
  return Study::make(std::move(space), std::move(options));
}

Study study(const Problem& problem, StudyOptions options) {
  auto space = Space::parse(parse_json(problem.space).value()).value();
  return Study::make(std::move(space), std::move(options)).value();
}

// Runs a study with `parallelism` trials in flight that end in an order of their own; gives the
// parameters of all trials.
std::vector<std::string> run(Study& search, int parallelism, uint64_t order_seed,
                             const Problem& problem = branin()) {
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
    EXPECT_TRUE(
        search.tell(running.back().number, Outcome::of(problem.loss(running.back().params))).ok());
    running.pop_back();
  }
  EXPECT_TRUE(search.done());
  std::vector<std::string> all;
  for (const auto& trial : search.trials()) all.push_back(to_text(trial.params));
  return all;
}

std::vector<std::string> run(StudyOptions options, uint64_t order_seed = 1) {
  const int parallelism = options.parallelism;
  auto search = study(branin(), std::move(options));
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
  auto search = study(branin(), {.max_trials = 10, .parallelism = 2});
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
  auto search = study(branin(), {.max_trials = 60});
  while (const auto trial = search.ask()) {
    const double loss = branin_loss(trial->params);
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
  EXPECT_EQ(search.best()->loss, branin_loss(search.best()->params));
}

TEST(Study, AllTrialsMayFail) {
  auto search = study(branin(), {.max_trials = 30});
  while (const auto trial = search.ask()) {
    ASSERT_TRUE(search.tell(trial->number, Outcome::of(std::nan(""))).ok());
  }
  EXPECT_TRUE(search.done());
  EXPECT_EQ(search.best(), nullptr);
}

TEST(Study, FirstPointsComeFirst) {
  const auto point = parse_json(R"({"x": 3, "y": 2})").value().get_object();
  auto search = study(branin(), {.max_trials = 5, .first_points = {point, point}});
  EXPECT_EQ(to_text(search.ask()->params), R"({"x": 3.0, "y": 2.0})");
  ASSERT_TRUE(search.tell(0, Outcome::of(1)).ok());
  EXPECT_EQ(to_text(search.ask()->params), R"({"x": 3.0, "y": 2.0})");
  ASSERT_TRUE(search.tell(1, Outcome::of(1)).ok());
  EXPECT_NE(to_text(search.ask()->params), R"({"x": 3.0, "y": 2.0})");
}

TEST(Study, EndsWhenPatienceDoes) {
  auto search = study(branin(), {.max_trials = 100, .patience_trials = 5});
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
  auto whole = study(conditional(), options);
  const auto expected = run(whole, 3, 1, conditional());
  auto resumed = study(conditional(), options);
  for (const auto& trial : whole.trials()) {
    if (trial.number > 25 || trial.number == 24) continue;  // 24 was running when it crashed
    ASSERT_TRUE(resumed.restore(trial.number, trial.params, Outcome::of(trial.loss)).ok());
  }
  EXPECT_EQ(run(resumed, 3, 9, conditional()), expected);
}

TEST(Study, WrongCallsAreNamed) {
  auto search = study(branin(), {.max_trials = 3, .parallelism = 2});
  const auto params = search.ask()->params;
  EXPECT_EQ(search.tell(1, Outcome::of(1)).error().code, Code::resource_does_not_exist);
  EXPECT_TRUE(search.tell(0, Outcome::of(1)).ok());
  EXPECT_EQ(search.tell(0, Outcome::of(1)).error().code, Code::invalid_state);
  EXPECT_FALSE(search.restore(0, params, Outcome::of(1)).ok());
  EXPECT_FALSE(search.restore(3, params, Outcome::of(1)).ok());
  EXPECT_FALSE(search.restore(1, {}, Outcome::of(1)).ok());
  EXPECT_NE(make({.algorithm = "grid"}).error().message.find("random, tpe"), std::string::npos);
  EXPECT_FALSE(make({.max_trials = 0}).ok());
  EXPECT_FALSE(make({.parallelism = 0}).ok());
  EXPECT_FALSE(make({.first_points = {JsonObject{{"x", 1}}}}).ok());
}

}  // namespace
}  // namespace slipway::tune
