#include <gtest/gtest.h>

#include "base/file.h"
#include "data/bytes.h"
#include "files/local_store.h"
#include "serve/endpoints.h"
#include "serve/inference.h"
#include "serve/request_body.h"
#include "serve/scoring.h"
#include "serve/standalone.h"
#include "serve/tensors.h"
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
  const auto& rows = read->rows;
  ASSERT_EQ(rows.n_rows, 2u);
  ASSERT_EQ(rows.columns.size(), 3u);
  EXPECT_EQ(rows.find("month")->int64s(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(rows.find("temp")->float64s()[0], 30.0);
  EXPECT_FALSE(rows.find("temp")->is_valid(1));
  EXPECT_EQ(rows.find("origin")->strings()[1], "JFK");
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
            "the content type 'image/png' is not supported; accepted: application/json, text/csv, "
            "application/vnd.apache.parquet, application/vnd.apache.arrow.stream, "
            "application/vnd.apache.arrow.file");
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

models::Signature tensors(std::string_view inputs) {
  return models::parse_signature(inputs, "").value();
}

data::Batch rows_of(std::string_view body, const models::Signature& signature) {
  auto read = read_request_body(body, "application/json", signature);
  EXPECT_TRUE(read.ok()) << read.error().message;
  return std::move(read).value().rows;
}

constexpr std::string_view kImages =
    R"([{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2, 2]}}])";
constexpr std::string_view kNamed =
    R"([{"name": "ids", "type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1, 3]}},
        {"name": "mask", "type": "tensor", "tensor-spec": {"dtype": "bool", "shape": [-1]}}])";

TEST(RequestBody, ListsBecomeTensors) {
  for (const auto* key : {"instances", "inputs"}) {
    const auto body = fmt::format(R"({{"{}": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}})", key);
    for (const auto& signature : {tensors(kImages), models::Signature()}) {
      const auto rows = rows_of(body, signature);
      ASSERT_EQ(rows.columns.size(), 1u);
      EXPECT_EQ(rows.n_rows, 2u);
      EXPECT_EQ(rows.columns[0].name, "");
      EXPECT_EQ(rows.columns[0].shape, (std::vector<size_t>{2, 2}));
    }
  }
  for (const auto* body :
       {R"({"inputs": {"ids": [[1, 2, 3], [4, 5, 6]], "mask": [true, false]}})",
        R"({"instances": [{"ids": [1, 2, 3], "mask": true}, {"ids": [4, 5, 6], "mask": false}]})",
        R"({"dataframe_split": {"columns": ["ids", "mask"],
            "data": [[[1, 2, 3], true], [[4, 5, 6], false]]}})"}) {
    const auto rows = rows_of(body, tensors(kNamed));
    EXPECT_EQ(rows.find("ids")->shape, (std::vector<size_t>{3}));
    EXPECT_EQ(rows.find("ids")->int64s(), (std::vector<int64_t>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(rows.find("mask")->booleans(), (std::vector<uint8_t>{1, 0}));
  }
}

TEST(RequestBody, NamesTheListThatIsNoTensor) {
  const auto refusal = [](std::string_view body, std::string_view inputs) {
    const auto read = read_request_body(body, "application/json", tensors(inputs));
    return read.ok() ? "read" : read.error().message;
  };
  EXPECT_EQ(refusal(R"({"inputs": [[[1, 2], [3, 4]], [[5, 6], [7]]]})", kImages),
            "input '', row 1: [7] has 1 items where others have 2");
  EXPECT_EQ(refusal(R"({"inputs": [[[1, 2], [3, "x"]]]})", kImages),
            "input '', row 0: \"x\" is not a number");
  EXPECT_EQ(refusal(R"({"inputs": [[1, [2]]]})", kImages),
            "input '', row 0: [2] is a list where others are values");
  EXPECT_EQ(refusal(R"({"inputs": [[[], []]]})", kImages), "input '', row 0: [] is an empty list");
  EXPECT_EQ(refusal(R"({"inputs": {"ids": [[1, 2.5, 3]]}})", kNamed),
            "input 'ids', row 0: 2.5 is not an integer");
  EXPECT_EQ(refusal(R"({"inputs": {"mask": [[true]]}})", kNamed),
            "a cell holds a list or an object: [true]");
  EXPECT_EQ(refusal(R"({"dataframe_split": {"columns": ["ids"], "data": [[1]]}})",
                    R"([{"name": "ids", "type": "tensor",
                         "tensor-spec": {"dtype": "int64", "shape": [-1, 3]}}])"),
            "read");  // the model says that it has another shape
}

