#include "train/logistic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "train/metrics.h"
#include "train/test_data.h"
#include "train/train.h"

namespace slipway::train {
namespace {

/// The rows of tests/golden/train/logistic.
struct Golden {
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<float> rows;
  std::vector<float> labels;
  Json expected;

  static Result<Golden> read() {
    const std::filesystem::path folder = golden_folder() / "train/logistic";
    const auto csv = TRY(read_file(folder / "data.csv"));
    const auto json = TRY(read_file(folder / "expected.json"));
    Golden out;
    out.expected = TRY(parse_json(json));
    for (const auto& line : split(trim(csv), '\n')) {
      const auto cells = split(line, ',');
      for (size_t i = 0; i + 1 < cells.size(); ++i) {
        out.rows.push_back(static_cast<float>(to_number(cells[i]).value()));
      }
      out.labels.push_back(static_cast<float>(to_number(cells.back()).value()));
    }
    const size_t n_columns = out.rows.size() / out.labels.size();
    for (size_t i = 0; i < n_columns; ++i) out.names.push_back("x" + std::to_string(i));
    out.types.assign(n_columns, "q");
    return out;
  }
  TrainingData data() const {
    return {{{rows.data(), labels.size(), names.size()}, labels}, {}, names, types};
  }
};

TEST(Logistic, EqualsScikitLearn) {
  const auto golden = Golden::read();
  ASSERT_TRUE(golden.ok()) << golden.error().message;
  const auto* cases = *array_member(golden->expected, "cases");
  ASSERT_EQ(cases->size(), 3u);
  for (const auto& expected : *cases) {
    const double c = *number_member(expected, "C");
    const auto fitted = fit(golden->data(), "logistic", {{"C", c}, {"tol", 1e-8}}, 0);
    ASSERT_TRUE(fitted.ok()) << fitted.error().message;
    const auto& model = std::get<models::LinearModel>(fitted->estimator);
    const auto* coefficients = *array_member(expected, "coefficients");
    ASSERT_EQ(model.coefficients.size(), coefficients->size());
    double squares = 0;
    for (size_t i = 0; i < coefficients->size(); ++i) {
      EXPECT_NEAR(model.coefficients[i], (*coefficients)[i].get_double(), 1e-5) << c << " " << i;
      squares += model.coefficients[i] * model.coefficients[i];
    }
    EXPECT_NEAR(model.intercept, *number_member(expected, "intercept"), 1e-5);
    const double loss = *log_loss(golden->labels, fitted->train_scores);
    const double expected_loss = *number_member(expected, "log_loss");
    EXPECT_NEAR(loss / expected_loss, 1, 1e-6);
    const auto n_rows = static_cast<double>(golden->labels.size());
    EXPECT_NEAR((c * n_rows * loss + 0.5 * squares) / *number_member(expected, "objective"), 1,
                1e-10);
    EXPECT_NEAR(fitted->history.back().train_log_loss, loss, 1e-9);
  }
}

TEST(Logistic, DefaultToleranceIsCloseEnough) {
  const auto golden = Golden::read();
  ASSERT_TRUE(golden.ok());
  const auto fitted = fit(golden->data(), "logistic", {}, 0);
  ASSERT_TRUE(fitted.ok());
  EXPECT_LT(fitted->history.size(), 40u);
  double importance = 0;
  for (const double share : fitted->importance) importance += share;
  EXPECT_NEAR(importance, 1, 1e-12);
  const auto& expected = (**array_member(golden->expected, "cases"))[1];
  const auto& model = std::get<models::LinearModel>(fitted->estimator);
  EXPECT_NEAR(model.coefficients[0], (**array_member(expected, "coefficients"))[0].get_double(),
              5e-3);
}

TEST(Logistic, StopsWhenAsked) {
  const auto golden = Golden::read();
  ASSERT_TRUE(golden.ok());
  const auto fitted = fit(golden->data(), "logistic", {}, 0, [](const RoundMetrics& metrics) {
    return metrics.round == 2 ? Next::stop : Next::go_on;
  });
  ASSERT_TRUE(fitted.ok());
  EXPECT_EQ(fitted->history.size(), 2u);
  EXPECT_EQ(fitted->end, Fitted::End::asked_to_stop);
}

TEST(Logistic, MissingValuesAreNamed) {
  auto golden = Golden::read();
  ASSERT_TRUE(golden.ok());
  golden->rows[9 + 2] = NAN;
  const auto fitted = fit(golden->data(), "logistic", {}, 0);
  ASSERT_FALSE(fitted.ok());
  EXPECT_EQ(fitted.error().message,
            "column 'x2' is nan in row 1: logistic regression takes finite numbers only");
}

}  // namespace
}  // namespace slipway::train
