#include "train/train.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/file.h"
#include "base/random.h"
#include "models/model.h"
#include "models/save.h"
#include "train/metrics.h"
#include "train/xgboost_library.h"

namespace slipway::train {
namespace {

/// Flights with a number, a category, a date, an int64 label; a few values are missing.
data::Batch flights(size_t n_rows, uint64_t seed) {
  Random random(seed);
  std::vector<double> distance;
  std::vector<int64_t> year, month, day, late;
  std::vector<std::string> carrier;
  const char* const carriers[] = {"AA", "B6", "DL", "UA"};
  for (size_t i = 0; i < n_rows; ++i) {
    const auto which = random.below(4);
    distance.push_back(random.uniform() * 2000);
    year.push_back(2013);
    month.push_back(1 + static_cast<int64_t>(random.below(12)));
    day.push_back(1 + static_cast<int64_t>(random.below(28)));
    carrier.emplace_back(carriers[which]);
    const double margin = distance.back() / 500 - 3 + (which == 1 ? 2 : 0);
    late.push_back(random.uniform() < 1 / (1 + std::exp(-margin)) ? 1 : 0);
  }
  data::Batch out;
  out.n_rows = n_rows;
  out.columns = {data::int64_column("year", year),
                 data::int64_column("month", month),
                 data::int64_column("day", day),
                 data::string_column("carrier", carrier),
                 data::float64_column("distance", distance),
                 data::int64_column("late", late)};
  auto& distances = out.columns[4];
  distances.valid.assign(n_rows, 1);
  for (size_t row = 3; row < n_rows; row += 11) {
    distances.valid[row] = 0;
    std::get<std::vector<double>>(distances.values)[row] = NAN;
  }
  return out;
}

double metric(const Trained& trained, std::string_view name) {
  for (const auto& [key, value] : trained.metrics) {
    if (key == name) return value;
  }
  ADD_FAILURE() << "no metric " << name;
  return NAN;
}

class Train : public testing::Test {
 protected:
  TrainRequest request(const char* learner) {
    TrainRequest out{train_};
    out.validation = &validation_;
    out.test = &test_;
    out.label = "late";
    out.learner = learner;
    out.weekdays = {models::Weekday{}};
    out.drop = {"year"};
    return out;
  }
  std::string error(const TrainRequest& request) {
    const auto trained = fit(request);
    if (trained.ok()) return "";
    code_ = trained.error().code;
    return trained.error().message;
  }