TEST(RequestBody, ShortBodiesDoNotStandForManyValues) {
  const auto refusal = [](const std::string& body) {
    const auto read = read_request_body(body, "application/json", {});
    return read.ok() ? "read" : read.error().message;
  };
  // every row has a column of its own: all others are filled up
  std::string rows;
  for (int i = 0; i < 20'000; ++i) rows += fmt::format("{}{{\"{}\": 1}}", i == 0 ? "" : ",", i);
  EXPECT_EQ(refusal("{\"dataframe_records\": [" + rows + "]}"),
            "4097 rows of 4097 columns are more than the 16777216 values that a request may have");
  // a row of many columns, and rows that leave them all out
  std::string wide;
  for (int i = 0; i < 1000; ++i) wide += fmt::format("{}\"{}\": 1", i == 0 ? "" : ",", i);
  std::string empty;
  for (int i = 0; i < 100'000; ++i) empty += ",{}";
  EXPECT_EQ(refusal("{\"instances\": [{" + wide + "}" + empty + "]}"),
            "16778 rows of 1000 columns are more than the 16777216 values that a request may have");
  // names are compared in time that grows as their number does
  std::string names;
  std::string values;
  for (int i = 0; i < 200'000; ++i) {
    names += fmt::format("{}\"{}\"", i == 0 ? "" : ",", i);
    values += i == 0 ? "1" : ",1";
  }
  EXPECT_EQ(refusal("{\"dataframe_split\": {\"columns\": [" + names + "], \"data\": [[" + values +
                    "]]}}"),
            "read");
}

TEST(RequestBody, TakesDatesParametersArrowAndParquet) {
  const auto signature =
      models::parse_signature(R"([{"name": "when", "type": "datetime"}])", "",
                              R"([{"name": "t", "type": "double", "default": 0.5, "shape": null}])")
          .value();
  const auto read = read_request_body(
      R"({"dataframe_records": [{"when": "2013-01-31 05:00"}], "params": {"t": 2, "other": 1}})",
      "application/json", signature);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->rows.columns[0].text_at(0), "2013-01-31T05:00:00Z");
  EXPECT_EQ(to_text(Json(read->params)), R"({"t": 2.0})");
  EXPECT_EQ(read_request_body(R"({"inputs": {"when": ["soon"]}})", "application/json", signature)
                .error()
                .message,
            "column 'when', row 0: \"soon\" is not a date and time as ISO 8601 writes it");
  EXPECT_EQ(read_request_body(R"({"inputs": {"when": ["2013-01-31"]}, "params": [1]})",
                              "application/json", signature)
                .error()
                .message,
            "'params' must be an object, not [1]");

  const auto arrow = data::write_ipc({{data::int64_column("x", {1, 2})}, 2}).value();
  const auto table = read_request_body(arrow, "application/vnd.apache.arrow.stream", {});
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->rows.find("x")->int64s(), (std::vector<int64_t>{1, 2}));
  EXPECT_FALSE(read_request_body(arrow, "application/vnd.apache.parquet", {}).ok());
  const auto empty = data::write_ipc({{data::int64_column("x", {})}, 0}).value();
  EXPECT_EQ(read_request_body(empty, "application/vnd.apache.arrow.stream", {}).error().message,
            "the request has no rows");
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

// A model of many outputs.
class Wide : public Doubling {
 public:
  Result<data::Batch> predict(const data::Batch& rows) const override {
    data::Batch scores;
    scores.n_rows = rows.n_rows;
    for (int i = 0; i < 200; ++i) {
      scores.columns.push_back(data::float64_column("", std::vector<double>(rows.n_rows)));
    }
    return scores;
  }
};

TEST(Scoring, ManyRowsAreScoredASliceAtATime) {
  std::vector<double> x(50'000);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  const data::Batch rows{{data::float64_column("x", x)}, x.size()};
  const auto scores = predict_rows(Doubling(), rows, {});
  ASSERT_TRUE(scores.ok()) << scores.error().message;
  ASSERT_EQ(scores->n_rows, x.size());
  EXPECT_EQ(scores->columns[0].float64s()[49'999], 99'998);
  EXPECT_EQ(
      predict_rows(Wide(), {{data::float64_column("x", std::vector<double>(100'000))}, 100'000}, {})
          .error()
          .message,
      "the scores of 100000 rows are 200 values each; an answer may have 16777216 in all: "
      "send fewer rows");
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

// A model whose answer is the tensor that it was sent.
class Echo : public models::Model {
 public:
  explicit Echo(std::string_view inputs) : signature_(tensors(inputs)) {}
  Result<data::Batch> predict(const data::Batch& rows) const override {
    auto batch = TRY(models::enforce_tensors(signature_, rows));
    batch.columns[0].name = "echo";
    return batch;
  }
  const models::Signature& signature() const override { return signature_; }
  const std::string& input_example() const override { return example_; }

 private:
  models::Signature signature_;
  std::string example_;
};

TEST(Scoring, TensorsAreListsOfLists) {
  EXPECT_EQ(
      score(Echo(kImages), R"({"inputs": [[[1, 2], [3, 4]]]})", "application/json").value().text,
      R"({"predictions": [{"echo": [[1.0, 2.0], [3.0, 4.0]]}]})");
}

TEST(Inference, TensorsOfManyDimensions) {
  EXPECT_EQ(inferred(Echo(kImages), R"({"inputs": [{"name": "x", "shape": [1, 2, 2],
      "datatype": "FP32", "data": [[[1, 2], [3, 4]]]}]})"),
            R"({"model_name": "m", "model_version": "3", "outputs": [{"name": "echo", )"
            R"("shape": [1, 2, 2], "datatype": "FP32", "data": [1.0, 2.0, 3.0, 4.0]}]})");
  EXPECT_EQ(to_text(model_metadata(Echo(kImages), {"m", "3"}).at("inputs")),
            R"([{"name": "input-0", "datatype": "FP32", "shape": [-1, 2, 2]}])");
  constexpr std::string_view kIds = R"([{"name": "ids", "type": "tensor",
      "tensor-spec": {"dtype": "int64", "shape": [-1, 3]}}])";
  EXPECT_EQ(inferred(Echo(kIds), R"({"inputs": [{"name": "ids", "shape": [1, 3],
      "datatype": "INT64", "data": [1, 2, 3]}]})"),
            R"({"model_name": "m", "model_version": "3", "outputs": [{"name": "echo", )"
            R"("shape": [1, 3], "datatype": "INT64", "data": [1, 2, 3]}]})");
  EXPECT_EQ(inferred(Echo(kImages), R"({"inputs": [{"name": "x", "shape": [1, 2, 0],
      "datatype": "FP32", "data": []}]})"),
            R"({"error": "input 'x' has rows without values"})");
}

