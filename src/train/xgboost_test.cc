#include "train/xgboost.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "models/xgboost_model.h"
#include "train/metrics.h"
#include "train/test_data.h"
#include "train/train.h"
#include "train/xgboost_library.h"

namespace slipway::train {
namespace {

/// Sets SLIPWAY_XGBOOST for a scope.
class LibraryPath {
 public:
  explicit LibraryPath(const char* path) {
    if (const char* before = std::getenv("SLIPWAY_XGBOOST")) before_ = before;
    setenv("SLIPWAY_XGBOOST", path, 1);
  }
  ~LibraryPath() {
    before_.empty() ? unsetenv("SLIPWAY_XGBOOST") : setenv("SLIPWAY_XGBOOST", before_.c_str(), 1);
  }

 private:
  std::string before_;
};

class Xgboost : public testing::Test {
 protected:
  void SetUp() override {
    auto library = XgboostLibrary::open();
    if (!library.ok()) GTEST_SKIP() << library.error().message;
    library_ = std::move(library).value();
  }

  Fitted fit_or_fail(JsonObject params, uint64_t seed = 1, const OnRound& on_round = {}) {
    params.emplace("nthread", 1);
    auto fitted = fit(test_.data(), "xgboost", params, seed, on_round);
    EXPECT_TRUE(fitted.ok()) << fitted.error().message;
    return fitted.ok() ? std::move(fitted).value() : Fitted();
  }
  static std::string bytes(const Fitted& fitted) {
    return std::get<models::XgboostBytes>(fitted.estimator).ubj;
  }
  std::vector<float> library_scores(const std::string& ubj, const LabelledRows& part);

  XgboostLibrary library_;
  TestData test_;
};

/// What the library answers once it has read the bytes back.
std::vector<float> Xgboost::library_scores(const std::string& ubj, const LabelledRows& part) {
  void* opened = dlopen(library_.path.c_str(), RTLD_NOW);
  const auto load = reinterpret_cast<int (*)(void*, const void*, uint64_t)>(
      dlsym(opened, "XGBoosterLoadModelFromBuffer"));
  void* handle = nullptr;
  EXPECT_EQ(library_.XGBoosterCreate(nullptr, 0, &handle), 0);
  const auto booster = library_.booster(handle);
  EXPECT_EQ(load(booster.get(), ubj.data(), ubj.size()), 0);
  const auto array = fmt::format(
      R"({{"data": [{}, true], "shape": [{}, {}], "typestr": "<f4", "version": 3}})",
      reinterpret_cast<uintptr_t>(part.rows.values), part.rows.n_rows, part.rows.n_columns);
  EXPECT_EQ(library_.XGDMatrixCreateFromDense(array.c_str(), R"({"missing": NaN})", &handle), 0);
  const auto matrix = library_.matrix(handle);
  std::vector<const char*> types;
  for (const auto& type : test_.types) types.push_back(type.c_str());
  EXPECT_EQ(
      library_.XGDMatrixSetStrFeatureInfo(matrix.get(), "feature_type", types.data(), types.size()),
      0);
  const char* config = R"({"type": 0, "training": false, "iteration_begin": 0, "iteration_end": 0,
                           "strict_shape": false})";
  const uint64_t* shape = nullptr;
  uint64_t n_dimensions = 0;
  const float* values = nullptr;
  EXPECT_EQ(library_.XGBoosterPredictFromDMatrix(booster.get(), matrix.get(), config, &shape,
                                                 &n_dimensions, &values),
            0);
  dlclose(opened);
  return {values, values + part.rows.n_rows};
}

TEST_F(Xgboost, OurEvaluatorAnswersAsTheLibraryToTheBit) {
  const auto fitted = fit_or_fail({{"n_estimators", 30}, {"max_depth", 5}});
  const auto model = models::XgboostModel::parse(bytes(fitted));
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->n_trees(), 30u);
  EXPECT_EQ(model->feature_names(), test_.names);
  EXPECT_EQ(model->feature_types(), test_.types);
  for (int part = 0; part < 2; ++part) {
    const auto expected = library_scores(bytes(fitted), test_.part(part));
    const auto scores = model->predict(test_.part(part).rows);
    ASSERT_TRUE(scores.ok());
    ASSERT_EQ(scores->size(), expected.size());
    EXPECT_EQ(std::memcmp(scores->data(), expected.data(), expected.size() * sizeof(float)), 0);
    const auto& fitted_scores = part == 0 ? fitted.train_scores : fitted.validation_scores;
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(fitted_scores[i], expected[i]) << i;
  }
}

