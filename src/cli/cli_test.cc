#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/yaml.h"

namespace slipway::cli {
namespace {

TEST(Output, NumbersStandRightAndTextsLeft) {
  const Listing listing{{{"name"}, {"n", true}}, {{"é", "5"}, {"long", "12"}}};
  EXPECT_EQ(table_text(listing), "name   n\né      5\nlong  12\n");
}

TEST(Output, NumbersForPeople) {
  EXPECT_EQ(grouped(336776), "336,776");
  EXPECT_EQ(grouped(12), "12");
  EXPECT_EQ(short_number(0.123456789), "0.123457");
  EXPECT_EQ(short_number(3), "3");
}

TEST(Yaml, ScalarsTakeTheirTypes) {
  const auto folder = TemporaryFolder::make().value();
  const auto file = folder.path() / "a.yaml";
  ASSERT_TRUE(write_file(file, "a: 1\nb: 0.5\nc: true\nd: '7'\ne: [x, null]\n").ok());
  EXPECT_EQ(to_text(read_yaml(file).value()),
            R"({"a": 1, "b": 0.5, "c": true, "d": "7", "e": ["x", null]})");
  ASSERT_TRUE(write_file(file, "a: [1\n").ok());
  EXPECT_NE(read_yaml(file).error().message.find("a.yaml line"), std::string::npos);
}

TEST(Yaml, AnAliasBombIsRefused) {
  std::string text = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 20; ++i) text += fmt::format("a{}: &a{} [*a{}, *a{}]\n", i, i, i - 1, i - 1);
  const auto folder = TemporaryFolder::make().value();
  const auto file = folder.path() / "bomb.yaml";
  ASSERT_TRUE(write_file(file, text).ok());
  EXPECT_FALSE(read_yaml(file).ok());
}

TEST(Yaml, SettingsBecomeFlags) {
  const auto folder = TemporaryFolder::make().value();
  const auto file = folder.path() / "a.yaml";
  ASSERT_TRUE(
      write_file(file, "seed: 7\nrefit: true\nquiet: false\nparam: {a: 1, b: x}\ndrop: [c, d]\n")
          .ok());
  EXPECT_EQ(config_flags(file).value(),
            (std::vector<std::string>{"--seed", "7", "--refit", "--param", "a=1", "--param", "b=x",
                                      "--drop", "c", "--drop", "d"}));
}

TEST(Commands, EachHasANameOfItsOwnAndExamples) {
  std::set<std::string_view> names;
  for (const auto& command : commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_EQ(command.examples.empty(), command.shown == Shown::no) << command.name;
  }
}

}  // namespace
}  // namespace slipway::cli
