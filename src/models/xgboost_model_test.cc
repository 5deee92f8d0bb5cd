#include "models/xgboost_model.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "models/test_data.h"

namespace slipway::models {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> cases() {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(golden_folder() / "models/xgboost")) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  return folders;
}

std::string model_bytes(const fs::path& folder) {
  for (const auto* name : {"model.ubj", "model.json"}) {
    if (fs::exists(folder / name)) return *read_file(folder / name);
  }
  return *read_file(folder / "model.bin");
}

TEST(XgboostModel, EqualsTheLibraryToTheBit) {
  const auto folders = cases();
  ASSERT_GE(folders.size(), 16u);
  for (const auto& folder : folders) {
    SCOPED_TRACE(folder);
    const auto model = XgboostModel::parse(model_bytes(folder));
    ASSERT_TRUE(model.ok()) << model.error().message;
    const auto input = read_numbers(folder / "input.csv");
    const auto expected = read_numbers(folder / "expected.csv");
    ASSERT_EQ(model->n_features(), input.n_columns());
    ASSERT_EQ(model->n_outputs(), expected.n_columns());
    const auto scores = model->predict({input.values.data(), input.n_rows, input.n_columns()});
    ASSERT_TRUE(scores.ok());
    EXPECT_EQ(*scores, expected.values);
  }
}

TEST(XgboostModel, TellsAboutItself) {
  const auto model =
      XgboostModel::parse(model_bytes(golden_folder() / "models/xgboost/categories"));
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->objective(), "binary:logistic");
  EXPECT_EQ(model->version(), "3.2.0");
  EXPECT_EQ(model->feature_types(), (std::vector<std::string>{"q", "q", "q", "c", "c"}));
  EXPECT_EQ(model->n_trees(), 12u);
  const float row[4] = {};
  EXPECT_EQ(model->predict({row, 1, 4}).error().message, "4 columns; the XGBoost model takes 5");
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  check(at != text.npos, "the text is there");
  return text.replace(at, what.size(), by);
}

TEST(XgboostModel, NamesWhatItDoesNotRead) {
  const auto good = model_bytes(golden_folder() / "models/xgboost/regression");
  const auto error = [&](std::string_view what, std::string_view by) {
    const auto model = XgboostModel::parse(replaced(good, what, by));
    return model.ok() ? Error{} : model.error();
  };
  EXPECT_EQ(error(R"("name":"gbtree")", R"("name":"gbdart")").message,
            "XGBoost booster 'gbdart'; those that are read are gbtree, dart and gblinear");
  EXPECT_EQ(error(R"("name":"gbtree")", R"("name":"dart")").message, "'gbtree' is missing");
  EXPECT_EQ(error("reg:squarederror", "reg:expectile").message,
            "XGBoost objective 'reg:expectile'");
  EXPECT_EQ(error("reg:squarederror", "reg:expectile").code, Code::not_implemented);
  EXPECT_EQ(error(R"("size_leaf_vector":"1")", R"("size_leaf_vector":"3")").message,
            "tree 0: leaves have 3 values for 1 outputs");
  EXPECT_EQ(error(R"("base_score":"[7E-1]")", R"("base_score":"x")").message, "base_score is x");
  EXPECT_EQ(error(R"("left_children":[1)", R"("left_children":[0)").message,
            "tree 0, node 0: leads to node 0, which is reached twice");
  EXPECT_EQ(XgboostModel::parse("pickle").error().code, Code::invalid_parameter_value);
}

TEST(XgboostModel, ReadsBothFormsOfBaseScore) {
  const auto folder = golden_folder() / "models/xgboost/regression";
  const auto good = model_bytes(folder);
  const auto old =
      XgboostModel::parse(replaced(good, R"("base_score":"[7E-1]")", R"("base_score":"7E-1")"));
  ASSERT_TRUE(old.ok()) << old.error().message;
  const auto input = read_numbers(folder / "input.csv");
  EXPECT_EQ(*old->predict({input.values.data(), input.n_rows, 5}),
            read_numbers(folder / "expected.csv").values);
}

TEST(XgboostModel, KeepsTheTreesUpToTheBestIteration) {
  const auto n_trees = [](const char* name, XgboostTrees which) {
    const auto bytes = model_bytes(golden_folder() / "models/xgboost" / name);
    const auto model = XgboostModel::parse(bytes, which);
    return model.ok() ? model->n_trees() : 0;
  };
  EXPECT_EQ(n_trees("binary_form_classes", XgboostTrees::all), 18u);
  EXPECT_EQ(n_trees("binary_form_classes", XgboostTrees::to_best_iteration), 12u);
  EXPECT_LT(n_trees("early_stopped", XgboostTrees::to_best_iteration),
            n_trees("early_stopped", XgboostTrees::all));
  EXPECT_EQ(n_trees("regression", XgboostTrees::to_best_iteration),
            n_trees("regression", XgboostTrees::all));
}

// Whatever a damaged file says, it is refused or gives a model that predicts in bounds.
void expect_survives(const std::string& bytes, const NumberTable& input) {
  const auto model = XgboostModel::parse(bytes);
  if (!model.ok() || model->n_features() > 1000) return;
  const size_t n = model->n_features();
  std::vector<float> rows(input.values);
  rows.resize(std::max<size_t>(n * 4, 1), 1.0f);
  const auto scores = model->predict({rows.data(), 4, n});
  EXPECT_TRUE(scores.ok());
}

TEST(XgboostModel, SurvivesDamagedFiles) {
  Random random(11);
  for (const auto& folder : cases()) {
    SCOPED_TRACE(folder);
    const auto good = model_bytes(folder);
    const auto input = read_numbers(folder / "input.csv");
    for (int i = 0; i < 15; ++i) {
      EXPECT_FALSE(XgboostModel::parse(good.substr(0, random.below(good.size()))).ok());
    }
    for (int i = 0; i < 60; ++i) {
      auto bad = good;
      const size_t n_flips = 1 + random.below(3);
      for (size_t k = 0; k < n_flips; ++k) {
        bad[random.below(bad.size())] = static_cast<char>(random.bits());
      }
      expect_survives(bad, input);
    }
  }
}

}  // namespace
}  // namespace slipway::models