TEST_F(Xgboost, LearnsAndTellsHow) {
  size_t n_rounds = 0;
  const auto fitted =
      fit_or_fail({{"n_estimators", 20}, {"eta", 0.2}}, 1, [&](const RoundMetrics& metrics) {
        EXPECT_EQ(metrics.round, ++n_rounds);
        return Next::go_on;
      });
  EXPECT_EQ(n_rounds, 20u);
  ASSERT_EQ(fitted.history.size(), 20u);
  EXPECT_EQ(fitted.best_round, 20u);
  EXPECT_EQ(fitted.end, Fitted::End::finished);
  const auto& last = fitted.history.back();
  EXPECT_LT(last.train_log_loss, fitted.history.front().train_log_loss);
  EXPECT_GT(last.validation_auc, 0.8);
  EXPECT_NEAR(last.validation_log_loss, *log_loss(test_.labels[1], fitted.validation_scores), 1e-6);
  EXPECT_NEAR(last.validation_auc, *auc(test_.labels[1], fitted.validation_scores), 1e-4);
  double importance = 0;
  for (const double share : fitted.importance) importance += share;
  EXPECT_NEAR(importance, 1, 1e-6);
  EXPECT_GT(fitted.importance[3], fitted.importance[2]);  // "many" counts for more than "few"
}

TEST_F(Xgboost, EqualSeedsGiveEqualModels) {
  const JsonObject params = {{"n_estimators", 5}, {"subsample", 0.5}};
  const auto first = bytes(fit_or_fail(params, 42));
  EXPECT_EQ(first, bytes(fit_or_fail(params, 42)));
  EXPECT_NE(first, bytes(fit_or_fail(params, 43)));
}

TEST_F(Xgboost, EarlyStoppingKeepsTheBestRound) {
  for (const auto* metric : {"logloss", "auc"}) {
    const auto fitted = fit_or_fail({{"n_estimators", 400},
                                     {"eta", 0.5},
                                     {"early_stopping_rounds", 6},
                                     {"early_stopping_metric", metric}});
    EXPECT_EQ(fitted.end, Fitted::End::no_improvement);
    ASSERT_EQ(fitted.history.size(), fitted.best_round + 6);
    const auto& best = fitted.history[fitted.best_round - 1];
    for (const auto& round : fitted.history) {
      if (metric == std::string_view("auc")) {
        EXPECT_LE(round.validation_auc, best.validation_auc);
      } else {
        EXPECT_GE(round.validation_log_loss, best.validation_log_loss);
      }
    }
    const auto model = models::XgboostModel::parse(bytes(fitted));
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_EQ(model->n_trees(), fitted.best_round);
    EXPECT_EQ(model->feature_names(), test_.names);
    const auto expected = library_scores(bytes(fitted), test_.part(1));
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(fitted.validation_scores[i], expected[i]) << i;
    }
  }
}

TEST_F(Xgboost, StopsWhenAskedAndNeedsAValidationPartToWatch) {
  const auto fitted = fit_or_fail({}, 1, [](const RoundMetrics& metrics) {
    return metrics.round == 3 ? Next::stop : Next::go_on;
  });
  EXPECT_EQ(fitted.history.size(), 3u);
  EXPECT_EQ(fitted.end, Fitted::End::asked_to_stop);
  auto data = test_.data();
  data.validation = {};
  const auto alone = fit(data, "xgboost", {{"n_estimators", 2}}, 1);
  ASSERT_TRUE(alone.ok()) << alone.error().message;
  EXPECT_TRUE(std::isnan(alone->history[0].validation_auc));
  EXPECT_FALSE(fit(data, "xgboost", {{"early_stopping_rounds", 2}}, 1).ok());
}

TEST(XgboostLibrary, SaysWhatWasLookedForAndHowToGetIt) {
  const LibraryPath path("/nowhere/libxgboost.so");
  const auto library = XgboostLibrary::open();
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().code, Code::not_implemented);
  for (const auto* part :
       {"/nowhere/libxgboost.so", "make setup", "pip install xgboost-cpu", "SLIPWAY_XGBOOST"}) {
    EXPECT_NE(library.error().message.find(part), std::string::npos) << library.error().message;
  }
  const TestData test;
  EXPECT_EQ(fit(test.data(), "xgboost", {}, 0).error().code, Code::not_implemented);
}

TEST(XgboostLibrary, IsRefusedWhereItIsAnother) {
  const LibraryPath path("libm.so.6");
  EXPECT_NE(XgboostLibrary::open().error().message.find("no function XGBoostVersion"),
            std::string::npos);
}

}  // namespace
}  // namespace slipway::train
