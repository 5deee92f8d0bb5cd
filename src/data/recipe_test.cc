#include "data/recipe.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace slipway::data {
namespace {

constexpr std::string_view kRecipe = R"(
table: flights.csv
types: {tailnum: string}
joins:
  - {table: planes.csv, on: [tailnum], columns: {year: plane_year}}
filter: delay is not null
label: {name: late, when: delay >= 15}
columns: [tailnum, plane_year]
split:
  seed: 7
  stratify: late
  parts: {train: 0.5, test: 0.5}
)";

class RecipeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string flights = "tailnum,delay,year\n";
    for (int i = 0; i < 40; ++i) flights += fmt::format("{},{},2013\n", 100 + i % 4, i);
    ASSERT_TRUE(write_file(root() / "flights.csv", flights + "100,NA,2013\n").ok());
    ASSERT_TRUE(
        write_file(root() / "planes.csv", "tailnum,year\n100,1990\n101,NA\nN1,1991\n").ok());
  }

  std::filesystem::path root() { return folder_.value().path(); }

  std::string error(std::string_view text) {
    const auto recipe = parse_recipe(text, root(), "r.yaml");
    if (!recipe.ok()) return recipe.error().message;
    const auto prepared = prepare(*recipe);
    return prepared.ok() ? "no error" : prepared.error().message;
  }

  /// The error of kRecipe with `from` replaced by `to`.
  std::string error_with(std::string_view from, std::string_view to) {
    std::string text(kRecipe);
    text.replace(text.find(from), from.size(), to);
    return error(text);
  }

  Result<TemporaryFolder> folder_ = TemporaryFolder::make();
};

TEST_F(RecipeTest, Prepares) {
  ASSERT_TRUE(write_file(root() / "r.yaml", kRecipe).ok());
  const auto recipe = read_recipe(root() / "r.yaml");
  ASSERT_TRUE(recipe.ok()) << recipe.error().message;
  const auto prepared = prepare(*recipe);
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  ASSERT_EQ(prepared->parts.size(), 2u);
  const auto& train = prepared->parts[0];
  EXPECT_EQ(train.name, "train");
  EXPECT_EQ(train.table.names(), (std::vector<std::string>{"tailnum", "plane_year", "late"}));
  EXPECT_EQ(train.table.n_rows(), 21u);  // 15 rows not late are 8 and 7, 25 late are 13 and 12
  EXPECT_EQ(prepared->parts[1].table.n_rows(), 19u);

  const auto& steps = prepared->steps;
  ASSERT_EQ(steps.size(), 6u);
  EXPECT_EQ(steps[0].n_rows, 41u);
  EXPECT_EQ(steps[1].what, "join planes.csv");
  EXPECT_EQ(steps[1].n_matched, 21u);
  EXPECT_EQ(steps[2].n_dropped, 1u);
  EXPECT_EQ(steps[3].n_matched, 25u);
  EXPECT_EQ(steps[5].what, "part test");

  const auto again = summary(prepare(*recipe).value()).value();
  EXPECT_EQ(to_text(summary(*prepared).value()), to_text(again));
  EXPECT_EQ(to_text(again.at("steps").at(2)),
            R"({"step": "filter delay is not null", "rows": 40, "dropped": 1})");
}

TEST_F(RecipeTest, NeedsATableOnly) {
  const auto prepared = prepare(parse_recipe("table: planes.csv", root(), "r.yaml").value());
  ASSERT_TRUE(prepared.ok()) << prepared.error().message;
  EXPECT_EQ(prepared->parts[0].name, "all");
  EXPECT_EQ(prepared->parts[0].table.n_rows(), 3u);
}

TEST_F(RecipeTest, NamesWhatIsWrongInTheText) {
  EXPECT_EQ(error_with("filter:", "filters:"),
            "r.yaml line 6: unknown key 'filters' in the recipe; accepted: table, types, joins, "
            "filter, label, columns, split");
  EXPECT_EQ(error_with("on:", "keys:"),
            "r.yaml line 5: unknown key 'keys' in a join; accepted: table, types, on, columns");
  EXPECT_EQ(error("joins: []"), "r.yaml line 1: 'table' is missing");
  EXPECT_EQ(error_with("when: delay >= 15", "when: [1]"), "r.yaml line 7: 'when' is not a text");
  EXPECT_EQ(error_with("[tailnum, plane_year]", "tailnum"),
            "r.yaml line 8: 'columns' is not a list of names");
  EXPECT_EQ(error_with("seed: 7", "seed: x"), "r.yaml line 10: 'seed' is not a number from 0 on");
  EXPECT_EQ(error_with("test: 0.5", "test: half"),
            "r.yaml line 12: a part's fraction is not a number");
  EXPECT_EQ(error_with("tailnum: string", "tailnum: strin"),
            "r.yaml line 3: 'strin' is not a column type; accepted: boolean, int64, float32, "
            "float64, string, binary, timestamp");
  EXPECT_EQ(error("table: a\ntable: b"), "r.yaml line 2: 'table' twice");
  EXPECT_EQ(error("- 1"), "r.yaml line 1: the recipe is not a map of keys and values");
  EXPECT_TRUE(error("table: [").starts_with("r.yaml line 1: "));
  EXPECT_EQ(read_recipe(root() / "none.yaml").error().code, Code::resource_does_not_exist);
}

TEST_F(RecipeTest, NamesTheStepThatFails) {
  EXPECT_EQ(
      error_with("flights.csv", "none.csv"),
      fmt::format("cannot read '{}': No such file or directory", (root() / "none.csv").string()));
  EXPECT_EQ(error_with("{year: plane_year}", "[year]"),
            "join planes.csv: the join would make a second column 'year'; give the right table's "
            "another name, or leave it out");
  EXPECT_TRUE(error_with("types: {tailnum: string}", "")
                  .starts_with("join planes.csv: the key 'tailnum' is int64 in the left table and "
                               "string in the right"));
  EXPECT_EQ(error_with("delay is not null", "delay = 99"),
            "filter: 'delay = 99' is true for none of the 41 rows");
  EXPECT_EQ(error_with("delay is not null", "delay ="),
            "filter 'delay =': the condition is wrong at position 8: expected a number, 'text', "
            "true or false, but it ends there");
  EXPECT_EQ(error_with("filter: delay is not null", ""),
            "label: 'delay >= 15' is unknown for 1 of 41 rows, as a value is missing there; leave "
            "these rows out with 'filter: … is not null'");
  EXPECT_EQ(error_with("name: late", "name: delay"), "label: there are two columns 'delay'");
  EXPECT_EQ(error_with("[tailnum,", "[tailnum, tailnum,"), "columns: 'tailnum' is listed twice");
  EXPECT_TRUE(error_with("[tailnum,", "[nine,").starts_with("columns: no column 'nine'"));
  EXPECT_EQ(error_with("train: 0.5", "train: 0.4"),
            "split: the parts' fractions sum to 0.9; accepted: 1");
}

}  // namespace
}  // namespace slipway::data
