#include "tune/tpe.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tune/density.h"
#include "tune/problems.h"
#include "tune/study.h"

namespace slipway::tune {
namespace {

Study study(std::string_view space, StudyOptions options) {
  return Study::make(Space::parse(parse_json(space).value()).value(), std::move(options)).value();
}

double median_best(const Problem& problem, const std::string& algorithm) {
  std::vector<double> best;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    auto search = study(problem.space, {.algorithm = algorithm, .seed = seed, .max_trials = 100});
    while (const auto trial = search.ask()) {
      EXPECT_TRUE(search.tell(trial->number, Outcome::of(problem.loss(trial->params))).ok());
    }
    best.push_back(search.best()->loss);
  }
  std::ranges::sort(best);
  return (best[4] + best[5]) / 2;
}

TEST(Tpe, FindsWhatRandomSearchDoesNot) {
  EXPECT_GT(median_best(branin(), "random"), 0.5);
  EXPECT_LT(median_best(branin(), "tpe"), 0.41);
  EXPECT_GT(median_best(hartmann6(), "random"), -2.5);
  EXPECT_LT(median_best(hartmann6(), "tpe"), -3.1);
}

TEST(Tpe, LeavesTheFamilyThatIsOnlyEasier) {
  EXPECT_GT(median_best(conditional(), "random"), 0.1);
  EXPECT_LT(median_best(conditional(), "tpe"), 0.06);
}

TEST(DensityRatio, IsHighWhereGoodTrialsAreAndOthersAreNot) {
  const auto space = Space::parse(parse_json(unit_box(2)).value()).value();
  DensityRatio ratio({&space.dimensions()[0], &space.dimensions()[1]});
  Random random(4);
  for (int i = 0; i < 200; ++i) {  // good near (0.2, 0.8), the others anywhere
    const double x = random.uniform(), y = random.uniform();
    const double loss = (x - 0.2) * (x - 0.2) + (y - 0.8) * (y - 0.8);
    ratio.add(std::vector{x, y}, loss);
  }
  ratio.fit();
  const double at_best = ratio.score(std::vector{0.2, 0.8});
  EXPECT_GT(at_best, ratio.score(std::vector{0.35, 0.8}));
  EXPECT_GT(ratio.score(std::vector{0.35, 0.8}), ratio.score(std::vector{0.6, 0.8}));
  std::vector<double> candidate(2);
  int n_near = 0;
  for (int i = 0; i < 200; ++i) {
    ratio.draw(random, candidate);
    n_near += std::abs(candidate[0] - 0.2) < 0.3 && std::abs(candidate[1] - 0.8) < 0.3;
  }
  EXPECT_GT(n_near, 150);
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
