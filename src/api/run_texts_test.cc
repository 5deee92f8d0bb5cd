#include "api/run_texts.h"

#include <gtest/gtest.h>

#include "api/test_workspace.h"

namespace slipway::api {
namespace {

RunTexts::Text text_of(size_t size) { return std::make_shared<const std::string>(size, 'x'); }

TEST(RunTextsTest, KeepsATextUntilItsRunChanges) {
  RunTexts texts;
  texts.keep({7, 0}, text_of(3));
  EXPECT_EQ(*texts.find({7, 0}), "xxx");
  EXPECT_EQ(texts.find({7, 1}), nullptr);
  texts.keep({7, 1}, text_of(4));
  EXPECT_EQ(*texts.find({7, 1}), "xxxx");
  texts.keep({8, store::FoundRun::kUnknown}, text_of(1));
  EXPECT_EQ(texts.find({8, store::FoundRun::kUnknown}), nullptr);
}

TEST(RunTextsTest, StaysInItsRoomAndKeepsWhatIsAskedFor) {
  RunTexts texts(100'000);
  for (int64_t key = 1; key <= 1000; ++key) {
    texts.keep({key, 1}, text_of(1000));
    ASSERT_NE(texts.find({1, 1}), nullptr) << key;  // asked for all the time
  }
  EXPECT_LE(texts.size_bytes(), 100'000u);
  EXPECT_EQ(texts.find({2, 1}), nullptr);
  texts.keep({1001, 1}, text_of(1'000'000));
  EXPECT_EQ(texts.find({1001, 1}), nullptr);
}

TEST(RunTextsTest, SearchesAnswerWithTheRunAsItIs) {
  TestWorkspace workspace;
  const auto id = workspace
                      .post("/api/2.0/mlflow/runs/create",
                            R"({"experiment_id": "0", "start_time": 1, "run_name": "one"})")
                      .at("run.info.run_id");
  const auto search = [&] {
    return workspace.post("/api/2.0/mlflow/runs/search", R"({"experiment_ids": ["0"]})").body;
  };
  const auto first = search();
  EXPECT_NE(first.find("\"one\""), std::string::npos);
  EXPECT_EQ(search(), first);
  EXPECT_GT(workspace.workspace.run_texts->size_bytes(), 0u);
  workspace.post("/api/2.0/mlflow/runs/set-tag",
                 R"({"run_id": ")" + id + R"(", "key": "mlflow.runName", "value": "two"})");
  EXPECT_NE(search().find("\"two\""), std::string::npos);
}

}  // namespace
}  // namespace slipway::api
