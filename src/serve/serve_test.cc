#include <gtest/gtest.h>

#include "base/file.h"
#include "files/local_store.h"
#include "serve/endpoints.h"
#include "serve/inference.h"
#include "serve/request_body.h"
#include "serve/scoring.h"
#include "serve/standalone.h"
#include "store/endpoints.h"
#include "store/registry.h"

namespace slipway::serve {
namespace {

using models::ColumnType;

models::Signature signature() {
  return {{{"month", ColumnType::long_, true},
           {"temp", ColumnType::double_, true},
           {"origin", ColumnType::string, true}},
          {}};
}

std::string failure(std::string_view body, std::string_view type = "application/json") {
  const auto read = read_request_body(body, type, signature());
  EXPECT_FALSE(read.ok());
  return read.ok() ? "" : read.error().message;
}

void expect_two_rows(std::string_view body, std::string_view type = "application/json") {
  const auto read = read_request_body(body, type, signature());
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->n_rows, 2u);
  ASSERT_EQ(read->columns.size(), 3u);
  EXPECT_EQ(read->find("month")->int64s(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(read->find("temp")->float64s()[0], 30.0);
  EXPECT_FALSE(read->find("temp")->is_valid(1));
  EXPECT_EQ(read->find("origin")->strings()[1], "JFK");
}

TEST(RequestBody, EveryFormGivesTheSameColumns) {
  expect_two_rows(R"({"dataframe_split": {"columns": ["origin", "month", "temp", "extra"],
                      "data": [["EWR", 1, 30, 0], ["JFK", 2.0, null, 0]]}})");
  expect_two_rows(R"({"dataframe_records": [{"month": 1, "temp": 30, "origin": "EWR"},
                      {"origin": "JFK", "month": 2}]})");
  expect_two_rows(R"({"instances": [{"month": 1, "temp": 30, "origin": "EWR"},
                      {"origin": "JFK", "month": 2, "temp": null}]})");
  expect_two_rows(R"({"instances": [[1, 30, "EWR"], [2, null, "JFK"]]})");
  expect_two_rows(
      R"({"inputs": {"origin": ["EWR", "JFK"], "month": [1, 2], "temp": [30.0, null]}})");
  expect_two_rows("month,temp,origin\n1,30,EWR\r\n2,,\"JFK\"\n", "text/csv; charset=utf-8");
}

TEST(RequestBody, ErrorsNameColumnRowAndValue) {
  EXPECT_EQ(failure(R"({"instances": [[1, "warm", "EWR"]]})"),
            "column 'temp', row 0: \"warm\" is not a number");
  EXPECT_EQ(failure(R"({"instances": [[1, 2, "EWR"], [1.5, 2, "EWR"]]})"),
            "column 'month', row 1: 1.5 is not an integer");
  EXPECT_EQ(failure(R"({"instances": [[1, 2, 7]]})"), "column 'origin', row 0: 7 is not a string");
  EXPECT_EQ(failure(R"({"instances": [[null, 2, "EWR"]]})"),
            "column 'month', row 0: null is not an integer; a column of integers takes no missing "
            "values");
  EXPECT_EQ(failure(R"({"dataframe_split": {"columns": ["month"], "data": [[1], [1, 2]]}})"),
            "row 1 has 2 values for 1 columns");
  EXPECT_EQ(failure("month,temp\n1\n", "text/csv"), "row 0 has 1 fields where the header has 2");
  EXPECT_EQ(failure("x", "image/png"),
            "the content type 'image/png' is not supported; accepted: application/json, text/csv");
}

