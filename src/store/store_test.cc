#include <atomic>
#include <thread>

#include "store/test_store.h"

namespace slipway::store {
namespace {

TEST_F(StoreTest, OpensWithTheDefaultExperiment) {
  const auto experiment = read([](db::Connection& c) { return get_experiment(c, "0"); });
  EXPECT_EQ(experiment.name, "Default");
  EXPECT_EQ(experiment.artifact_location, "mlflow-artifacts:/0");
}

TEST_F(StoreTest, ReopensWithWhatWasWritten) {
  const std::string run_id = new_run();
  close();
  const auto again = Store::open(folder(), database());
  ASSERT_TRUE(again.ok());
  const auto found = (*again)->read([&](db::Connection& c) { return get_run(c, run_id); });
  EXPECT_TRUE(found.ok());
}

TEST_F(StoreTest, SecondOpenerIsRefusedWithTheHoldersNumber) {
  const auto second = Store::open(folder(), database());
  if (store().database().is_server()) {  // which several servers share
    EXPECT_TRUE(second.ok());
    return;
  }
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::resource_conflict);
  EXPECT_NE(second.error().message.find(folder().string()), std::string::npos);
  EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())),
            std::string::npos);
}

TEST_F(StoreTest, NewerSchemaIsRefusedAndUntouched) {
  write([](db::Connection& c) -> Result<int> {
    TRY(c.exec("UPDATE schema_version SET version = 99"));
    return 0;
  });
  const bool is_file = !store().database().is_server();
  close();
  const auto bytes = [&] { return is_file ? read_file(folder() / "slipway.db").value() : ""; };
  const std::string before = bytes();
  const auto refused = Store::open(folder(), database());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid_state);
  EXPECT_NE(refused.error().message.find("version 99"), std::string::npos);
  EXPECT_NE(refused.error().message.find("newer Slipway"), std::string::npos);
  EXPECT_EQ(bytes(), before);
}

TEST_F(StoreTest, TellsHowLargeItIs) {
  EXPECT_GT(store().size_bytes(), 50'000u);  // the tables alone
}

TEST_F(StoreTest, ReaderSeesOneUnchangingView) {
  const auto views = read([&](db::Connection& c) -> Result<std::pair<int64_t, int64_t>> {
    const auto before = TRY(c.integer("SELECT count(*) FROM runs"));
    std::thread([&] { new_run(); }).join();
    const auto after = TRY(c.integer("SELECT count(*) FROM runs"));
    return std::pair(before.value_or(-1), after.value_or(-1));
  });
  EXPECT_EQ(views, std::pair(int64_t{0}, int64_t{0}));
}

TEST_F(StoreTest, ReadersCannotWrite) {
  const Error refused = read_error([](db::Connection& c) { return c.exec("DELETE FROM tokens"); });
  // a server says the same where it is a standby, which may pass
  EXPECT_EQ(refused.code, store().database().is_server() ? Code::temporarily_unavailable
                                                         : Code::permission_denied);
}

TEST_F(StoreTest, EightThreadsLogManyBatches) {
  constexpr int kThreads = 8;
  const int n_batches = store().database().is_server() ? 250 : 2500;  // several trips each there
  std::vector<std::string> run_ids;
  for (int i = 0; i < kThreads; ++i) run_ids.push_back(new_run());
  std::atomic<int> n_failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int64_t step = 0; step < n_batches; ++step) {
        const std::vector<Metric> metrics = {point("loss", 1.0 / double(step + 1), step, step)};
        const auto outcome = store().write(
            [&](db::Connection& c) { return log_batch(c, run_ids[size_t(i)], metrics, {}, {}); });
        if (!outcome.ok()) n_failed += 1;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(n_failed, 0);
  for (const std::string& run_id : run_ids) {
    EXPECT_EQ(history_of(run_id, "loss").size(), size_t(n_batches));
    EXPECT_EQ(run(run_id).metrics.at(0).step, n_batches - 1);
  }
}

}  // namespace
}  // namespace slipway::store
