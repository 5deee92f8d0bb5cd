#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "data/filter.h"
#include "data/join.h"
#include "data/profile.h"
#include "data/split.h"

namespace slipway::data {
namespace {

Column with_missing(Column column, size_t row) {
  column.valid.assign(column.size(), 1);
  column.valid[row] = 0;
  return column;
}

Table flights() {
  Column when{"when", Type::timestamp, std::vector<int64_t>{0, 86'400'000'000, 1}, {}};
  Column flag{"flag", Type::boolean, std::vector<uint8_t>{1, 0, 1}, {}};
  return Table::from_batch({{with_missing(int64_column("delay", {20, 0, -5}), 1),
                             string_column("carrier", {"UA", "AA", "it's"}),
                             float64_column("my col", {1.5, std::nan(""), 3}), when, flag},
                            3})
      .value();
}

/// "y" for yes, "n" for no, "?" for unknown; or the error.
std::string judged(std::string_view text) {
  const auto condition = Condition::parse(text);
  if (!condition.ok()) return condition.error().message;
  const auto truths = condition->judge(flights());
  if (!truths.ok()) return truths.error().message;
  std::string out;
  for (const auto truth : *truths) out += "ny?"[static_cast<int>(truth)];
  return out;
}

TEST(FilterTest, Judges) {
  EXPECT_EQ(judged("delay >= 15"), "y?n");
  EXPECT_EQ(judged("delay = 20"), "y?n");
  EXPECT_EQ(judged("delay <> 20"), "n?y");
  EXPECT_EQ(judged("delay < 0.5"), "n?y");
  EXPECT_EQ(judged("delay > -5.5e0"), "y?y");
  EXPECT_EQ(judged("delay IS NULL"), "nyn");
  EXPECT_EQ(judged("delay is not null"), "yny");
  EXPECT_EQ(judged("\"my col\" is null"), "nyn");
  EXPECT_EQ(judged("`my col` <= 1.5"), "y?n");
  EXPECT_EQ(judged("carrier in ('UA', 'it''s')"), "yny");
  EXPECT_EQ(judged("carrier not in ('UA')"), "nyy");
  EXPECT_EQ(judged("carrier > 'B'"), "yny");
  EXPECT_EQ(judged("flag = true"), "yny");
  EXPECT_EQ(judged("when < '1970-01-02'"), "yny");
  EXPECT_EQ(judged("when = '1970-01-02T00:00:00'"), "nyn");
}

TEST(FilterTest, CombinesByThreeValuedLogic) {
  EXPECT_EQ(judged("delay >= 15 and carrier = 'UA'"), "ynn");
  EXPECT_EQ(judged("delay >= 15 and carrier != 'x'"), "y?n");
  EXPECT_EQ(judged("delay >= 15 or carrier = 'AA'"), "yyn");
  EXPECT_EQ(judged("not delay >= 15"), "n?y");
  // not before and before or
  EXPECT_EQ(judged("carrier = 'UA' or carrier = 'AA' and flag = true"), "ynn");
  EXPECT_EQ(judged("(carrier = 'UA' or carrier = 'AA') and flag = false"), "nyn");
  EXPECT_EQ(judged("not carrier = 'UA' and flag = true"), "nny");
}

TEST(FilterTest, NamesPositions) {
  const std::string at = "the condition is wrong at position ";
  EXPECT_EQ(judged("nine = 1"), at + "1: no column 'nine'; there are: delay, carrier, my col, "
                                     "when, flag");
  EXPECT_EQ(judged("delay >= "), at + "10: expected a number, 'text', true or false, but it ends "
                                      "there");
  EXPECT_EQ(judged("delay ~ 3"), at + "7: '~' has no meaning here");
  EXPECT_EQ(judged("delay > 3 4"), at + "11: expected 'and', 'or' or the end, not '4'");
  EXPECT_EQ(judged("delay > 3x"), at + "9: expected a number, 'text', true or false, not '3x'");
  EXPECT_EQ(judged("(delay > 3"), at + "11: expected ')', but it ends there");
  EXPECT_EQ(judged("delay is 3"), at + "10: expected 'null', not '3'");
  EXPECT_EQ(judged("delay in 3"), at + "10: expected '(', not '3'");
  EXPECT_EQ(judged("delay not 3"), at + "11: expected 'in', not '3'");
  EXPECT_EQ(judged("delay 3"), at + "7: expected =, !=, <, <=, >, >=, 'is' or 'in', not '3'");
  EXPECT_EQ(judged("carrier = 'UA"), at + "11: the ' that opens here is never closed");
  EXPECT_EQ(judged("delay = null"),
            at + "9: nothing compares with null; write 'is null' or 'is not null'");
  EXPECT_EQ(judged("delay = 'x'"), at + "9: column 'delay' is int64; accepted: a number");
  EXPECT_EQ(judged("carrier = 3"),
            at + "11: column 'carrier' is string; accepted: a text in single quotes");
  EXPECT_EQ(judged("flag = 1"), at + "8: column 'flag' is boolean; accepted: true or false");
  EXPECT_EQ(judged("when = '1.1.1970'"),
            at + "8: column 'when' is timestamp; accepted: a time such as '2013-01-31' or "
                 "'2013-01-31T05:00:00'");
  EXPECT_TRUE(judged(std::string(100'000, '(')).starts_with(at + "101: expected less than 100"));
}

TEST(FilterTest, KeepsTheRowsThatAreTrue) {
  const auto kept = Condition::parse("delay < 100").value().filter(flights());
  ASSERT_TRUE(kept.ok()) << kept.error().message;
  EXPECT_EQ(kept->column("carrier")->text_at(1), "it's");
  EXPECT_EQ(kept->n_rows(), 2u);
}

Table weather(std::vector<int64_t> hours) {
  const size_t n = hours.size();
  std::vector<double> temps;
  for (size_t i = 0; i < n; ++i) temps.push_back(static_cast<double>(i) + 0.5);
  return Table::from_batch({{string_column("origin", std::vector<std::string>(n, "EWR")),
                             int64_column("hour", std::move(hours)), float64_column("temp", temps)},
                            n})
      .value();
}

TEST(JoinTest, KeepsTheLeftRows) {
  const auto left =
      Table::from_batch({{with_missing(int64_column("hour", {3, 1, 2, 9, 1}), 4),
                          string_column("origin", {"EWR", "EWR", "JFK", "EWR", "EWR"})},
                         5})
          .value();
  const auto joined =
      left_join(left, weather({1, 2, 3}), {"origin", "hour"}, {{{"temp", "temperature"}}});
  ASSERT_TRUE(joined.ok()) << joined.error().message;
  EXPECT_EQ(joined->n_matched, 2u);
  EXPECT_EQ(joined->table.names(), (std::vector<std::string>{"hour", "origin", "temperature"}));
  EXPECT_EQ(joined->table.column("hour")->text_at(0), "3");
  const auto temps = joined->table.column("temperature").value();
  EXPECT_EQ(temps.text_at(0), "2.5");
  EXPECT_EQ(temps.text_at(1), "0.5");
  EXPECT_EQ(temps.valid, (std::vector<uint8_t>{1, 1, 0, 0, 0}));
}

TEST(JoinTest, RefusesWhatWouldSurprise) {
  const auto left = weather({1, 2});
  const auto error = [&](const Table& right, const std::vector<std::string>& keys,
                         const JoinOptions& options = {}) {
    const auto joined = left_join(left, right, keys, options);
    return joined.ok() ? "no error" : joined.error().message;
  };
  EXPECT_EQ(error(weather({5, 7, 7}), {"origin", "hour"}, {{{"temp", "t"}}}),
            "the right table of the join has the key origin=EWR, hour=7 in row 2 and again in row "
            "3; a join must not multiply rows");
  EXPECT_EQ(error(weather({5}), {"origin", "hour"}),
            "the join would make a second column 'temp'; give the right table's another name, or "
            "leave it out");
  EXPECT_EQ(error(weather({5}), {"day"}),
            "the left table of the join: no column 'day'; there are: origin, hour, temp");
  EXPECT_EQ(error(weather({5}).select({"origin"}).value(), {"hour"}),
            "the right table of the join: no column 'hour'; there are: origin");
  EXPECT_EQ(error(weather({5}), {"hour"}, {{{"day", "d"}}}),
            "the right table of the join has no column 'day'; there are: origin, hour, temp");
  const auto texts =
      Table::from_batch({{string_column("hour", {"1"}), int64_column("x", {1})}, 1}).value();
  EXPECT_EQ(error(texts, {"hour"}),
            "the key 'hour' is int64 in the left table and string in the right; accepted: one type "
            "on both sides");
  EXPECT_EQ(error(weather({5}), {}), "a join needs one key column at least");
}

const std::vector<Part> kParts = {{"train", 0.6}, {"validation", 0.2}, {"test", 0.2}};

TEST(SplitTest, SpreadsEachClassExactly) {
  std::vector<int64_t> late;
  for (int i = 0; i < 1003; ++i) late.push_back(i % 4 == 0);  // 251 late, 752 not
  const auto classes = int64_column("late", late);
  const auto parts = stratified_split(classes, kParts, 7);
  ASSERT_TRUE(parts.ok()) << parts.error().message;
  std::vector<size_t> n_late;
  std::set<size_t> seen;
  for (const auto& rows : *parts) {
    n_late.push_back(0);
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
    for (const size_t row : rows) {
      n_late.back() += late[row] == 1;
      EXPECT_TRUE(seen.insert(row).second);
    }
  }
  EXPECT_EQ(seen.size(), 1003u);
  // 150.6, 50.2, 50.2 and 451.2, 150.4, 150.4: the largest remainders get the rows left over
  EXPECT_EQ(n_late, (std::vector<size_t>{151, 50, 50}));
  EXPECT_EQ((*parts)[0].size(), 151u + 451u);
  EXPECT_EQ((*parts)[1].size(), 50u + 151u);
  EXPECT_EQ((*parts)[2].size(), 50u + 150u);
  EXPECT_EQ(stratified_split(classes, kParts, 7).value(), *parts);
  EXPECT_NE(stratified_split(classes, kParts, 8).value(), *parts);
}

TEST(SplitTest, RefusesWhatCannotBe) {
  const auto classes = string_column("kind", {"a", "a", "a", "a", "b", "b"});
  EXPECT_EQ(stratified_split(classes, kParts, 1).error().message,
            "class b of column 'kind' has 2 rows, fewer than the 3 parts; accepted: one row a part "
            "at least");
  EXPECT_EQ(random_split(10, {{"a", 0.5}, {"b", 0.4}}, 1).error().message,
            "the parts' fractions sum to 0.9; accepted: 1");
  EXPECT_EQ(random_split(10, {{"a", 1.5}, {"b", -0.5}}, 1).error().message,
            "part 'b' has the fraction -0.5; accepted: above 0");
  EXPECT_EQ(random_split(2, kParts, 1).error().message, "2 rows cannot be cut into 3 parts");
}

TEST(ProfileTest, DescribesColumns) {
  constexpr int64_t kLarge = 1ll << 60;
  const auto table =
      Table::from_batch({{with_missing(float64_column("x", {1, 2, 4, 8, 100, std::nan("")}), 4),
                          int64_column("id", {kLarge, kLarge + 1, kLarge, 1, 2, 3}),
                          with_missing(string_column("word", {"b", "a", "b", "c", "a", "d"}), 5)},
                         6})
          .value();
  const auto columns = profile(table);
  ASSERT_TRUE(columns.ok()) << columns.error().message;
  const auto& x = (*columns)[0];
  EXPECT_EQ(x.n_missing, 2u);
  EXPECT_EQ(x.n_distinct, 4u);
  EXPECT_EQ(x.numbers->mean, 3.75);
  EXPECT_NEAR(x.numbers->deviation, 3.095695936834452, 1e-15);  // numpy std(ddof=1)
  EXPECT_EQ(x.numbers->quantile_25, 1.75);
  EXPECT_EQ(x.numbers->quantile_50, 3);
  EXPECT_EQ(x.numbers->quantile_75, 5);
  EXPECT_EQ((*columns)[1].n_distinct, 5u);  // two of them are one double
  EXPECT_EQ(to_text(to_json(*columns).as_object().at("columns").as_array().at(2)),
            R"({"name": "word", "type": "string", "rows": 6, "missing": 1, "distinct": 3, )"
            R"("distinct_exact": true, "top": [["a", 2], ["b", 2], ["c", 1]]})");
}

}  // namespace
}  // namespace slipway::data
