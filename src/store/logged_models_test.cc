#include "store/logged_models.h"

#include "store/test_store.h"

namespace slipway::store {
namespace {

class LoggedModelTest : public StoreTest {
 protected:
  LoggedModel create(const std::string& name, const std::vector<Param>& params = {},
                     const std::vector<Tag>& tags = {}) {
    NewLoggedModel request{"0", name, "classifier", run_id_, params, tags};
    return write([&](db::Connection& c) { return create_logged_model(c, request); });
  }
  LoggedModel get(const std::string& model_id) {
    return read([&](db::Connection& c) { return get_logged_model(c, model_id); });
  }
  void log_for(const std::string& model_id, const std::string& key, double value,
               const std::string& dataset = "", int64_t timestamp_ms = 1) {
    Metric metric = point(key, value, timestamp_ms);
    metric.model_id = model_id;
    metric.dataset_name = dataset;
    metric.dataset_digest = dataset.empty() ? "" : "d";
    log(run_id_, {metric});
  }
  Result<Page<LoggedModel>> search(LoggedModelSearch request) {
    if (request.experiment_ids.empty()) request.experiment_ids = {"0"};
    return store().read([&](db::Connection& c) { return search_logged_models(c, request); });
  }
  std::string names(const LoggedModelSearch& request) {
    const auto page = search(request);
    if (!page.ok()) return page.error().message;
    std::string out;
    for (const LoggedModel& model : page->items) out += model.name;
    return out;
  }

  std::string run_id_ = new_run();
};

TEST_F(LoggedModelTest, LivesFromPendingToReadyToDeleted) {
  const LoggedModel made = create("a", {{"p", "1"}}, {{"t", "1"}});
  EXPECT_EQ(made.model_id.size(), 34u);
  EXPECT_EQ(made.status, LoggedModelStatus::pending);
  EXPECT_EQ(made.artifact_uri, "mlflow-artifacts:/0/models/" + made.model_id + "/artifacts");
  const LoggedModel ready = write([&](db::Connection& c) {
    return finalize_logged_model(c, made.model_id, LoggedModelStatus::ready);
  });
  EXPECT_EQ(logged_model_status_name(ready.status), "LOGGED_MODEL_READY");
  EXPECT_EQ(ready.params, (std::vector<Param>{{"p", "1"}}));
  ASSERT_TRUE(
      store().write([&](db::Connection& c) { return delete_logged_model(c, made.model_id); }).ok());
  EXPECT_EQ(
      read_error([&](db::Connection& c) { return get_logged_model(c, made.model_id); }).message,
      "Logged model with ID '" + made.model_id + "' not found.");
}

TEST_F(LoggedModelTest, TagsAndParamsChangeAsTheyMay) {
  const std::string id = create("a", {{"p", "1"}}).model_id;
  const auto log_params = [&](const std::string& value) {
    return store().write(
        [&](db::Connection& c) { return log_logged_model_params(c, id, {{"p", value}}); });
  };
  EXPECT_TRUE(log_params("1").ok());
  EXPECT_EQ(log_params("2").error().code, Code::invalid_parameter_value);
  const auto delete_tag = [&] {
    return store().write([&](db::Connection& c) { return delete_logged_model_tag(c, id, "t"); });
  };
  ASSERT_TRUE(store()
                  .write([&](db::Connection& c) {
                    return set_logged_model_tags(c, id, {{"t", "1"}, {"t", "2"}});
                  })
                  .ok());
  EXPECT_EQ(get(id).tags, (std::vector<Tag>{{"t", "2"}}));
  EXPECT_TRUE(delete_tag().ok());
  EXPECT_EQ(delete_tag().error().code, Code::resource_does_not_exist);
}

TEST_F(LoggedModelTest, NamesAreChecked) {
  for (const std::string name : {"a/b", "a:b", "a.b", "a%b", "a'b", "a\"b"}) {
    NewLoggedModel request;
    request.experiment_id = "0";
    request.name = name;
    EXPECT_EQ(write_error([&](db::Connection& c) { return create_logged_model(c, request); }).code,
              Code::invalid_parameter_value)
        << name;
  }
}

TEST_F(LoggedModelTest, KeepsItsMetricsBesideTheRuns) {
  const std::string id = create("a").model_id;
  log_for(id, "auc", 0.7, "flights");
  log_for(id, "auc", 0.7, "flights");
  const LoggedModel model = get(id);
  ASSERT_EQ(model.metrics.size(), 1u);
  EXPECT_EQ(model.metrics[0].dataset_name, "flights");
  EXPECT_EQ(model.metrics[0].run_id, run_id_);
  EXPECT_EQ(run(run_id_).metrics.at(0).value, 0.7);
  Metric unknown = point("auc", 1);
  unknown.model_id = "m-none";
  EXPECT_EQ(write_error([&](db::Connection& c) { return log_metric(c, run_id_, unknown); }).code,
            Code::bad_request);
}

TEST_F(LoggedModelTest, SearchFiltersAndOrders) {
  const std::string a = create("a", {{"depth", "3"}}).model_id;
  const std::string b = create("b", {{"depth", "10"}}, {{"t", "x"}}).model_id;
  create("c");
  log_for(a, "auc", 0.7, "train");
  log_for(a, "auc", 0.6, "test", 2);
  log_for(b, "auc", 0.8, "train");
  EXPECT_EQ(names({{}, "name = 'a'", {}, {}, 10, ""}), "a");
  EXPECT_EQ(names({{}, "metrics.auc > 0.65", {}, {{"name"}}, 10, ""}), "ab");
  EXPECT_EQ(names({{}, "metrics.auc > 0.5", {{"test", "d"}}, {}, 10, ""}), "a");
  EXPECT_EQ(names({{}, "metrics.auc > 0.5", {{"test", ""}}, {}, 10, ""}), "");
  EXPECT_EQ(names({{}, "", {{"train", "d"}}, {{"name"}}, 10, ""}), "ab");
  EXPECT_EQ(names({{}, "params.depth = '10' AND tags.t LIKE 'x'", {}, {}, 10, ""}), "b");
  EXPECT_EQ(names({{}, "name IN ('a', 'c')", {}, {{"name", false}}, 10, ""}), "ca");
  EXPECT_EQ(names({{}, "source_run_id = '" + run_id_ + "'", {}, {{"metrics.auc", false}}, 10, ""}),
            "bac");
  EXPECT_EQ(names({{}, "", {}, {{"metrics.auc", true, "train", ""}}, 10, ""}), "abc");
  EXPECT_EQ(search({{}, "", {}, {{"params.x"}}, 10, ""}).error().message,
            "Invalid order by field name: params.x. Only metrics are supported.");
  EXPECT_EQ(search({{}, "", {{"", ""}}, {}, 10, ""}).error().code, Code::invalid_parameter_value);
}

TEST_F(LoggedModelTest, PagesBelongToTheirSearch) {
  for (const std::string name : {"a", "b", "c"}) create(name);
  LoggedModelSearch request{{}, "", {}, {{"name"}}, 2, ""};
  const auto first = search(request);
  ASSERT_EQ(first->items.size(), 2u);
  request.page_token = first->next_page_token;
  const auto second = search(request);
  ASSERT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->items[0].name, "c");
  EXPECT_EQ(second->next_page_token, "");
  request.filter = "name = 'a'";
  EXPECT_EQ(search(request).error().code, Code::invalid_parameter_value);
}

}  // namespace
}  // namespace slipway::store
