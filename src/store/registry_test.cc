#include "store/registry.h"

#include <chrono>
#include <thread>

#include "store/endpoints.h"
#include "store/logged_models.h"
#include "store/test_store.h"

namespace slipway::store {
namespace {

class RegistryTest : public StoreTest {
 protected:
  RegistryTest() { create_model("m"); }

  void create_model(const std::string& name, const std::vector<Tag>& tags = {}) {
    write([&](db::Connection& c) { return create_registered_model(c, name, tags, std::nullopt); });
  }
  NewModelVersion request(const std::string& source) {
    NewModelVersion out;
    out.name = "m";
    out.source = source;
    return out;
  }
  ModelVersion add_version(const NewModelVersion& request) {
    return write([&](db::Connection& c) { return create_model_version(c, request); });
  }
  int64_t add_version() { return add_version(request("s3://bucket/model")).version; }
  ModelVersion version(const std::string& number) {
    return read([&](db::Connection& c) { return get_model_version(c, "m", number); });
  }
  RegisteredModel model() {
    return read([](db::Connection& c) { return get_registered_model(c, "m"); });
  }
  ModelVersion move(const std::string& number, const std::string& stage,
                    ArchiveExisting archive = ArchiveExisting::no) {
    return write(
        [&](db::Connection& c) { return transition_stage(c, "m", number, stage, archive); });
  }
  /// Runs a write without a value that must succeed.
  template <typename Closure>
  void change(Closure&& closure) {
    const Result<void> outcome = store().write(std::forward<Closure>(closure));
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
  }
  int64_t generation() {
    return read([](db::Connection& c) { return registry_generation(c); });
  }
  Error source_error(const NewModelVersion& request) {
    return write_error([&](db::Connection& c) { return create_model_version(c, request); });
  }
};

TEST_F(RegistryTest, NamesAreUniqueAndChecked) {
  const auto create = [&](const std::string& name) {
    return write_error(
        [&](db::Connection& c) { return create_registered_model(c, name, {}, std::nullopt); });
  };
  EXPECT_EQ(create("m").code, Code::resource_already_exists);
  EXPECT_EQ(create("m").message, "Registered Model (name=m) already exists.");
  for (const std::string name : {"", " ", "a/b", "a:b", "..", "."}) {
    EXPECT_EQ(create(name).code, Code::invalid_parameter_value) << name;
  }
  EXPECT_EQ(read_error([](db::Connection& c) { return get_registered_model(c, "none"); }).message,
            "Registered Model with name=none not found");
}

TEST_F(RegistryTest, VersionNumbersAreNeverUsedAgain) {
  EXPECT_EQ(add_version(), 1);
  EXPECT_EQ(add_version(), 2);
  change([](db::Connection& c) { return set_alias(c, "m", "champion", "2"); });
  change([](db::Connection& c) { return delete_model_version(c, "m", "2"); });
  EXPECT_TRUE(model().aliases.empty());
  EXPECT_EQ(add_version(), 3);
  EXPECT_EQ(read_error([](db::Connection& c) { return get_model_version(c, "m", "2"); }).message,
            "Model Version (name=m, version=2) not found");
  EXPECT_EQ(read_error([](db::Connection& c) { return get_model_version(c, "m", "x"); }).code,
            Code::invalid_parameter_value);
}

TEST_F(RegistryTest, StagesMoveAndArchive) {
  for (int i = 0; i < 3; ++i) add_version();
  EXPECT_EQ(move("1", "production").current_stage, "Production");
  EXPECT_EQ(move("2", "Production").current_stage, "Production");
  EXPECT_EQ(move("3", "PRODUCTION", ArchiveExisting::yes).current_stage, "Production");
  EXPECT_EQ(version("1").current_stage, "Archived");
  EXPECT_EQ(version("2").current_stage, "Archived");
  const Error archived = write_error([](db::Connection& c) {
    return transition_stage(c, "m", "1", "Archived", ArchiveExisting::yes);
  });
  EXPECT_EQ(archived.code, Code::invalid_parameter_value);
  const Error unknown = write_error(
      [](db::Connection& c) { return transition_stage(c, "m", "1", "Live", ArchiveExisting::no); });
  EXPECT_NE(unknown.message.find("Invalid Model Version stage: Live"), std::string::npos);
}

TEST_F(RegistryTest, LatestVersionsAreTheHighestOfEachStage) {
  for (int i = 0; i < 4; ++i) add_version();
  move("1", "Staging");
  move("3", "Staging");
  const auto latest = [&](const std::vector<std::string>& stages) {
    std::vector<int64_t> out;
    const auto found = read([&](db::Connection& c) { return latest_versions(c, "m", stages); });
    for (const ModelVersion& each : found) out.push_back(each.version);
    return out;
  };
  EXPECT_EQ(latest({"staging"}), (std::vector<int64_t>{3}));
  EXPECT_EQ(latest({}), (std::vector<int64_t>{3, 4}));  // Staging appears first
  EXPECT_EQ(latest({"Production"}), (std::vector<int64_t>{}));
  EXPECT_EQ(model().latest_versions.size(), 2u);
}

TEST_F(RegistryTest, AliasesPointToOneVersion) {
  add_version();
  add_version();
  change([](db::Connection& c) { return set_alias(c, "m", "champion", "1"); });
  change([](db::Connection& c) { return set_alias(c, "m", "champion", "2"); });
  const auto by_alias = [](db::Connection& c) { return get_by_alias(c, "m", "champion"); };
  EXPECT_EQ(read(by_alias).version, 2);
  EXPECT_EQ(read(by_alias).aliases, std::vector<std::string>{"champion"});
  EXPECT_EQ(model().aliases, (std::vector<Alias>{{"champion", 2}}));
  change([](db::Connection& c) { return delete_alias(c, "m", "champion"); });
  change([](db::Connection& c) { return delete_alias(c, "m", "champion"); });
  EXPECT_EQ(read_error(by_alias).code, Code::invalid_parameter_value);
  EXPECT_EQ(read_error(by_alias).message, "Registered model alias champion not found.");
  for (const std::string alias : {"latest", "LATEST", "v1", "V22", "a b", ""}) {
    EXPECT_EQ(write_error([&](db::Connection& c) { return set_alias(c, "m", alias, "1"); }).code,
              Code::invalid_parameter_value)
        << alias;
  }
  EXPECT_EQ(write_error([](db::Connection& c) { return set_alias(c, "m", "a", "9"); }).code,
            Code::resource_does_not_exist);
}

TEST_F(RegistryTest, TagsAndDescriptionsAreKept) {
  add_version();
  change([](db::Connection& c) { return set_registered_model_tag(c, "m", {"k", "1"}); });
  change([](db::Connection& c) { return set_registered_model_tag(c, "m", {"k", "2"}); });
  EXPECT_EQ(model().tags, (std::vector<Tag>{{"k", "2"}}));
  change([](db::Connection& c) { return delete_registered_model_tag(c, "m", "k"); });
  EXPECT_TRUE(model().tags.empty());
  change([](db::Connection& c) { return set_model_version_tag(c, "m", "1", {"k", "v"}); });
  EXPECT_EQ(version("1").tags, (std::vector<Tag>{{"k", "v"}}));
  write([](db::Connection& c) { return update_model_version(c, "m", "1", "text"); });
  EXPECT_EQ(version("1").description, "text");
  write([](db::Connection& c) { return update_registered_model(c, "m", "about"); });
  EXPECT_EQ(model().description, "about");
  EXPECT_EQ(write_error([](db::Connection& c) {
              return set_registered_model_tag(c, "m", {"k", std::string(100'001, 'v')});
            }).code,
            Code::invalid_parameter_value);
}

TEST_F(RegistryTest, RenameTakesVersionsAndEndpointAlong) {
  add_version();
  write([](db::Connection& c) { return enable_endpoint(c, "m", "me"); });
  create_model("taken");
  EXPECT_EQ(
      write_error([](db::Connection& c) { return rename_registered_model(c, "m", "taken"); }).code,
      Code::resource_already_exists);
  write([](db::Connection& c) { return rename_registered_model(c, "m", "new"); });
  EXPECT_EQ(read([](db::Connection& c) { return get_model_version(c, "new", "1"); }).name, "new");
  EXPECT_EQ(read([](db::Connection& c) { return list_endpoints(c); }).at(0).registered_model_name,
            "new");
}

TEST_F(RegistryTest, DeletedModelTakesAllWithIt) {
  add_version();
  change([](db::Connection& c) { return set_alias(c, "m", "champion", "1"); });
  write([](db::Connection& c) { return enable_endpoint(c, "m", "me"); });
  change([](db::Connection& c) { return delete_registered_model(c, "m"); });
  EXPECT_TRUE(read([](db::Connection& c) { return list_endpoints(c); }).empty());
  const auto left =
      read([](db::Connection& c) { return search_model_versions(c, {"", {}, 5, ""}); });
  EXPECT_TRUE(left.items.empty());
  create_model("m");
  EXPECT_EQ(add_version(), 1);
}

TEST_F(RegistryTest, SourcesMustNotLeaveTheRun) {
  const std::string run_id = new_run();
  const std::string other = new_run();
  const std::string root = "mlflow-artifacts:/0/" + run_id + "/artifacts";
  for (const std::string& source :
       std::vector<std::string>{"/etc",
                                "etc",
                                "file:///tmp",
                                "file://remote/path",
                                "C:\\path",
                                "\\\\server\\share",
                                "mlflow-artifacts:/0/" + other + "/artifacts/model",
                                "mlflow-artifacts:/0",
                                "mlflow-artifacts://host" + root.substr(root.find(':') + 1),
                                root + "/../../x",
                                root + "/%2e%2E/x",
                                root + "/%252e%252e%252fx",
                                root + "/..%5cx",
                                root + "/a%00",
                                root + "/%2%0952e%2%0952e/x",
                                "runs:/" + other + "/model",
                                "s3://bucket",
                                "ftp://host/a",
                                "runs://host/" + run_id + "/model",
                                "s3://bucket/a/../b",
                                "http://host/api/2.0/mlflow-artifacts/artifacts/0/x",
                                "models:/nothing/1",
                                "dbfs:/" + run_id + "/artifacts/a%3f/../../..",
                                "models:/m-" + std::string(32, '0')}) {
    NewModelVersion each = request(source);
    each.run_id = run_id;
    EXPECT_TRUE(source_error(each).code == Code::invalid_parameter_value ||
                source.starts_with("models:/nothing"))
        << source;
  }
  for (const std::string& source :
       {root, root + "/model", root + "/..../model", std::string("s3://bucket/model")}) {
    NewModelVersion each = request(source);
    each.run_id = run_id;
    EXPECT_EQ(add_version(each).source, source);
  }
}

TEST_F(RegistryTest, LocalSourceMustLieInTheRunsLocalFolder) {
  const std::string experiment_id =
      write([](db::Connection& c) { return create_experiment(c, "local", "/data/exp", {}); });
  NewModelVersion each = request("/data/exp/elsewhere");
  each.run_id = new_run(experiment_id);
  EXPECT_EQ(source_error(each).code, Code::invalid_parameter_value);
  each.source = "/data/exp/" + each.run_id + "/artifacts/model";
  EXPECT_EQ(add_version(each).source, each.source);
  each.source = "file:///data/exp/" + each.run_id + "/artifacts/model";
  EXPECT_EQ(add_version(each).source, each.source);
}

TEST_F(RegistryTest, DownloadUriResolvesRunsAndModels) {
  const std::string run_id = new_run();
  NewModelVersion from_run = request("runs:/" + run_id + "/model");
  from_run.run_id = run_id;
  add_version(from_run);
  const auto uri = [&](const std::string& number) {
    return read([&](db::Connection& c) { return download_uri(c, "m", number); });
  };
  EXPECT_EQ(uri("1"), "mlflow-artifacts:/0/" + run_id + "/artifacts/model");
  move("1", "Production");
  const ModelVersion copied = add_version(request("models:/m/Production"));
  EXPECT_EQ(copied.source, "models:/m/1");
  EXPECT_EQ(copied.run_id, run_id);
  EXPECT_EQ(uri("2"), uri("1"));
  NewLoggedModel logged;
  logged.experiment_id = "0";
  logged.source_run_id = run_id;
  const LoggedModel made = write([&](db::Connection& c) { return create_logged_model(c, logged); });
  NewModelVersion from_model = request("models:/" + made.model_id);
  from_model.model_id = made.model_id;
  EXPECT_EQ(add_version(from_model).run_id, run_id);
  EXPECT_EQ(uri("3"), made.artifact_uri);
  const auto noted = read([&](db::Connection& c) { return get_logged_model(c, made.model_id); });
  EXPECT_EQ(noted.tags,
            (std::vector<Tag>{{"mlflow.modelVersions", R"([{"name": "m", "version": 3}])"}}));
}

TEST_F(RegistryTest, SearchesModels) {
  std::this_thread::sleep_for(std::chrono::milliseconds(2));  // a later timestamp than m's
  create_model("alpha", {{"team", "blue"}});
  create_model("prompt", {{"mlflow.prompt.is_prompt", "true"}});
  const auto names = [&](const std::string& filter, const std::vector<std::string>& order_by = {}) {
    const auto page = read(
        [&](db::Connection& c) { return search_registered_models(c, {filter, order_by, 10, ""}); });
    std::string out;
    for (const RegisteredModel& each : page.items) out += each.name + " ";
    return out;
  };
  EXPECT_EQ(names(""), "alpha m ");
  EXPECT_EQ(names("", {"name DESC"}), "m alpha ");
  EXPECT_EQ(names("", {"timestamp ASC"}), "m alpha ");
  EXPECT_EQ(names("name ILIKE 'ALP%'"), "alpha ");
  EXPECT_EQ(names("name IN ('m', 'x')"), "m ");
  EXPECT_EQ(names("tags.team = 'blue'"), "alpha ");
  EXPECT_EQ(names("tags.`mlflow.prompt.is_prompt` = 'true'"), "prompt ");
  EXPECT_EQ(names("tag.`mlflow.prompt.is_prompt` != 'true'"), "alpha m ");
  EXPECT_EQ(names("name = 'm' AND tag.`mlflow.prompt.is_prompt` = 'false'"), "m ");
  EXPECT_EQ(read_error([](db::Connection& c) {
              return search_registered_models(c, {"", {"bad"}, 10, ""});
            }).code,
            Code::invalid_parameter_value);
  EXPECT_EQ(read_error([](db::Connection& c) {
              return search_registered_models(c, {"", {}, 1001, ""});
            }).code,
            Code::invalid_parameter_value);
}

TEST_F(RegistryTest, SearchesVersions) {
  const std::string run_id = new_run();
  NewModelVersion with_run = request("s3://bucket/other");
  with_run.run_id = run_id;
  add_version();
  add_version(with_run);
  change([](db::Connection& c) { return set_model_version_tag(c, "m", "1", {"k", "v"}); });
  const auto numbers = [&](const std::string& filter, const std::vector<std::string>& order_by) {
    const auto page = read(
        [&](db::Connection& c) { return search_model_versions(c, {filter, order_by, 10, ""}); });
    std::string out;
    for (const ModelVersion& each : page.items) out += std::to_string(each.version);
    return out;
  };
  EXPECT_EQ(numbers("name = 'm'", {"version_number ASC"}), "12");
  EXPECT_EQ(numbers("", {"name"}), "21");
  EXPECT_EQ(numbers("run_id IN ('" + run_id + "')", {}), "2");
  EXPECT_EQ(numbers("version_number < 2", {}), "1");
  EXPECT_EQ(numbers("source_path LIKE '%other'", {}), "2");
  EXPECT_EQ(numbers("tags.k = 'v'", {}), "1");
}

TEST_F(RegistryTest, ActiveVersionsAreWhatServingLoads) {
  for (int i = 0; i < 3; ++i) add_version();
  move("1", "Archived");
  move("2", "Production");
  const auto active = read([](db::Connection& c) { return active_versions(c, "m"); });
  ASSERT_EQ(active.size(), 2u);
  EXPECT_EQ(active[0].current_stage, "Production");
  EXPECT_EQ(active[1].version, 3);
}

TEST_F(RegistryTest, EveryWriteRaisesTheGeneration) {
  int64_t before = generation();
  const auto expect_raised = [&](const std::string& what) {
    EXPECT_GT(generation(), before) << what;
    before = generation();
  };
  add_version();
  expect_raised("version");
  move("1", "Staging");
  expect_raised("stage");
  change([](db::Connection& c) { return set_alias(c, "m", "a", "1"); });
  expect_raised("alias");
  write([](db::Connection& c) { return enable_endpoint(c, "m", "me"); });
  expect_raised("endpoint");
  write([](db::Connection& c) { return enable_endpoint(c, "m", "you"); });
  EXPECT_EQ(generation(), before);
  change([](db::Connection& c) { return disable_endpoint(c, "m"); });
  expect_raised("endpoint off");
  EXPECT_EQ(write_error([](db::Connection& c) { return disable_endpoint(c, "m"); }).code,
            Code::resource_does_not_exist);
  EXPECT_EQ(write_error([](db::Connection& c) { return enable_endpoint(c, "x", "me"); }).code,
            Code::resource_does_not_exist);
}

}  // namespace
}  // namespace slipway::store
