#include "store/test_store.h"

namespace slipway::store {
namespace {

TEST_F(StoreTest, ExperimentHasNextIdAndItsOwnArtifacts) {
  EXPECT_EQ(new_experiment("one"), "1");
  EXPECT_EQ(new_experiment("two"), "2");
  const auto found = read([](db::Connection& c) { return get_experiment_by_name(c, "two"); });
  EXPECT_EQ(found.experiment_id, "2");
  EXPECT_EQ(found.artifact_location, "mlflow-artifacts:/2");
}

TEST_F(StoreTest, DeletedExperimentKeepsItsName) {
  new_experiment("one");
  write([](db::Connection& c) -> Result<int> {
    TRY(delete_experiment(c, "1"));
    return 0;
  });
  const auto found = read([](db::Connection& c) { return get_experiment(c, "1"); });
  EXPECT_EQ(found.lifecycle_stage, LifecycleStage::deleted);
  const Error taken =
      write_error([](db::Connection& c) { return create_experiment(c, "one", "", {}); });
  EXPECT_EQ(taken.code, Code::resource_already_exists);
  EXPECT_EQ(write_error([](db::Connection& c) { return delete_experiment(c, "1"); }).code,
            Code::resource_does_not_exist);
  EXPECT_EQ(write_error([](db::Connection& c) { return rename_experiment(c, "1", "x"); }).code,
            Code::invalid_state);
  EXPECT_EQ(
      write_error([](db::Connection& c) { return set_experiment_tag(c, "1", {"k", "v"}); }).code,
      Code::invalid_parameter_value);
}

TEST_F(StoreTest, RestoredExperimentBringsBackAllItsRuns) {
  const std::string experiment_id = new_experiment("one");
  const std::string first = new_run(experiment_id);
  const std::string second = new_run(experiment_id);
  auto change = [&](auto function, const std::string& id) {
    ASSERT_TRUE(store().write([&](db::Connection& c) { return function(c, id); }).ok());
  };
  change(delete_run, first);
  change(delete_experiment, experiment_id);
  EXPECT_EQ(run(second).info.lifecycle_stage, LifecycleStage::deleted);
  change(restore_experiment, experiment_id);
  EXPECT_EQ(run(first).info.lifecycle_stage, LifecycleStage::active);
  EXPECT_EQ(run(second).info.lifecycle_stage, LifecycleStage::active);
}

TEST_F(StoreTest, ExperimentLimitsAreKept) {
  const auto create = [&](const std::string& name, const std::string& location, const Tag& tag) {
    return write_error(
               [&](db::Connection& c) { return create_experiment(c, name, location, {tag}); })
        .code;
  };
  const Tag fine{"k", "v"};
  EXPECT_EQ(create("", "", fine), Code::invalid_parameter_value);
  EXPECT_EQ(create(std::string(501, 'n'), "", fine), Code::invalid_parameter_value);
  EXPECT_EQ(create("n", "", {"k", std::string(20'001, 'v')}), Code::invalid_parameter_value);
  for (const std::string location :
       {"runs:/a/b", "mlflow-artifacts:/a/../b", "http://host#/abc", "http://host/;..%2F..%2Fetc",
        "mlflow-artifacts:/a?x=../..", "mlflow-artifacts:/a?x=%252e%252e%252f"}) {
    EXPECT_EQ(create("n", location, fine), Code::invalid_parameter_value) << location;
  }
  EXPECT_EQ(create("n", std::string(2049, 'l'), fine), Code::invalid_parameter_value);
}

TEST_F(StoreTest, UnknownExperimentAndBadIdHaveTheirErrors) {
  const Error unknown = read_error([](db::Connection& c) { return get_experiment(c, "77"); });
  EXPECT_EQ(unknown.code, Code::resource_does_not_exist);
  EXPECT_EQ(unknown.message, "No Experiment with id=77 exists");
  const Error bad = read_error([](db::Connection& c) { return get_experiment(c, "x"); });
  EXPECT_EQ(bad.code, Code::invalid_parameter_value);
}

class ExperimentSearchTest : public StoreTest {
 protected:
  ExperimentSearchTest() {
    for (const std::string name : {"alpha", "Beta", "gamma"}) new_experiment(name);
    (void)store().write(
        [](db::Connection& c) { return set_experiment_tag(c, "2", {"team", "blue"}); });
    (void)store().write([](db::Connection& c) { return delete_experiment(c, "3"); });
  }

  std::vector<std::string> names(const std::string& filter,
                                 const std::vector<std::string>& order_by = {"name"},
                                 ViewType view = ViewType::active_only) {
    const SearchRequest request{filter, order_by, 100, ""};
    const auto page = read([&](db::Connection& c) { return search_experiments(c, request, view); });
    std::vector<std::string> out;
    for (const Experiment& experiment : page.items) out.push_back(experiment.name);
    return out;
  }
  using Names = std::vector<std::string>;
};

TEST_F(ExperimentSearchTest, FiltersOrdersAndViews) {
  EXPECT_EQ(names(""), (Names{"Beta", "Default", "alpha"}));
  EXPECT_EQ(names("", {"name"}, ViewType::deleted_only), (Names{"gamma"}));
  EXPECT_EQ(names("", {"experiment_id DESC"}, ViewType::all),
            (Names{"gamma", "Beta", "alpha", "Default"}));
  EXPECT_EQ(names("name LIKE 'b%'"), (Names{}));
  EXPECT_EQ(names("name ILIKE 'b%'"), (Names{"Beta"}));
  EXPECT_EQ(names("experiment_id IN ('1', '2')"), (Names{"Beta", "alpha"}));
  EXPECT_EQ(names("tags.team = 'blue'"), (Names{"Beta"}));
  EXPECT_EQ(names("tags.team IS NULL"), (Names{"Default", "alpha"}));
  EXPECT_EQ(names("creation_time > 0 AND name != 'alpha'"), (Names{"Beta", "Default"}));
}

TEST_F(ExperimentSearchTest, PagesAndRefusesBadRequests) {
  SearchRequest request{"", {"experiment_id"}, 2, ""};
  const auto search = [&] {
    return store().read(
        [&](db::Connection& c) { return search_experiments(c, request, ViewType::all); });
  };
  const auto first = search();
  ASSERT_EQ(first->items.size(), 2u);
  request.page_token = first->next_page_token;
  const auto second = search();
  ASSERT_EQ(second->items.size(), 2u);
  EXPECT_EQ(second->items[0].name, "Beta");
  EXPECT_EQ(second->next_page_token, "");
  request.page_token = "!";
  EXPECT_EQ(search().error().message, "Invalid page token, decoded value=b''");
  request.page_token = "a";
  EXPECT_EQ(search().error().message, "Invalid page token, could not base64-decode");
  request = {"", {}, 0, ""};
  EXPECT_EQ(search().error().code, Code::invalid_parameter_value);
  request = {"", {}, 50'001, ""};
  EXPECT_EQ(search().error().code, Code::invalid_parameter_value);
  request = {"metrics.x > 1", {}, 5, ""};
  EXPECT_NE(search().error().message.find("Invalid entity type 'metrics'"), std::string::npos);
}

}  // namespace
}  // namespace slipway::store
