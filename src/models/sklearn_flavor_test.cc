// scikit-learn models: what damaged and hostile files lead to. Answers are held against the
// library's own by tests/sklearn.
#include "models/sklearn_flavor.h"

#include <gtest/gtest.h>

#include <string>

namespace slipway::models {
namespace {

using std::string_literals::operator""s;

std::string error_of(const std::string& bytes) {
  const auto model = make_sklearn_flavor(bytes, {});
  return model.ok() ? "" : model.error().message;
}

// An instance of sklearn.`name` whose state is the dict that `items` fill, in protocol 0 and up.
std::string instance(const std::string& name, const std::string& items) {
  const auto dot = name.rfind('.');
  return "csklearn." + name.substr(0, dot) + "\n" + name.substr(dot + 1) + "\n)\x81}(" + items +
         "ub";
}

std::string text(const std::string& value) {
  return "\x8c"s + static_cast<char>(value.size()) + value;
}

// An array of doubles: numpy.core.numeric._frombuffer(bytes, dtype, shape, 'C')
std::string array(const std::vector<double>& values, const std::string& shape) {
  std::string bytes(reinterpret_cast<const char*>(values.data()), values.size() * 8);
  return "cnumpy.core.numeric\n_frombuffer\n(C"s + static_cast<char>(bytes.size()) + bytes +
         "cnumpy\ndtype\n(S'f8'\ntR(" + shape + "tS'C'\ntR";
}

std::string linear(const std::string& more = "") {
  return instance(
      "linear_model._base.LinearRegression",
      text("coef_") + array({2, -1}, "K\2") + text("intercept_") + array({0.5}, "") + more);
}

std::string scored(const std::string& bytes, const std::vector<double>& row) {
  const auto model = make_sklearn_flavor(bytes, {});
  if (!model.ok()) return model.error().message;
  data::Batch rows;
  rows.n_rows = 1;
  for (const double value : row) rows.columns.push_back(data::float64_column("", {value}));
  const auto out = (*model)->predict(rows);
  return out.ok() ? out->columns[0].text_at(0) : out.error().message;
}

TEST(SklearnFlavor, ScoresWhatIsWhole) { EXPECT_EQ(scored(linear() + ".", {3, 4}), "2.5"); }

TEST(SklearnFlavor, RefusesRowsThatDoNotFit) {
  EXPECT_EQ(scored(linear() + ".", {3}),
            "X has 1 features, but LinearRegression is expecting 2 features as input");
  EXPECT_EQ(scored(linear() + ".", {3, std::nan("")}), "Input X contains NaN (column 1, row 0).");
}

TEST(SklearnFlavor, NamesWhatItDoesNotEvaluate) {
  EXPECT_EQ(error_of(instance("cluster._dbscan.DBSCAN", "") + "."),
            "sklearn.cluster._dbscan.DBSCAN is not evaluated; docs/models.md lists what is");
  EXPECT_EQ(error_of("cnumpy\nndarray\n)\x81."),
            "numpy.ndarray is not evaluated; docs/models.md lists what is");
  EXPECT_EQ(error_of("K\1."), "an estimator is wanted, this is an integer");
  const auto model = make_sklearn_flavor("K\1.", {.predict_fn = "score"});
  EXPECT_EQ(model.error().code, Code::not_implemented);
}

TEST(SklearnFlavor, NamesTheAttributeThatDoesNotFit) {
  EXPECT_EQ(error_of(instance("linear_model._base.LinearRegression", "") + "."),
            "LinearRegression: coef_ is missing: was it fitted?");
  EXPECT_EQ(error_of(linear(text("intercept_") + array({1, 2, 3}, "K\3")) + "."),
            "LinearRegression: intercept_ does not fit coef_");
  EXPECT_EQ(error_of(linear(text("coef_") + text("many")) + "."),
            "LinearRegression: coef_ is a text where an array is wanted");
}

// A pipeline that is its own step, twice over.
TEST(SklearnFlavor, ACycleEnds) {
  const auto pipeline = "csklearn.pipeline\nPipeline\n)\x81q\1}("s + text("steps") + "](" +
                        text("a") + "h\1\x86" + text("b") + "h\1\x86" + "eub.";
  EXPECT_EQ(error_of(pipeline), "estimators within estimators, more than 40 deep");
  const auto union_of = "csklearn.pipeline\nFeatureUnion\n)\x81q\1}("s + text("transformer_list") +
                        "](" + text("a") + "h\1\x86" + text("b") + "h\1\x86" + "eub.";
  EXPECT_EQ(error_of(union_of), "estimators within estimators, more than 40 deep");
}

// One large estimator, named by an ensemble again and again.
TEST(SklearnFlavor, RepeatedEstimatorsAreBounded) {
  const uint32_t n = 8 << 20;
  std::string bytes = "csklearn.linear_model._base\nLinearRegression\n)\x81q\1}("s + text("coef_") +
                      "cnumpy.core.numeric\n_frombuffer\n(B";
  bytes.append(reinterpret_cast<const char*>(&n), 4);
  bytes += std::string(n, '\0') + "cnumpy\ndtype\n(S'f8'\ntR(J\0\0\x10\0tS'C'\ntR"s +
           text("intercept_") + array({0}, "") + "ub0";
  std::string members;
  for (int i = 0; i < 1000; ++i) members += "h\1";
  bytes += instance("ensemble._voting.VotingRegressor", text("estimators_") + "](" + members + "e");
  EXPECT_EQ(error_of(bytes + "."), "the model needs more than its size can explain");
}

}  // namespace
}  // namespace slipway::models