  data::Batch train_ = flights(600, 1);
  data::Batch validation_ = flights(200, 2);
  data::Batch test_ = flights(200, 3);
  Code code_ = Code::internal_error;
};

TEST_F(Train, GivesAllThatARunLogs) {
  const auto trained = fit(request("logistic"));
  ASSERT_TRUE(trained.ok()) << trained.error().message;
  for (const char* part : {"train_", "validation_", "test_"}) {
    EXPECT_GT(metric(*trained, std::string(part) + "auc"), 0.75);
    EXPECT_LT(metric(*trained, std::string(part) + "log_loss"), 0.65);
    EXPECT_GT(metric(*trained, std::string(part) + "accuracy"), 0.6);
  }
  EXPECT_EQ(metric(*trained, "validation_true_positives") +
                metric(*trained, "validation_false_positives") +
                metric(*trained, "validation_true_negatives") +
                metric(*trained, "validation_false_negatives"),
            200);
  const std::vector<std::pair<std::string, std::string>> params = {
      {"learner", "logistic"}, {"seed", "0"}, {"C", "1.0"}, {"max_iter", "300"}, {"tol", "0.0001"}};
  EXPECT_EQ(trained->params, params);
  std::vector<std::string> files;
  for (const auto& plot : trained->plots) files.push_back(plot.file_name);
  EXPECT_EQ(files, (std::vector<std::string>{"roc_curve.svg", "confusion_matrix.svg",
                                             "feature_importance.svg", "log_loss_by_round.svg",
                                             "auc_by_round.svg"}));
  EXPECT_EQ(trained->importance.front().first, "distance");
  EXPECT_EQ(round_metrics(trained->history.front()).size(), 3u);
  EXPECT_EQ(trained->example.n_rows, 5u);
  EXPECT_EQ(trained->example.find("late"), nullptr);
  EXPECT_NE(trained->example.find("year"), nullptr);  // the weekday is made from it
}

TEST_F(Train, ItsModelIsSavedLoadedAndScoresTheSame) {
  for (const char* learner : {"logistic", "xgboost"}) {
    if (learner == std::string_view("xgboost") && !XgboostLibrary::open().ok()) {
      GTEST_SKIP() << XgboostLibrary::open().error().message;
    }
    auto asked = request(learner);
    if (learner == std::string_view("xgboost")) {
      asked.params = {{"n_estimators", 20}, {"max_depth", 3}, {"nthread", 1}};
    }
    const auto trained = fit(asked);
    ASSERT_TRUE(trained.ok()) << trained.error().message;
    const auto folder = TemporaryFolder::make();
    ASSERT_TRUE(folder.ok());
    const auto saved = models::save({trained->preprocess, trained->estimator, trained->example},
                                    folder->path() / "model");
    ASSERT_TRUE(saved.ok()) << saved.error().message;
    const auto model = models::load(folder->path() / "model");
    ASSERT_TRUE(model.ok()) << model.error().message;
    const auto scores = (*model)->predict(test_);
    ASSERT_TRUE(scores.ok()) << scores.error().message;
    std::vector<float> labels;
    for (const auto label : test_.find("late")->int64s()) {
      labels.push_back(static_cast<float>(label));
    }
    EXPECT_EQ(*auc(labels, scores->columns[0].float64s()), metric(*trained, "test_auc"));
    EXPECT_EQ(*log_loss(labels, scores->columns[0].float64s()), metric(*trained, "test_log_loss"));
  }
}

TEST_F(Train, PreparationIsFittedOnTheTrainingPartAlone) {
  auto& carriers = std::get<data::Strings>(validation_.columns[3].values);
  data::Strings other;
  for (size_t i = 0; i < carriers.size(); ++i) other.push_back("ZZ");
  carriers = other;
  const auto encoded = encode(request("logistic"));
  ASSERT_TRUE(encoded.ok()) << encoded.error().message;
  EXPECT_EQ(std::count(encoded->names.begin(), encoded->names.end(), "carrier=ZZ"), 0);
  EXPECT_EQ(encoded->names.back(), "weekday");
  EXPECT_EQ(encoded->data().validation.rows.n_rows, 200u);
}

TEST_F(Train, NeedsOnlyATrainingPart) {
  TrainRequest alone{train_};
  alone.label = "late";
  alone.learner = "logistic";
  const auto trained = fit(alone);
  ASSERT_TRUE(trained.ok()) << trained.error().message;
  EXPECT_GT(metric(*trained, "train_auc"), 0.75);
  EXPECT_EQ(trained->plots.size(), 4u);
  EXPECT_EQ(round_metrics(trained->history.front()).size(), 1u);
}

TEST_F(Train, AFileOfItTrainsTheSame) {
  const auto asked = request("logistic");
  const auto encoded = encode(asked);
  ASSERT_TRUE(encoded.ok());
  const auto folder = TemporaryFolder::make();
  ASSERT_TRUE(folder.ok());
  const auto path = folder->path() / "data";
  ASSERT_TRUE(write_matrix_file(path, encoded->data()).ok());
  const auto file = MatrixFile::open(path);
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto trained = fit(asked);
  const auto fitted = fit(file->data(), "logistic", {}, 0);
  ASSERT_TRUE(trained.ok() && fitted.ok());
  EXPECT_EQ(std::get<models::LinearModel>(fitted->estimator).coefficients,
            std::get<models::LinearModel>(trained->estimator).coefficients);
}

TEST_F(Train, LabelsThatDoNotWorkAreNamed) {
  auto asked = request("logistic");
  asked.label = "delay";
  EXPECT_TRUE(error(asked).starts_with("training part: no column 'delay'; there are: "));
  asked.label = "month";
  EXPECT_TRUE(error(asked).starts_with("training part: label 'month' has values such as "))
      << error(asked);
  EXPECT_EQ(code_, Code::not_implemented);
  asked.label = "carrier";
  EXPECT_NE(error(asked).find("label 'carrier' has type string; binary labels are accepted"),
            std::string::npos);
  asked.label = "late";
  auto& late = std::get<std::vector<int64_t>>(validation_.columns[5].values);
  std::fill(late.begin(), late.end(), 1);
  EXPECT_EQ(error(asked),
            "validation part: label 'late': all 200 labels are 1: rows of both classes, 0 and 1, "
            "are needed");
  EXPECT_EQ(code_, Code::invalid_parameter_value);
  train_.columns[5].valid.assign(600, 1);
  train_.columns[5].valid[7] = 0;
  EXPECT_EQ(error(asked),
            "training part: label 'late' is missing in 1 of 600 rows; drop those rows first");
}

TEST_F(Train, ColumnsAndParametersThatDoNotWorkAreNamed) {
  auto asked = request("logistic");
  asked.drop = {"yeer"};
  EXPECT_TRUE(error(asked).starts_with("no column 'yeer'; there are: year, month"));
  asked.drop = {"year", "month", "day", "carrier", "distance", "weekday"};
  EXPECT_EQ(error(asked),
            "no feature is left: the table has only the label 'late' and dropped columns");
  asked.drop = {};
  asked.params = {{"C", -1}};
  EXPECT_EQ(error(asked), "parameter 'C' is '-1'; accepted is a number > 0");
  asked.params = {};
  asked.learner = "forest";
  EXPECT_EQ(error(asked), "no learner 'forest'; there are: xgboost, logistic");
  asked.learner = "logistic";
  asked.weekdays[0].month = "mond";
  EXPECT_NE(error(asked).find("mond"), std::string::npos);
  asked.weekdays = {};
  test_.columns.erase(test_.columns.begin() + 3);
  EXPECT_NE(error(asked).find("test part: "), std::string::npos);
  EXPECT_NE(error(asked).find("carrier"), std::string::npos);
}

}  // namespace
}  // namespace slipway::train
