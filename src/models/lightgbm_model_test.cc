#include "models/lightgbm_model.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "models/test_data.h"

namespace slipway::models {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> cases() {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(golden_folder() / "models/lightgbm")) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  return folders;
}

std::string model_text(const fs::path& folder) { return *read_file(folder / "model.lgb"); }

struct Table {
  std::vector<double> values;
  size_t n_rows = 0;
  size_t n_columns() const { return n_rows == 0 ? 0 : values.size() / n_rows; }
};

Table read_table(const fs::path& path) {
  Table table;
  const auto text = read_file(path);
  for (const auto& line : split(trim(*text), '\n')) {
    ++table.n_rows;
    for (const auto& cell : split(line, ',')) table.values.push_back(to_number(cell).value());
  }
  return table;
}

TEST(LightgbmModel, EqualsTheLibraryToTheBit) {
  const auto folders = cases();
  ASSERT_GE(folders.size(), 7u);
  for (const auto& folder : folders) {
    SCOPED_TRACE(folder);
    const auto model = LightgbmModel::parse(model_text(folder));
    ASSERT_TRUE(model.ok()) << model.error().message;
    const auto input = read_table(folder / "input.csv");
    const auto expected = read_table(folder / "expected.csv");
    ASSERT_EQ(model->n_features(), input.n_columns());
    ASSERT_EQ(model->n_outputs(), expected.n_columns());
    const auto scores = model->predict({input.values.data(), input.n_rows, input.n_columns()});
    ASSERT_TRUE(scores.ok());
    EXPECT_EQ(*scores, expected.values);
  }
}

TEST(LightgbmModel, TellsAboutItself) {
  const auto model =
      LightgbmModel::parse(model_text(golden_folder() / "models/lightgbm/categories"));
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->objective(), "multiclass");
  EXPECT_EQ(model->n_trees(), 12u);
  EXPECT_EQ(model->feature_names()[4], "Column_4");
  EXPECT_EQ(model->is_category(), (std::vector<bool>{false, false, false, false, true}));
  const double row[4] = {};
  EXPECT_EQ(model->predict({row, 1, 4}).error().message, "4 columns; the LightGBM model takes 5");
}

TEST(LightgbmModel, SaysWhatIsWrong) {
  const auto good = model_text(golden_folder() / "models/lightgbm/categories");
  const auto error = [&](std::string_view what, std::string_view by) {
    auto bad = good;
    const auto at = bad.find(what);
    check(at != bad.npos, "the text is there");
    const auto end = what.ends_with('=') ? bad.find('\n', at) : at + what.size();
    const auto model = LightgbmModel::parse(bad.replace(at, end - at, by));
    return model.ok() ? Error{} : model.error();
  };
  EXPECT_EQ(error("tree\n", "forest\n").message, "not a LightGBM model: line 1 is not 'tree'");
  EXPECT_EQ(error("objective=", "objective=cosine").message, "LightGBM objective 'cosine'");
  EXPECT_EQ(error("objective=", "objective=cosine").code, Code::not_implemented);
  EXPECT_EQ(error("max_feature_idx=", "max_feature_idx=-1").message,
            "'max_feature_idx' is -1, not a count up to 16777216");
  EXPECT_EQ(error("feature_names=", "feature_names=a b").message,
            "'feature_names' has 2 names of 5 features");
  EXPECT_EQ(error("num_leaves=", "num_leaves=0").message, "tree 0: 'num_leaves' is 0");
  EXPECT_EQ(error("num_leaves=", "num_leaves=99999999999").code, Code::invalid_parameter_value);
  EXPECT_EQ(error("threshold=", "x=").message, "tree 0: 'threshold' is missing");
  EXPECT_EQ(error("left_child=", "left_child=1 2").message,
            "tree 0: 'left_child' has fewer than 11 numbers");
  EXPECT_EQ(error("cat_boundaries=", "cat_boundaries=5 1").message.substr(0, 24),
            "tree 0: 'cat_threshold' ");
  EXPECT_EQ(error("num_cat=", "num_cat=0").message.substr(0, 13), "tree 0: node ");
  EXPECT_EQ(error("end of trees", "end of woods").message,
            "after tree 11: 'end of woods' instead of 'end of trees'");
  EXPECT_EQ(error("pandas_categorical:", "pandas_categorical:{").message.substr(0, 19),
            "pandas_categorical:");
}

// Whatever a damaged file says, it is refused or gives a model that predicts in bounds.
TEST(LightgbmModel, SurvivesDamagedFiles) {
  Random random(11);
  for (const auto& folder : cases()) {
    SCOPED_TRACE(folder);
    const auto good = model_text(folder);
    const auto end = good.find("end of trees");
    for (int i = 0; i < 20; ++i) {
      EXPECT_FALSE(LightgbmModel::parse(good.substr(0, random.below(end))).ok());
    }
    for (int i = 0; i < 150; ++i) {
      auto bad = good;
      const size_t n_changes = 1 + random.below(3);
      for (size_t k = 0; k < n_changes; ++k) {
        constexpr std::string_view kLetters = "0123456789-.e =\n";
        bad[random.below(end)] = kLetters[random.below(kLetters.size())];
      }
      const auto model = LightgbmModel::parse(bad);
      if (!model.ok() || model->n_features() > 1000) continue;
      const std::vector<double> rows(model->n_features() * 70, 1.0);
      EXPECT_TRUE(model->predict({rows.data(), 70, model->n_features()}).ok());
    }
  }
}

}  // namespace
}  // namespace slipway::models
