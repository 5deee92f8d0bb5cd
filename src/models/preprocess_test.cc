#include "models/preprocess.h"

#include <gtest/gtest.h>

#include "models/test_data.h"

namespace slipway::models {
namespace {

std::vector<float> row_of(const std::vector<float>& matrix, size_t row, size_t width) {
  return {matrix.begin() + static_cast<ptrdiff_t>(row * width),
          matrix.begin() + static_cast<ptrdiff_t>((row + 1) * width)};
}

TEST(Preprocess, GivesCodesForTrees) {
  const auto rows = flights();
  const auto fitted = Preprocess::fit(rows, flight_options(Encoding::codes));
  ASSERT_TRUE(fitted.ok()) << fitted.error().message;
  EXPECT_EQ(fitted->feature_names(),
            (std::vector<std::string>{"month", "distance", "carrier", "origin", "weekday"}));
  EXPECT_EQ(fitted->feature_types(), (std::vector<std::string>{"q", "q", "c", "c", "q"}));
  EXPECT_EQ(fitted->features()[2].categories,
            (std::vector<std::string>{"", "AA", "B6", "UA", "Zürich \"x\""}));
  const auto matrix = fitted->encode(rows);
  ASSERT_TRUE(matrix.ok()) << matrix.error().message;
  EXPECT_EQ(row_of(*matrix, 0, 5), (std::vector<float>{1, 1400, 3, 0, 1}));  // 2013-01-01: Tuesday
  EXPECT_EQ(row_of(*matrix, 3, 5), (std::vector<float>{12, 0.1f, 2, 2, 1}));
  const auto leap = row_of(*matrix, 2, 5);  // 2012-02-29: Wednesday; no distance, no origin
  EXPECT_TRUE(std::isnan(leap[1]));
  EXPECT_TRUE(std::isnan(leap[3]));
  EXPECT_EQ(leap[4], 2);
}

TEST(Preprocess, GivesOneHotStandardizedForLinearModels) {
  const auto rows = flights();
  const auto fitted = Preprocess::fit(rows, flight_options(Encoding::one_hot));
  ASSERT_TRUE(fitted.ok());
  EXPECT_EQ(fitted->n_columns(), 2 + 5 + 3 + 1u);
  EXPECT_EQ(fitted->feature_names()[3], "carrier=AA");
  const auto& distance = fitted->features()[1];
  EXPECT_DOUBLE_EQ(*distance.impute, (1400 + 200.5 + 0.1 + 2475 + 944) / 5);
  const auto matrix = fitted->encode(rows);
  ASSERT_TRUE(matrix.ok());
  const auto leap = row_of(*matrix, 2, 11);
  EXPECT_EQ(leap[1], 0);  // imputed by the mean
  EXPECT_EQ(std::vector<float>(leap.begin() + 2, leap.begin() + 10),
            (std::vector<float>{0, 0, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(row_of(*matrix, 0, 11)[1], static_cast<float>((1400 - distance.mean) / distance.scale));
}

TEST(Preprocess, TakesUnseenCategoriesAsMissing) {
  auto rows = flights();
  const auto codes = Preprocess::fit(rows, flight_options(Encoding::codes));
  const auto one_hot = Preprocess::fit(rows, flight_options(Encoding::one_hot));
  rows.columns[4] = data::string_column("carrier", {"ZZ", "AA", "UA", "B6", "", "U"});
  EXPECT_TRUE(std::isnan((*codes->encode(rows))[2]));
  const auto matrix = *one_hot->encode(rows);
  for (size_t k = 2; k < 7; ++k) EXPECT_EQ(matrix[k], 0);
}

TEST(Preprocess, KeepsTheMostFrequentCategories) {
  auto options = flight_options(Encoding::codes);
  options.max_categories = 2;
  const auto fitted = Preprocess::fit(flights(), options);
  EXPECT_EQ(fitted->features()[2].categories, (std::vector<std::string>{"", "UA"}));
  EXPECT_EQ(fitted->features()[3].categories, (std::vector<std::string>{"EWR", "JFK"}));
}

TEST(Preprocess, NamesItsInputs) {
  auto rows = flights();
  rows.columns[1].valid = {1, 1, 1, 1, 1, 0};  // a month is missing: pandas makes it a double
  const auto fitted = Preprocess::fit(rows, flight_options(Encoding::codes));
  ASSERT_TRUE(fitted.ok());
  EXPECT_EQ(signature_text(fitted->inputs()),
            R"([{"type": "double", "name": "month", "required": true}, )"
            R"({"type": "double", "name": "distance", "required": true}, )"
            R"({"type": "string", "name": "carrier", "required": true}, )"
            R"({"type": "string", "name": "origin", "required": true}, )"
            R"({"type": "long", "name": "year", "required": true}, )"
            R"({"type": "long", "name": "day", "required": true}])");
  EXPECT_TRUE(std::isnan((*fitted->encode(rows))[5 * 5 + 4]));  // its weekday too
}

TEST(Preprocess, RepeatsItselfAfterJson) {
  for (const auto encoding : {Encoding::codes, Encoding::one_hot}) {
    const auto rows = flights();
    const auto fitted = Preprocess::fit(rows, flight_options(encoding));
    const auto json = parse_json(to_pretty_text(fitted->to_json()));
    const auto read = Preprocess::from_json(*json);
    ASSERT_TRUE(read.ok()) << read.error().message;
    const auto a = *fitted->encode(rows);
    const auto b = *read->encode(rows);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      EXPECT_TRUE(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) << i;
    }
    EXPECT_EQ(signature_text(read->inputs()), signature_text(fitted->inputs()));
  }
}

TEST(Preprocess, NamesColumnRowAndValueOfErrors) {
  const auto good = flights();
  const auto fitted = Preprocess::fit(good, flight_options(Encoding::codes));
  const auto error = [&](data::Column column) {
    auto rows = good;
    for (auto& old : rows.columns) {
      if (old.name == column.name) old = column;
    }
    const auto matrix = fitted->encode(rows);
    return matrix.ok() ? "" : matrix.error().message;
  };
  EXPECT_EQ(error(data::int64_column("month", {1, 2, 2, 13, 7, 7})),
            "column 'month', row 3: 13 is not a whole 1..12");
  EXPECT_EQ(error(data::int64_column("day", {1, 29, 29, 31, 7, 7})),
            "column 'day', row 1: 29 is not a whole 1..28");
  EXPECT_EQ(error(data::float64_column("day", {1.5, 28, 29, 31, 7, 7})),
            "column 'day', row 0: 1.5 is not a whole 1..31");
  EXPECT_EQ(error(data::string_column("distance", {"1", "2", "3", "4", "5", "6"})),
            "column 'distance' is string, not a number");
  EXPECT_EQ(error(data::float64_column("carrier", {1, 2, 3, 4, 5, 6})),
            "column 'carrier' is float64, not a string");
  auto rows = good;
  rows.columns.pop_back();
  EXPECT_EQ(fitted->encode(rows).error().message,
            "no column 'origin'; there are: year, month, day, distance, carrier");
  auto options = flight_options(Encoding::codes);
  options.columns = {"nowhere"};
  EXPECT_EQ(Preprocess::fit(good, options).error().code, Code::invalid_parameter_value);
}

TEST(Preprocess, RefusesJsonThatIsNotIts) {
  const auto good = Preprocess::fit(flights(), flight_options(Encoding::codes))->to_json();
  const auto error = [&](std::string_view what, std::string_view by) {
    auto text = to_text(good);
    text.replace(text.find(what), what.size(), by);
    const auto read = Preprocess::from_json(*parse_json(text));
    return read.ok() ? "" : read.error().message;
  };
  EXPECT_EQ(error(R"("version": 1)", R"("version": 2)"),
            "preparation of version 2; this program reads 1");
  EXPECT_EQ(error(R"("name": "distance")", R"("name": "far")"),
            "feature 'distance' is neither input nor derived");
  EXPECT_EQ(error(R"("encoding": "codes")", R"("encoding": "hash")"),
            "preparation: encoding 'hash'");
  EXPECT_EQ(error(R"("categories")", R"("other")"), "'categories' is missing or is not an array");
}

}  // namespace
}  // namespace slipway::models