TEST(Inference, BytesBehindTheJson) {
  const auto refusal = [](std::string json, std::string bytes) {
    http::Request request;
    request.headers.add("Inference-Header-Content-Length", std::to_string(json.size()));
    request.body = json + bytes;
    Usage usage;
    return infer(Doubling(), {"m", "3"}, request, usage).body;
  };
  const auto json = [](int n_bytes, std::string_view datatype) {
    return fmt::format(R"({{"inputs": [{{"name": "x", "shape": [2], "datatype": "{}", )"
                       R"("parameters": {{"binary_data_size": {}}}}}]}})",
                       datatype, n_bytes);
  };
  // 1.5 and -2^-24 (the least of all) as halves
  EXPECT_EQ(refusal(json(4, "FP16"), std::string("\x00\x3e\x01\x80", 4)),
            R"({"model_name": "m", "model_version": "3", "outputs": [{"name": "score", )"
            R"("shape": [2], "datatype": "FP64", "data": [3.0, -1.1920928955078125e-07]}]})");
  EXPECT_EQ(refusal(json(4, "FP16"), "xx"),
            R"({"error": "input 'x' has 4 bytes, of which 2 were sent"})");
  EXPECT_EQ(refusal(json(4, "FP64"), "xxxx"),
            R"({"error": "input 'x' has 4 bytes where its shape has 2 of FP64"})");
  EXPECT_EQ(refusal(json(2, "INT8"), "xxx"),
            R"({"error": "1 bytes behind the JSON belong to no input's 'binary_data_size'"})");
  EXPECT_EQ(refusal(json(8, "BYTES"), std::string("\xff\xff\xff\xff\0\0\0\0", 8)),
            R"({"error": "input 'x' has 8 bytes where its shape has 2 of BYTES"})");
}

TEST(Inference, NumbersAreNoDates) {
  const auto dates = tensors(R"([{"name": "when", "type": "datetime"}])");
  const std::string json = R"({"inputs": [{"name": "when", "shape": [1], "datatype": "INT8", )"
                           R"("parameters": {"binary_data_size": 1}}]})";
  const auto read = read_inference_request(json + "x", json.size(), dates);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(models::enforce(dates, read->rows).error().message,
            "Incompatible input types for column when. Can not safely convert int64 to "
            "datetime64[ns].");
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
  ASSERT_TRUE(endpoints.refresh().ok());
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
