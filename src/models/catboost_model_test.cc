#include "models/catboost_model.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "models/catboost/oblivious.h"
#include "models/catboost/parts.h"
#include "models/model.h"
#include "models/test_data.h"

namespace slipway::models {
namespace {

data::Column column_of(const std::string& name, const JsonArray& values) {
  if (values[0].is_string()) {
    std::vector<std::string> texts;
    for (const auto& value : values) texts.emplace_back(value.get_string());
    return data::string_column(name, texts);
  }
  if (values[0].is_int64()) {
    std::vector<int64_t> numbers;
    for (const auto& value : values) numbers.push_back(value.get_int64());
    return data::int64_column(name, numbers);
  }
  std::vector<double> numbers;
  for (const auto& value : values) {
    numbers.push_back(value.is_null() ? kNotANumber : value.to_number<double>());
  }
  return data::float64_column(name, numbers);
}

class CatboostGolden : public testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path folder() const { return golden_folder() / "models/catboost" / GetParam(); }
};

TEST_P(CatboostGolden, PredictsWhatPyfuncDoes) {
  const auto text = read_file(folder() / "case.json");
  ASSERT_TRUE(text.ok());
  const auto json = parse_json(*text).value();
  data::Batch rows;
  for (const auto& [name, values] : find(json, "rows")->get_object()) {
    rows.columns.push_back(column_of(name, values.get_array()));
    rows.n_rows = rows.columns[0].size();
  }
  const auto model = load(folder());
  ASSERT_TRUE(model.ok()) << model.error().message;
  const auto answer = (*model)->predict(rows);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const auto& wanted = find(json, "expected")->get_array();
  ASSERT_EQ(answer->n_rows, wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto& row = wanted[i].get_array();
    ASSERT_EQ(answer->columns.size(), row.size());
    for (size_t c = 0; c < row.size(); ++c) {
      if (row[c].is_string()) {
        EXPECT_EQ(answer->columns[c].strings()[i], std::string_view(row[c].get_string()));
      } else {
        const double expected = row[c].to_number<double>();
        EXPECT_NEAR(answer->columns[c].number_at(i), expected, 1e-14 * std::abs(expected));
      }
    }
  }
}

TEST_P(CatboostGolden, RefusesCutFiles) {
  const auto bytes = read_file(folder() / "model.cb").value();
  for (size_t size = 0; size < bytes.size(); size += 97) {
    EXPECT_FALSE(CatboostModel::parse(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(All, CatboostGolden,
                         testing::Values("value", "counted", "one_hot", "grown", "exponent"));

// One row at a time and many at once are the same bits; a batch may end anywhere in a block.
TEST(CatboostModel, ScoresRowsAloneAsTogether) {
  const auto bytes = read_file(golden_folder() / "models/catboost/value/model.cb").value();
  const auto model = CatboostModel::parse(bytes).value();
  ASSERT_EQ(model.n_columns(), 4u);
  std::vector<float> rows(4 * 150);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] = i % 17 == 0 ? std::nanf("") : static_cast<float>(i * 7919 % 1000) / 250 - 2;
  }
  const auto together = model.predict(rows.data(), 150);
  for (size_t i = 0; i < 150; ++i) {
    EXPECT_EQ(model.predict(rows.data() + 4 * i, 1)[0], together[i]) << i;
  }
}

TEST(CatboostHash, IsCityHashes) {
  // the lower halves are values that CatBoost 1.2.10 wrote for these categories
  EXPECT_EQ(static_cast<uint32_t>(catboost::city_hash("1")), 1121341681u);
}

TEST(CatboostRanks, CountBordersBelow) {
  std::vector<float> borders;
  for (int i = 0; i < 100; ++i) borders.push_back(static_cast<float>(i));
  float x[catboost::kBlock];
  for (size_t i = 0; i < catboost::kBlock; ++i) x[i] = static_cast<float>(i) * 2 - 10;
  x[1] = std::nanf("");
  for (const size_t n : {3u, 100u}) {
    uint8_t ranks[catboost::kBlock];
    const std::span<const float> some(borders.data(), n);
    catboost::rank_block(x, some, ranks);
    for (size_t i = 0; i < catboost::kBlock; ++i) {
      const auto below = std::ranges::count_if(some, [&](float b) { return x[i] > b; });
      EXPECT_EQ(ranks[i], below) << i;
      std::vector<float> padded(some.begin(), some.end());
      padded.resize(112, std::numeric_limits<float>::infinity());
      EXPECT_EQ(catboost::rank_number(x[i], padded), below) << i;
    }
  }
}

}  // namespace
}  // namespace slipway::models
