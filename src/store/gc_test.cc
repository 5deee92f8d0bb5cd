#include "store/gc.h"

#include "store/logged_models.h"
#include "store/run_inputs.h"
#include "store/test_store.h"

namespace slipway::store {
namespace {

constexpr int64_t kEver = INT64_MAX;

int64_t age(std::string_view text) {
  const auto parsed = parse_age_ms(text);
  return parsed.ok() ? *parsed : -1;
}

// source: mlflow 3.17.2, the expression and the examples of `mlflow gc`
TEST(AgeTest, AsMlflowReadsIt) {
  EXPECT_EQ(age("30d"), 30ll * 86'400'000);
  EXPECT_EQ(age("1d2h3m4s"), 93'784'000);
  EXPECT_EQ(age("1.5h"), 5'400'000);
  EXPECT_EQ(age("2m4s"), 124'000);
  EXPECT_EQ(age("0s"), 0);
  for (const auto* wrong : {"", "30", "d", "4s1d", "1w", "1d ", "-1d", "1..2d"}) {
    EXPECT_EQ(age(wrong), -1) << wrong;
  }
}

class GcTest : public StoreTest {
 protected:
  std::string run(const std::string& experiment_id) {
    return write([&](db::Connection& c) -> Result<std::string> {
      NewRun request;
      request.experiment_id = experiment_id;
      request.tags = {{"t", "v"}};
      const auto made = TRY(create_run(c, request));
      TRY(log_param(c, made.info.run_id, {"p", "1"}));
      TRY(log_metric(c, made.info.run_id, {"m", 1.0, 1, 0}));
      return made.info.run_id;
    });
  }
  GcFound found(GcRequest request) {
    if (request.deleted_through_ms == 0) request.deleted_through_ms = kEver;
    return read([&](db::Connection& c) { return find_deleted(c, request); });
  }
  int64_t count(const std::string& table) {
    return read([&](db::Connection& c) -> Result<int64_t> {
      const auto n = TRY(c.integer("SELECT COUNT(*) FROM " + table));
      return n.value_or(-1);
    });
  }
};

TEST_F(GcTest, ARunGoesWithAllItsRowsAndNothingElse) {
  const auto kept = run("0");
  const auto gone = run("0");
  write([&](db::Connection& c) { return delete_run(c, gone); });
  const auto keys = found({}).run_keys;
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(write([&](db::Connection& c) { return free_runs(c, keys); }), 1);
  for (const auto* table : {"runs", "params", "latest_metrics", "metric_log"}) {
    EXPECT_EQ(count(table), 1) << table;
  }
  EXPECT_EQ(read_error([&](db::Connection& c) { return get_run(c, gone); }).code,
            Code::resource_does_not_exist);
  EXPECT_EQ(read([&](db::Connection& c) { return get_run(c, kept); }).info.run_id, kept);
  const auto addresses = read([](db::Connection& c) { return freed_artifacts(c, 10); });
  EXPECT_EQ(addresses, std::vector{"mlflow-artifacts:/0/" + gone + "/artifacts"});
  write([&](db::Connection& c) { return forget_artifacts(c, addresses); });
  EXPECT_EQ(count("freed_artifacts"), 0);
  EXPECT_EQ(write([&](db::Connection& c) { return free_runs(c, keys); }), 0);  // again
}

TEST_F(GcTest, ARunThatIsRestoredMeanwhileStays) {
  const auto id = run("0");
  write([&](db::Connection& c) { return delete_run(c, id); });
  const auto keys = found({}).run_keys;
  write([&](db::Connection& c) { return restore_run(c, id); });
  EXPECT_EQ(write([&](db::Connection& c) { return free_runs(c, keys); }), 0);
  EXPECT_EQ(count("metric_log"), 1);
  EXPECT_EQ(count("freed_artifacts"), 0);
}

TEST_F(GcTest, AnExperimentGoesWithItsRunsAndModels) {
  const auto id = write([](db::Connection& c) { return create_experiment(c, "e", "", {}); });
  run(id);
  write([&](db::Connection& c) -> Result<void> {
    NewLoggedModel request;
    request.experiment_id = id;
    request.name = "m";
    TRY(create_logged_model(c, request));
    return delete_experiment(c, id);
  });
  GcRequest named;
  named.experiment_ids = {id};
  const auto keys = found(named);
  ASSERT_EQ(keys.experiment_ids.size(), 1u);
  const auto free_one = [&] {
    return write([&](db::Connection& c) { return free_experiments(c, keys.experiment_ids); });
  };
  EXPECT_EQ(free_one(), 0);  // not before what is in it
  EXPECT_EQ(write([&](db::Connection& c) { return free_runs(c, keys.run_keys); }), 1);
  EXPECT_EQ(write([&](db::Connection& c) { return free_logged_models(c, keys.model_keys); }), 1);
  EXPECT_EQ(free_one(), 1);
  EXPECT_EQ(count("experiments"), 1);
  EXPECT_EQ(count("logged_models"), 0);
  EXPECT_EQ(count("freed_artifacts"), 3);
}

// source: mlflow 3.17.2, what `mlflow gc` refuses
TEST_F(GcTest, WhatIsNotDeletedOrNotLongEnoughIsRefused) {
  const auto id = run("0");
  GcRequest named;
  named.run_ids = {id};
  named.deleted_through_ms = 1;
  const auto find = [&](db::Connection& c) { return find_deleted(c, named); };
  EXPECT_EQ(read_error(find).message,
            "Run " + id +
                " is not in `deleted` lifecycle stage. Only runs in `deleted` lifecycle stage can "
                "be deleted.");
  write([&](db::Connection& c) { return delete_run(c, id); });
  named.older_than = "30d";
  EXPECT_EQ(read_error(find).message, "Run " + id +
                                          " is not older than the required age. Only runs older "
                                          "than 30d can be deleted.");
  GcRequest old;
  old.deleted_through_ms = 1;
  EXPECT_TRUE(found(old).run_keys.empty());
  named.run_ids = {std::string(32, '0')};
  EXPECT_EQ(read_error(find).code, Code::resource_does_not_exist);
  named.ignores_missing = true;
  EXPECT_TRUE(found(named).run_keys.empty());
}

}  // namespace
}  // namespace slipway::store
