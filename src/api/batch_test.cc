#include "api/batch.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace slipway::api {
namespace {

std::string shown(const Batch& batch) {
  std::string out = batch.run_id;
  for (const auto& m : batch.metrics) {
    out += fmt::format(" {}={}@{},{}{}{}{}", m.key, m.value, m.timestamp_ms, m.step, m.model_id,
                       m.dataset_name, m.dataset_digest);
  }
  for (const auto& p : batch.params) out += fmt::format(" p:{}={}", p.key, p.value);
  for (const auto& t : batch.tags) out += fmt::format(" t:{}={}", t.key, t.value);
  return out;
}

// What read_batch() gives, and whether the one pass was enough for it.
std::pair<std::string, bool> read(std::string body) {
  auto copy = body;
  const bool plain = read_plain_batch(copy).has_value();
  EXPECT_EQ(copy, body);
  http::Request request;
  request.method = "POST";
  request.body = std::move(body);
  Call call(request, {}, {});
  const auto batch = batch_of(call);
  return {batch.ok() ? shown(**batch) : batch.error().message, plain};
}

constexpr bool kOnePass = true;
constexpr bool kLookedTwice = false;

TEST(BatchTest, PlainBatch) {
  EXPECT_EQ(read(R"({"run_id": "r", "metrics": [{"key": "a", "value": 1, "timestamp": 2, "step": 3},
      {"key": "b", "value": -1.5e3, "timestamp": 2, "model_id": "m-1", "dataset_name": "d",
       "dataset_digest": "g", "unknown": {"x": [1]}}],
      "params": [{"key": "p", "value": "é\n\u00e9"}], "tags": [{"key": "t"}], "extra": 1})"),
            std::pair(std::string("r a=1@2,3 b=-1500@2,0m-1dg p:p=é\né t:t="), kOnePass));
  EXPECT_EQ(read(R"({"run_id":"r"})"), std::pair(std::string("r"), kOnePass));
}

TEST(BatchTest, NumbersAsTextAndNoNumbers) {
  EXPECT_EQ(read(R"({"run_id": "r", "metrics": [{"key": "a", "value": "NaN", "timestamp": "2"},
      {"key": "a", "value": true, "timestamp": 2.0, "step": "-3"}]})"),
            std::pair(std::string("r a=nan@2,0 a=1@2,-3"), kLookedTwice));
  EXPECT_EQ(
      read(R"({"run_id": "r", "metrics": [{"key": "a", "value": -Infinity, "timestamp": 1}]})"),
      std::pair(std::string("r a=-inf@1,0"), kLookedTwice));
  EXPECT_EQ(read(R"({"run_id": "r", "metrics": null, "params": null})"),
            std::pair(std::string("r"), kLookedTwice));
}

TEST(BatchTest, WhatIsMissingIsNamed) {
  const auto message = [](std::string body) {
    const auto [text, plain] = read(std::move(body));
    EXPECT_FALSE(plain);
    return text.substr(0, text.find(" See the API docs"));
  };
  EXPECT_EQ(message("{}"), "Missing value for required parameter 'run_id'.");
  EXPECT_EQ(message(R"({"run_id": ""})"), "Missing value for required parameter 'run_id'.");
  EXPECT_EQ(message(R"({"run_id": "r", "metrics": [{"key": "a", "timestamp": 1}]})"),
            "Missing value for required parameter 'metrics[0].value'.");
  EXPECT_EQ(message(R"({"run_id": "r", "metrics": [{"value": 1, "timestamp": 1}]})"),
            "Missing value for required parameter 'metrics[0].key'.");
  EXPECT_EQ(message(R"({"run_id": "r", "params": [{"key": "a"}, {"key": ""}]})"),
            "Missing value for required parameter 'params[1].key'.");
  EXPECT_EQ(message(R"({"run_id": "r", "metrics": [3]})"),
            "Invalid value 3 for parameter 'metrics[0]' supplied:  Hint: Value was of type 'int'.");
  EXPECT_EQ(message(R"({"run_id": "r", "metrics": [{"key": "a", "value": 1, "timestamp": 1.5}]})"),
            "Invalid value 1.5 for parameter 'metrics[0].timestamp' supplied:  Hint: Value was of "
            "type 'float'.");
  EXPECT_EQ(message(R"({"run_id": "r"} trailing)"),
            "Missing value for required parameter 'run_id'.");
  EXPECT_EQ(message(""), "Missing value for required parameter 'run_id'.");
}

// A body that is cut anywhere is never taken as plain, and never read past its end (ASan).
TEST(BatchTest, NoPartOfABodyIsABatch) {
  const std::string body =
      R"({"run_id": "r", "metrics": [{"key": "a\u00e9", "value": 1.25, "timestamp": 2}]})";
  for (size_t n = 0; n < body.size(); ++n) {
    std::string part = body.substr(0, n);
    part.shrink_to_fit();
    EXPECT_FALSE(read_plain_batch(part).has_value()) << part;
  }
}

}  // namespace
}  // namespace slipway::api
