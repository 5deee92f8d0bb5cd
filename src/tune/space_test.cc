#include "tune/space.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace slipway::tune {
namespace {

Space space(std::string_view json) { return Space::parse(parse_json(json).value()).value(); }

std::vector<double> samples(const Space& space, std::string_view name, int n = 10'000) {
  Random random(7);
  std::vector<double> values;
  for (int i = 0; i < n; ++i) {
    const auto params = space.params(space.sample(random));
    values.push_back(params.at({name.data(), name.size()}).to_number<double>());
  }
  return values;
}

double share_below(const std::vector<double>& values, double bound) {
  return static_cast<double>(std::ranges::count_if(values, [&](double v) { return v < bound; })) /
         static_cast<double>(values.size());
}

TEST(Space, RangesHoldTheirBounds) {
  const auto one = space(R"({"a": {"type": "uniform", "low": -2, "high": 3},
                             "b": {"type": "loguniform", "low": 0.03, "high": 0.3},
                             "c": {"type": "randint", "low": 4, "high": 12}})");
  for (const double v : samples(one, "a")) ASSERT_TRUE(v >= -2 && v <= 3) << v;
  for (const double v : samples(one, "b")) ASSERT_TRUE(v >= 0.03 && v <= 0.3) << v;
  for (const double v : samples(one, "c")) ASSERT_TRUE(v >= 4 && v <= 12) << v;
  for (const double coordinate : {-1.0, 0.0, 1.0, 2.0}) {
    const double v = one.dimensions()[1].value(coordinate);
    EXPECT_TRUE(v >= 0.03 && v <= 0.3) << v;
  }
}

TEST(Space, LogUniformIsUniformInTheLogarithm) {
  const auto values =
      samples(space(R"({"x": {"type": "loguniform", "low": 1e-4, "high": 1}})"), "x");
  for (const double bound : {1e-3, 1e-2, 1e-1}) {
    EXPECT_NEAR(share_below(values, bound), (std::log10(bound) + 4) / 4, 0.015) << bound;
  }
}

TEST(Space, NormalsHaveMeanAndDeviation) {
  const auto normal = samples(space(R"({"x": {"type": "normal", "mu": 5, "sigma": 2}})"), "x");
  EXPECT_NEAR(share_below(normal, 5), 0.5, 0.015);
  EXPECT_NEAR(share_below(normal, 7), 0.8413, 0.015);
  const auto log = samples(space(R"({"x": {"type": "lognormal", "mu": 1, "sigma": 0.5}})"), "x");
  EXPECT_NEAR(share_below(log, std::exp(1.0)), 0.5, 0.015);
  EXPECT_NEAR(share_below(log, std::exp(0.5)), 0.1587, 0.015);
}

TEST(Space, IntegersAreAllAsLikely) {
  std::map<double, int> counts;
  for (const double v : samples(space(R"({"x": {"type": "randint", "low": 3, "high": 7}})"), "x")) {
    ++counts[v];
  }
  ASSERT_EQ(counts.size(), 5u);
  for (const auto& [value, count] : counts) EXPECT_NEAR(count, 2000, 200) << value;
}

TEST(Space, QuantisedValuesLieOnTheGrid) {
  const std::pair<const char*, double> cases[] = {
      {R"({"x": {"type": "quniform", "low": 0.5, "high": 3, "q": 0.25}})", 0.25},
      {R"({"x": {"type": "quniform", "low": 1, "high": 11, "q": 3}})", 3},
      {R"({"x": {"type": "qloguniform", "low": 2, "high": 99, "q": 5}})", 5},
      {R"({"x": {"type": "qnormal", "mu": 1, "sigma": 2, "q": 0.5}})", 0.5},
      {R"({"x": {"type": "qlognormal", "mu": 1, "sigma": 1, "q": 2}})", 2}};
  for (const auto& [json, q] : cases) {
    const auto one = space(json);
    const auto& x = one.dimensions()[0];
    for (const double v : samples(one, "x", 2000)) {
      ASSERT_EQ(v, std::round(v / q) * q) << json;
      ASSERT_TRUE(v >= x.low && v <= x.high) << json << v;
    }
  }
  const auto steps = space(cases[1].first);  // the multiples of 3 from 1 to 11
  EXPECT_EQ(steps.dimensions()[0].low, 3);
  EXPECT_EQ(steps.dimensions()[0].high, 9);
}

TEST(Space, IntegralGridsGiveIntegers) {
  Random random(1);
  const auto one = space(R"({"a": {"type": "randint", "low": 1, "high": 3},
                             "b": {"type": "quniform", "low": 0, "high": 8, "q": 2},
                             "c": {"type": "quniform", "low": 0, "high": 1, "q": 0.5}})");
  const auto params = one.params(one.sample(random));
  EXPECT_TRUE(params.at("a").is_int64());
  EXPECT_TRUE(params.at("b").is_int64());
  EXPECT_TRUE(params.at("c").is_double());
}

TEST(Space, ProbabilitiesOfAChoiceHold) {
  const auto one = space(
      R"({"x": {"type": "pchoice", "options": [1, 2, 3], "probabilities": [0.7, 0.2, 0.1]}})");
  const auto values = samples(one, "x");
  EXPECT_NEAR(share_below(values, 1.5), 0.7, 0.015);
  EXPECT_NEAR(share_below(values, 2.5), 0.9, 0.015);
}

