#include "train/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace slipway::train {
namespace {

const std::vector<float> kLabels = {0, 0, 1, 1, 0, 1, 0, 1, 1, 0};
const std::vector<double> kScores = {0.1, 0.4, 0.35, 0.8, 0.35, 0.8, 0.05, 0.6, 0.4, 0.9};

/// 2,000 labels and scores k / 128 with many ties, by a generator that any language repeats.
struct Sample {
  std::vector<float> labels;
  std::vector<float> scores;

  Sample() {
    uint32_t x = 1;
    const auto next = [&] {
      x = (x * 1103515245u + 12345u) & 0x7FFFFFFFu;
      return (x >> 16) % 100;
    };
    for (int i = 0; i < 2000; ++i) {
      const auto a = next();
      labels.push_back(next() < a ? 1 : 0);
      scores.push_back(static_cast<float>(a) / 128);
    }
  }
  std::vector<double> wide() const { return {scores.begin(), scores.end()}; }
};

// source: scikit-learn 1.9.1, roc_auc_score, log_loss, brier_score_loss on the same numbers
TEST(Metrics, EqualScikitLearn) {
  EXPECT_DOUBLE_EQ(*auc(kLabels, kScores), 0.72);
  EXPECT_DOUBLE_EQ(*log_loss(kLabels, kScores), 0.6324073025665111);
  EXPECT_DOUBLE_EQ(*brier(kLabels, kScores), 0.21275);
  const std::vector<float> two = {0, 1};
  EXPECT_NEAR(*log_loss(two, std::vector<double>{1.0, 0.25}), 18.71497387511852, 1e-9);
  const Sample sample;
  EXPECT_NEAR(*auc(sample.labels, sample.wide()), 0.8099637528955675, 1e-14);
  EXPECT_DOUBLE_EQ(*log_loss(sample.labels, sample.wide()), 0.5706406850623913);
  EXPECT_DOUBLE_EQ(*brier(sample.labels, sample.wide()), 0.19372842407226562);
}

// source: scikit-learn 1.9.1, roc_auc_score and log_loss of 1 / (1 + exp(-margin))
TEST(Metrics, OfMarginsEqualThoseOfProbabilities) {
  const Sample sample;
  std::vector<float> margins;
  for (const float score : sample.scores) margins.push_back((score * 128 - 50) / 10);
  EXPECT_NEAR(log_loss_of_margins(sample.labels, margins), 0.6253736462398415, 1e-7);
  EXPECT_NEAR(*auc(sample.labels, margins), 0.8099637528955675, 1e-14);
  const std::vector<float> one = {1};
  EXPECT_NEAR(log_loss_of_margins(one, std::vector<float>{-200}), 200, 1e-12);
}

TEST(Metrics, FloatScoresRankAsDoublesDo) {
  const std::vector<float> labels = {1, 0, 1, 0, 1, 0, 1, 0};
  const std::vector<float> scores = {
      -0.0f, 0.0f, -1e-40f, 1e-40f, 3e38f, -3e38f, std::numeric_limits<float>::infinity(), -7};
  const std::vector<double> wide(scores.begin(), scores.end());
  EXPECT_EQ(*auc(labels, scores), *auc(labels, wide));
  EXPECT_EQ(*auc(labels, scores), 12.5 / 16);
}

// source: scikit-learn 1.9.1, confusion_matrix, accuracy_score and so on of score > 0.5
TEST(Metrics, CountDecisions) {
  const auto counts = confusion(kLabels, kScores);
  EXPECT_EQ(counts.true_negative, 4u);
  EXPECT_EQ(counts.false_positive, 1u);
  EXPECT_EQ(counts.false_negative, 2u);
  EXPECT_EQ(counts.true_positive, 3u);
  EXPECT_DOUBLE_EQ(counts.accuracy(), 0.7);
  EXPECT_DOUBLE_EQ(counts.precision(), 0.75);
  EXPECT_DOUBLE_EQ(counts.recall(), 0.6);
  EXPECT_DOUBLE_EQ(counts.f1(), 2.0 / 3);
  EXPECT_EQ(confusion(kLabels, kScores, 2).precision(), 0);
}

// source: scikit-learn 1.9.1, roc_curve(drop_intermediate=False) and precision_recall_curve
TEST(Metrics, CurvesGoThroughEveryThreshold) {
  const auto roc = *roc_curve(kLabels, kScores, 1000);
  const std::vector<double> x = {0, 0.2, 0.2, 0.2, 0.4, 0.6, 0.8, 1};
  const std::vector<double> y = {0, 0, 0.4, 0.6, 0.8, 1, 1, 1};
  ASSERT_EQ(roc.size(), x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_DOUBLE_EQ(roc[i].x, x[i]) << i;
    EXPECT_DOUBLE_EQ(roc[i].y, y[i]) << i;
  }
  EXPECT_EQ(roc[2].threshold, 0.8);
  const auto precision = *precision_recall_curve(kLabels, kScores, 1000);
  EXPECT_EQ(precision.front().y, 1);
  EXPECT_DOUBLE_EQ(precision[1].x, 0.4);
  EXPECT_DOUBLE_EQ(precision[1].y, 2.0 / 3);
  EXPECT_EQ(precision.back().x, 1);
  EXPECT_EQ(precision.back().y, 0.5);
}

TEST(Metrics, CurvesAreThinned) {
  std::vector<float> labels;
  std::vector<double> scores;
  for (int i = 0; i < 20000; ++i) {
    labels.push_back(static_cast<float>(i * 7919 % 20011 < i ? 1 : 0));
    scores.push_back(i / 20000.0);
  }
  const auto roc = *roc_curve(labels, scores);
  EXPECT_LE(roc.size(), kCurvePoints);
  EXPECT_GT(roc.size(), kCurvePoints / 2);
  EXPECT_EQ(roc.back().x, 1);
  EXPECT_EQ(roc.back().y, 1);
  EXPECT_LE(precision_recall_curve(labels, scores)->size(), kCurvePoints);
}

TEST(Metrics, RefuseWhatHasNoAnswer) {
  const auto one_class = auc(std::vector<float>{1, 1, 1}, std::vector<double>{1, 2, 3});
  ASSERT_FALSE(one_class.ok());
  EXPECT_EQ(one_class.error().code, Code::invalid_parameter_value);
  EXPECT_EQ(one_class.error().message,
            "all 3 labels are 1: rows of both classes, 0 and 1, are needed");
  EXPECT_EQ(auc(std::vector<float>{0, 2}, std::vector<double>{1, 2}).error().message,
            "the label of row 1 is 2; labels are 0 or 1");
  EXPECT_EQ(auc(std::vector<float>{}, std::vector<double>{}).error().message,
            "no rows: there are no labels");
  EXPECT_EQ(auc(std::vector<float>{0, 1}, std::vector<double>{1, NAN}).error().message,
            "the score of row 1 is NaN; numbers are ranked");
  EXPECT_EQ(log_loss(std::vector<float>{0, 1}, std::vector<double>{1.5, 0}).error().message,
            "the probability of row 0 is 1.5; it must be between 0 and 1");
}

}  // namespace
}  // namespace slipway::train