TEST(RequestBody, ShapesThatAreNotRequests) {
  for (const auto* body :
       {"", "{", "[]", "{}", "null", R"({"instances": []})", R"({"instances": 3})",
        R"({"instances": [[[1]]]})", R"({"instances": [[1]], "inputs": [[1]]})",
        R"({"dataframe_split": []})", R"({"dataframe_split": {"columns": [1], "data": []}})",
        R"({"dataframe_split": {"columns": ["month", "month"], "data": [[1, 1]]}})",
        R"({"inputs": {"month": [1, 2], "temp": [1]}})"}) {
    EXPECT_FALSE(failure(body).empty()) << body;
  }
  EXPECT_FALSE(failure(std::string(100'000, '[')).empty());
}

// A model that doubles column x.
class Doubling : public models::Model {
 public:
  Result<data::Batch> predict(const data::Batch& rows) const override {
    const auto* x = TRY(rows.column("x"));
    std::vector<double> scores;
    for (size_t row = 0; row < rows.n_rows; ++row) scores.push_back(2 * x->number_at(row));
    return data::Batch{{data::float64_column("score", std::move(scores))}, rows.n_rows};
  }
  const models::Signature& signature() const override { return signature_; }
  const std::string& input_example() const override { return example_; }

 private:
  models::Signature signature_{{{"x", ColumnType::double_, true}}, {}};
  std::string example_;
};

TEST(Scoring, AnswersInMlflowsShape) {
  const auto scores =
      score(Doubling(), R"({"instances": [{"x": 1}, {"x": 2.5}]})", "application/json");
  EXPECT_EQ(scores.value().text, R"({"predictions": [{"score": 2.0}, {"score": 5.0}]})");
  EXPECT_EQ(scores->n_rows, 2u);
}

TEST(Standalone, RoutesAndStatuses) {
  const auto handler = standalone_handler(std::make_shared<Doubling>(), "doubling");
  const auto status = [&](const std::string& method, const std::string& path) {
    http::Request request;
    request.method = method;
    request.path = path;
    return handler.answer(request).status;
  };
  EXPECT_EQ(status("GET", "/ping"), 200);
  EXPECT_EQ(status("GET", "/version"), 200);
  EXPECT_EQ(status("GET", "/invocations"), 405);
  EXPECT_EQ(status("POST", "/invocations"), 400);  // no Content-Type
  EXPECT_EQ(status("GET", "/other"), 404);
  EXPECT_EQ(status("GET", "/v2/models/doubling"), 200);
  EXPECT_EQ(status("GET", "/v2/models/other"), 404);
  EXPECT_EQ(status("POST", "/v2/models/doubling/versions/2/infer"), 404);
  EXPECT_EQ(status("POST", "/v2/models/doubling/infer"), 400);
}

std::string inferred(const models::Model& model, std::string_view body) {
  http::Request request;
  request.body = body;
  Usage usage;
  const auto response = infer(model, {"m", "3"}, request, usage);
  EXPECT_EQ(usage.n_scored + usage.n_refused, 1u);
  EXPECT_EQ(usage.n_running, 0);
  EXPECT_EQ(response.status, usage.n_scored == 1 ? 200 : 400);
  return response.body;
}

TEST(Inference, TensorsInAndOut) {
  const std::string expected =
      R"({"model_name": "m", "model_version": "3", "id": "7", "outputs": )"
      R"([{"name": "score", "shape": [2], "datatype": "FP64", "data": [3.0, null]}]})";
  EXPECT_EQ(inferred(Doubling(), R"({"id": "7", "inputs": [{"name": "x", "shape": [2],
      "datatype": "FP64", "data": [1.5, null]}]})"),
            expected);
  EXPECT_EQ(inferred(Doubling(), R"({"id": "7", "inputs": [{"name": "any", "shape": [2, 1],
      "datatype": "FP32", "data": [[1.5], [null]]}], "outputs": [{"name": "score"}]})"),
            expected);
}

TEST(Inference, ErrorsNameTensorAndValue) {
  const auto refusal = [](std::string_view tensor) {
    return inferred(Doubling(), fmt::format("{{\"inputs\": [{}]}}", tensor));
  };
  EXPECT_EQ(refusal(R"({"name": "x", "shape": [1], "datatype": "INT8", "data": [300]})"),
            R"({"error": "input 'x', value 0: 300 is out of the range of INT8"})");
  EXPECT_EQ(refusal(R"({"name": "x", "shape": [2], "datatype": "FP32", "data": [1, "two"]})"),
            R"({"error": "input 'x', value 1: \"two\" is not an FP32"})");
  EXPECT_EQ(refusal(R"({"name": "x", "shape": [3], "datatype": "FP32", "data": [1, 2]})"),
            R"({"error": "input 'x' has 2 values where its shape has 3"})");
  EXPECT_EQ(refusal(R"({"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]})"),
            R"({"error": "input 'x' has 2 columns; the model takes 1"})");
  EXPECT_EQ(
      refusal(R"({"name": "x", "shape": [99999999, 99999999], "datatype": "FP32", "data": []})"),
      R"({"error": "input 'x': shape [99999999,99999999] is not possible"})");
  EXPECT_NE(
      refusal(R"({"name": "x", "shape": [1], "datatype": "FP8", "data": [1]})").find("FP64, BYTES"),
      std::string::npos);
  EXPECT_NE(inferred(Doubling(), "[").find("not valid JSON"), std::string::npos);
  EXPECT_NE(inferred(Doubling(), "{}").find("'inputs'"), std::string::npos);
}

TEST(Endpoints, FollowTheRegistryAndSayWhyAVersionIsNotServed) {
  const auto folder = TemporaryFolder::make().value();
  const auto store = store::Store::open(folder.path()).value();
  auto artifacts = files::LocalStore::open(folder.path() / "artifacts").value();
  Endpoints endpoints(*store, *artifacts, 10);
  EXPECT_EQ(endpoints.find("m", "1").error().code, Code::resource_does_not_exist);
  const auto made = store->write([](db::Connection& c) -> Result<void> {
    TRY(store::create_registered_model(c, "m", {}, std::nullopt));
    store::NewModelVersion version;
    version.name = "m";
    version.source = "s3://elsewhere/model";
    TRY(store::create_model_version(c, version));
    TRY(store::enable_endpoint(c, "m", ""));
    return {};
  });
  ASSERT_TRUE(made.ok()) << made.error().message;
  ASSERT_TRUE(endpoints.refresh().ok());
  const auto found = endpoints.find("m", "1");
  EXPECT_EQ(found.error().code, Code::temporarily_unavailable);
  EXPECT_NE(found.error().message.find("s3://elsewhere"), std::string::npos);
  EXPECT_EQ(endpoints.find("m", "Production").error().code, Code::resource_does_not_exist);
  const auto gone = store->write([](db::Connection& c) { return store::disable_endpoint(c, "m"); });
  ASSERT_TRUE(gone.ok());
  ASSERT_TRUE(endpoints.refresh().ok());
  EXPECT_TRUE(endpoints.snapshot()->empty());
}

}  // namespace
}  // namespace slipway::serve