constexpr auto kConditional = R"({
    "seed": 3,
    "model": {"type": "choice", "options": [
      "none",
      {"name": "linear", "c": {"type": "loguniform", "low": 0.1, "high": 10}},
      {"name": "tree", "c": {"type": "uniform", "low": 0, "high": 1}, "loss": "log",
       "booster": {"type": "choice", "options": ["gbtree",
         {"name": "dart", "rate": {"type": "uniform", "low": 0, "high": 1}}]}}]}})";

TEST(Space, ConditionalParametersAreThereOnlyWhenActive) {
  const auto one = space(kConditional);
  std::map<std::string, int> seen;
  Random random(3);
  for (int i = 0; i < 500; ++i) {
    std::string names;
    for (const auto& member : one.params(one.sample(random))) {
      names += std::string(member.key()) + " ";
      if (member.key() == "model" || member.key() == "booster") {
        names += "=" + to_text(member.value()) + " ";
      }
    }
    ++seen[names];
  }
  std::vector<std::string> kinds;
  for (const auto& [names, count] : seen) kinds.push_back(names);
  EXPECT_EQ(kinds, (std::vector<std::string>{"model =\"linear\" c seed ", "model =\"none\" seed ",
                                             "model =\"tree\" c booster =\"dart\" rate seed loss ",
                                             "model =\"tree\" c booster =\"gbtree\" seed loss "}));
}

TEST(Space, ParametersGiveTheirPointBack) {
  const auto one = space(kConditional);
  Random random(5);
  for (int i = 0; i < 200; ++i) {
    const auto point = one.sample(random);
    const auto again = one.point(one.params(point)).value();
    for (size_t k = 0; k < point.size(); ++k) {
      EXPECT_EQ(std::isnan(again[k]), std::isnan(point[k]));
      if (!std::isnan(point[k])) {
        EXPECT_NEAR(again[k], point[k], 1e-12);
      }
    }
  }
}

TEST(Space, PointsOutsideAreNamed) {
  const auto one = space(kConditional);
  const std::pair<const char*, const char*> cases[] = {
      {R"({"model": "forest"})", R"('model': "forest" is not one of ["none", "linear", "tree"])"},
      {R"({"model": "linear"})", "'c' is missing"},
      {R"({"model": "linear", "c": 11})", "'c': 11 is not from 0.1 to 10"},
      {R"({"model": "linear", "c": "x"})", R"('c': "x" is not a number)"},
      {R"({"model": "none", "c": 1})", "'c' has no place"}};
  for (const auto& [json, message] : cases) {
    const auto result = one.point(parse_json(json).value().get_object());
    ASSERT_FALSE(result.ok()) << json;
    EXPECT_NE(result.error().message.find(message), std::string::npos) << result.error().message;
  }
}

TEST(Space, BadSpacesAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", "is an object of parameters"},
      {R"({"x": 1})", "nothing to search"},
      {R"({"x": {"type": "gamma"}})", "'x': {\"type\": \"gamma\"} is no distribution"},
      {R"({"x": [1, 2]})", "'x': [1, 2] is no distribution"},
      {R"({"x": {"type": "uniform", "low": 2, "high": 1}})",
       "'low' must be below 'high', not 2 and"},
      {R"({"x": {"type": "uniform", "low": 2}})", "'x': 'high' is missing or is not a number"},
      {R"({"x": {"type": "uniform", "low": 2, "high": "3"}})", "'high' is missing or is not a"},
      {R"({"x": {"type": "uniform", "low": 0, "high": 1, "q": 1}})", "'q' has no place"},
      {R"({"x": {"type": "loguniform", "low": 0, "high": 1}})", "'low' must be above 0, not 0"},
      {R"({"x": {"type": "randint", "low": 0.5, "high": 3}})", "must be integers"},
      {R"({"x": {"type": "quniform", "low": 1, "high": 2, "q": 5}})", "no multiple of 5"},
      {R"({"x": {"type": "quniform", "low": 1, "high": 2, "q": 0}})", "'q' must be above 0"},
      {R"({"x": {"type": "normal", "mu": 1, "sigma": 0}})", "'sigma' must be above 0"},
      {R"({"x": {"type": "choice", "options": []}})", "at least one element"},
      {R"({"x": {"type": "choice", "options": ["a", "a"]}})", "a name of its own"},
      {R"({"x": {"type": "choice", "options": [[1]]}})", "neither a plain value nor"},
      {R"({"x": {"type": "pchoice", "options": [1, 2], "probabilities": [0.5, 0.4]}})",
       "'probabilities' must"},
      {R"({"x": {"type": "choice", "options": [{"name": "a", "x": 1}]}})", "the choice itself"},
      {R"({"y": 1, "x": {"type": "choice", "options": [{"name": "a", "y": 1}]}})",
       "'y' is there twice"},
      {R"({"x": {"type": "choice", "options": [{"name": "a", "y": {"type": "uniform"}}]}})",
       "'x.options[0].y': 'low' is missing"}};
  for (const auto& [json, message] : cases) {
    const auto result = Space::parse(parse_json(json).value());
    ASSERT_FALSE(result.ok()) << json;
    EXPECT_EQ(result.error().code, Code::invalid_parameter_value);
    EXPECT_NE(result.error().message.find(message), std::string::npos) << result.error().message;
  }
}

}  // namespace
}  // namespace slipway::tune
