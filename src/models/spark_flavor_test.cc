#include "models/spark_flavor.h"

#include <gtest/gtest.h>

#include "models/folder.h"
#include "models/spark/pattern.h"
#include "models/test_data.h"

namespace slipway::models {
namespace {

constexpr const char* kCases[] = {"classes", "values", "texts"};

data::Batch rows_of(const Json& listed) {
  data::Batch rows;
  for (const auto& [name, values] : find(listed, "rows")->get_object()) {
    const auto& list = values.get_array();
    rows.n_rows = list.size();
    if (list[0].is_string()) {
      std::vector<std::string> texts;
      for (const auto& value : list) texts.emplace_back(value.get_string());
      rows.columns.push_back(data::string_column(name, texts));
    } else if (list[0].is_int64()) {
      std::vector<int64_t> numbers;
      for (const auto& value : list) numbers.push_back(value.get_int64());
      rows.columns.push_back(data::int64_column(name, numbers));
    } else {
      std::vector<double> numbers;
      for (const auto& value : list) numbers.push_back(value.to_number<double>());
      rows.columns.push_back(data::float64_column(name, numbers));
    }
  }
  return rows;
}

class SparkGolden : public testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path folder() const { return golden_folder() / "models/spark" / GetParam(); }
  Json listed() const {
    const auto text = read_file(folder() / "case.json");
    check(text.ok(), "the golden is there");
    return parse_json(*text).value();
  }
};

TEST_P(SparkGolden, PredictsWhatPyfuncDoes) {
  const auto model = load(folder());
  ASSERT_TRUE(model.ok()) << model.error().message;
  const auto json = listed();
  const auto answer = (*model)->predict(rows_of(json));
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const auto& wanted = find(json, "pyfunc")->get_array();
  ASSERT_EQ(answer->columns.size(), 1u);
  ASSERT_EQ(answer->n_rows, wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double expected = wanted[i].to_number<double>();
    EXPECT_NEAR(answer->columns[0].number_at(i), expected, 1e-12 * std::abs(expected)) << i;
  }
}

// A file that is cut, at any place, is refused or leaves a model that keeps within bounds.
TEST_P(SparkGolden, RefusesCutFiles) {
  const auto files = read_model_files(folder(), "sparkml").value();
  const auto rows = rows_of(listed());
  size_t n_refused = 0;
  for (const auto& [path, bytes] : files) {
    auto cut = files;
    cut[path].resize(bytes.size() / 2);
    const auto pipeline = SparkPipeline::load(cut);
    if (!pipeline.ok()) {
      ++n_refused;
      continue;
    }
    const auto scored = pipeline->predict(rows);
    EXPECT_TRUE(scored.ok()) << path;
  }
  EXPECT_GE(n_refused, files.size() / 2);
}

INSTANTIATE_TEST_SUITE_P(All, SparkGolden, testing::ValuesIn(kCases));

spark::Files one_stage(std::string_view name, std::string_view params) {
  return {{"metadata/part-00000",
           fmt::format(R"({{"class": "org.apache.spark.ml.feature.{}", "uid": "x",
                           "sparkVersion": "3.5.1", "paramMap": {}}})",
                       name, params)}};
}

TEST(SparkPipeline, NamesWhatItDoesNotEvaluate) {
  auto files = one_stage("SQLTransformer", R"({"statement": "SELECT * FROM __THIS__"})");
  for (auto& [path, bytes] : files) std::erase(bytes, '\n');
  const auto sql = SparkPipeline::load(files);
  ASSERT_FALSE(sql.ok());
  EXPECT_EQ(sql.error().code, Code::not_implemented);
  EXPECT_NE(sql.error().message.find("org.apache.spark.ml.feature.SQLTransformer"),
            std::string::npos);
}

TEST(SparkPipeline, ScoresOneTransformer) {
  auto files = one_stage("Bucketizer", R"({"inputCol": "a", "outputCol": "b",
                                          "splits": ["-Inf", 0.0, 1.0, "Inf"]})");
  for (auto& [path, bytes] : files) std::erase(bytes, '\n');
  const auto pipeline = SparkPipeline::load(files);
  ASSERT_TRUE(pipeline.ok()) << pipeline.error().message;
  EXPECT_EQ(pipeline->inputs(), std::vector<std::string>{"a"});
  data::Batch rows;
  rows.n_rows = 3;
  rows.columns.push_back(data::float64_column("a", {-1, 0.5, 1}));
  const auto made = pipeline->predict(rows);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(std::get<data::Column>(made->cells).float64s(), (std::vector<double>{0, 1, 2}));
  rows.columns[0] = data::float64_column("a", {1, kNotANumber, 1});
  EXPECT_FALSE(pipeline->predict(rows).ok());
}

// As MLflow does with a column of lists.
TEST(SparkPipeline, TakesListsAsVectors) {
  auto files = one_stage("Normalizer", R"({"inputCol": "v", "outputCol": "unit", "p": 1.0})");
  for (auto& [path, bytes] : files) std::erase(bytes, '\n');
  Mlmodel mlmodel;
  mlmodel.signature_inputs = R"([{"type": "sparkml_vector", "name": "v", "required": true}])";
  const auto model = make_spark_flavor(files, mlmodel, "");
  ASSERT_TRUE(model.ok()) << model.error().message;
  data::Batch rows;
  rows.n_rows = 2;
  rows.columns.push_back(data::float64_column("v", {1, 3, 0, 2}));
  rows.columns[0].shape = {2};
  const auto made = (*model)->predict(rows);
  ASSERT_TRUE(made.ok()) << made.error().message;
  ASSERT_EQ(made->columns.size(), 2u);
  EXPECT_EQ(made->columns[0].float64s(), (std::vector<double>{0.25, 0}));
  EXPECT_EQ(made->columns[1].float64s(), (std::vector<double>{0.75, 1}));
}

TEST(SparkFrame, WritesNumbersAsJavaDoes) {
  EXPECT_EQ(spark::java_text(1.0), "1.0");
  EXPECT_EQ(spark::java_text(0.5f), "0.5");
  EXPECT_EQ(spark::java_text(1e7), "1.0E7");
  EXPECT_EQ(spark::java_text(1.25e-5), "1.25E-5");
  EXPECT_EQ(spark::java_text(-123456.789), "-123456.789");
  EXPECT_EQ(spark::java_text(kNotANumber), "NaN");
}

std::vector<std::u32string> cut(std::string_view pattern, std::u32string_view text) {
  return spark::Pattern::parse(pattern).value().split(text).value();
}

TEST(SparkPattern, CutsAsJavaDoes) {
  using Parts = std::vector<std::u32string>;
  EXPECT_EQ(cut("\\s+", U" a  b "), (Parts{U"", U"a", U"b"}));
  EXPECT_EQ(cut("[^a-c]|bc{1,2}", U"axbccb"), (Parts{U"a", U"", U"b"}));
  EXPECT_EQ(cut(",*", U"ab"), (Parts{U"a", U"b"}));
  EXPECT_EQ(cut("x", U""), (Parts{U""}));
  EXPECT_FALSE(spark::Pattern::parse("(a|b)").ok());
  EXPECT_FALSE(spark::Pattern::parse("a+?").ok());
}

// Quantifiers after each other try every way to share the text among them.
TEST(SparkPattern, StopsWhereThereAreTooManyWays) {
  const auto pattern = spark::Pattern::parse("a*a*a*a*a*a*b").value();
  EXPECT_FALSE(pattern.find_all(std::u32string(3000, U'a')).ok());
}

}  // namespace
}  // namespace slipway::models
