#include "train/settings.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "train/learner.h"

namespace slipway::train {
namespace {

Result<Settings> check_xgboost(const JsonObject& given) {
  return Settings::check("xgboost", (*find_learner("xgboost"))->parameters(), given);
}

TEST(Settings, TakeDefaultsNumbersAndTexts) {
  const auto settings = check_xgboost(
      {{"max_depth", 9.0}, {"eta", "0.125"}, {"subsample", 1}, {"grow_policy", "lossguide"}});
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->integer("max_depth"), 9);
  EXPECT_EQ(settings->text("max_depth"), "9");
  EXPECT_EQ(settings->number("learning_rate"), 0.125);
  EXPECT_EQ(settings->text("subsample"), "1.0");
  EXPECT_EQ(settings->text("grow_policy"), "lossguide");
  EXPECT_EQ(settings->integer("n_estimators"), 100);
}

TEST(Settings, ErrorsNameParameterValueAndWhatIsAccepted) {
  const std::pair<JsonObject, std::string_view> cases[] = {
      {{{"max_depth", 6.5}},
       "parameter 'max_depth' is '6.5'; accepted is an integer >= 0 and <= 64"},
      {{{"max_depth", "deep"}},
       "parameter 'max_depth' is 'deep'; accepted is an integer >= 0 and <= 64"},
      {{{"eta", 0}}, "parameter 'learning_rate' is '0'; accepted is a number > 0 and <= 1"},
      {{{"gamma", "nan"}}, "parameter 'gamma' is 'nan'; accepted is a number >= 0"},
      {{{"gamma", "inf"}}, "parameter 'gamma' is 'inf'; accepted is a number >= 0"},
      {{{"gamma", nullptr}}, "parameter 'gamma' is 'null'; accepted is a number >= 0"},
      {{{"grow_policy", "both"}},
       "parameter 'grow_policy' is 'both'; accepted is one of depthwise, lossguide"},
      {{{"eta", 0.1}, {"learning_rate", 0.1}},
       "parameter 'learning_rate' is given twice: as 'learning_rate' and as 'eta'"},
  };
  for (const auto& [given, message] : cases) {
    const auto settings = check_xgboost(given);
    ASSERT_FALSE(settings.ok()) << message;
    EXPECT_EQ(settings.error().code, Code::invalid_parameter_value);
    EXPECT_EQ(settings.error().message, message);
  }
  const auto unknown = check_xgboost({{"depth", 3}});
  ASSERT_FALSE(unknown.ok());
  EXPECT_TRUE(unknown.error().message.starts_with(
      "learner 'xgboost' has no parameter 'depth'; there are: n_estimators, learning_rate"))
      << unknown.error().message;
}

TEST(Settings, EveryDefaultIsAccepted) {
  for (const auto* learner : learners()) {
    std::set<std::string_view> names;
    for (const auto& parameter : learner->parameters()) {
      EXPECT_TRUE(names.insert(parameter.name).second) << parameter.name;
      EXPECT_FALSE(parameter.description.empty()) << parameter.name;
      const JsonObject given = {{parameter.name, parameter.fallback}};
      const auto settings = Settings::check(learner->name(), learner->parameters(), given);
      ASSERT_TRUE(settings.ok()) << settings.error().message;
      EXPECT_EQ(settings->text(parameter.name), parameter.fallback);
    }
  }
}

TEST(Settings, LearnersAreFoundByName) {
  EXPECT_EQ((*find_learner("logistic"))->name(), "logistic");
  EXPECT_EQ(find_learner("forest").error().message,
            "no learner 'forest'; there are: xgboost, logistic");
}

}  // namespace
}  // namespace slipway::train
