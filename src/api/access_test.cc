#include "api/access.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "api/routes.h"
#include "api/test_workspace.h"
#include "base/text.h"
#include "store/experiments.h"
#include "store/logged_models.h"
#include "store/password.h"
#include "store/registry.h"
#include "store/roles.h"
#include "store/runs.h"
#include "store/tokens.h"
#include "store/users.h"

namespace slipway::api {
namespace {

using store::Permission;
using store::Resource;

constexpr Permission kLevels[] = {
    Permission::none,  Permission::read,           Permission::use,
    Permission::edit,  Permission::manage_staging, Permission::manage_production,
    Permission::manage};
constexpr std::string_view kPassword = "a long password";

// A server with an experiment (a run and a logged model in it) and a registered model, an admin,
// and a user of every level on both; all known by tokens, which need no hashing.
struct Guarded {
  Guarded() {
    const auto made = server.store->write([&](db::Connection& c) { return fill(c); });
    EXPECT_TRUE(made.ok()) << made.error().message;
    server.workspace.access->changed();
  }

  Result<void> fill(db::Connection& c) {
    experiment = TRY(store::create_experiment(c, "guarded", "", {}));
    store::NewRun new_run;
    new_run.experiment_id = experiment;
    const auto made_run = TRY(store::create_run(c, new_run));
    run = made_run.info.run_id;
    store::NewLoggedModel new_model;
    new_model.experiment_id = experiment;
    const auto made_model = TRY(store::create_logged_model(c, new_model));
    logged_model = made_model.model_id;
    TRY(store::create_registered_model(c, "model", {}, std::nullopt));
    TRY(add_user(c, "root", store::Admin::yes));
    for (const auto level : kLevels) {
      const auto name = user_of(level);
      TRY(add_user(c, name, store::Admin::no));
      if (level == Permission::none) continue;
      const bool of_stages =
          level == Permission::manage_staging || level == Permission::manage_production;
      TRY(store::grant_to_user(c, name, Resource::experiment, experiment,
                               of_stages ? Permission::edit : level));
      TRY(store::grant_to_user(c, name, Resource::registered_model, "model", level));
      TRY(store::grant_to_user(c, name, Resource::serving_endpoint, "model",
                               of_stages ? Permission::edit : level));
    }
    return {};
  }

  Result<void> add_user(db::Connection& c, const std::string& name, store::Admin admin) {
    TRY(store::create_user(c, name, "", admin));
    const auto token = TRY(store::create_token(c, name, "", std::nullopt));
    tokens[name] = token.value;
    return {};
  }

  static std::string user_of(Permission level) {
    return lower(std::string(store::permission_name(level)));
  }

  HeaderList as(const std::string& user) {
    if (user.empty()) return {};
    return {{"Authorization", "Bearer " + tokens[user]}};
  }

  /// Ask a route as `user`, naming everything that there is.
  int ask(const Route& route, const std::string& user, const std::string& username) {
    const auto artifact = experiment + "/" + run + "/artifacts/f";
    const JsonObject names{{"experiment_id", experiment},
                           {"run_id", run},
                           {"model_id", logged_model},
                           {"name", "model"},
                           {"registered_model_name", "model"},
                           {"version", "1"},
                           {"stage", "Staging"},
                           {"username", username},
                           {"resource_type", "experiment"},
                           {"resource_id", experiment},
                           {"path", artifact}};
    std::string path(route.path);
    for (auto at = path.find('<'); at != path.npos; at = path.find('<')) {
      const auto end = path.find('>');
      auto name = path.substr(at + 1, end - at - 1);
      if (name.starts_with("path:")) name = name.substr(5);
      std::string value = "x";
      if (name == "artifact_path") value = artifact;
      if (name == "model_id") value = logged_model;
      if (name == "name") value = "model";
      path.replace(at, end - at + 1, value);
    }
    if (route.method != "GET") {
      return server.call(route.method, path, to_text(Json(names)), as(user)).status;
    }
    auto query = "?experiment_ids=" + experiment;
    for (const auto& [key, value] : names) {
      query += fmt::format("&{}={}", std::string_view(key),
                           percent_encode(std::string_view(value.get_string())));
    }
    return server.get(path + query, as(user)).status;
  }

  TestWorkspace server;
  std::string experiment;
  std::string run;
  std::string logged_model;
  std::map<std::string, std::string> tokens;
};

// The least level that a route is for, said once more, apart from the code; nothing: anyone known.
std::optional<Permission> least_of(Needs needs) {
  switch (needs) {
    case Needs::read_experiment:
    case Needs::read_run:
    case Needs::read_run_or_model:
    case Needs::read_logged_model:
    case Needs::read_artifact:
    case Needs::read_model:
    case Needs::read_endpoint:
    case Needs::score:
    case Needs::read_serving: return Permission::read;
    case Needs::score_serving: return Permission::use;
    case Needs::edit_experiment:
    case Needs::edit_run:
    case Needs::edit_run_of_batch:
    case Needs::edit_run_or_model:
    case Needs::edit_logged_model:
    case Needs::edit_artifact:
    case Needs::edit_model:
    case Needs::create_version: return Permission::edit;
    case Needs::move_stage: return Permission::manage_staging;
    case Needs::manage_experiment:
    case Needs::manage_run:
    case Needs::manage_logged_model:
    case Needs::manage_artifact:
    case Needs::manage_model:
    case Needs::manage_endpoint:
    case Needs::manage_serving:
    case Needs::manage_named: return Permission::manage;
    case Needs::nothing:
    case Needs::known_user:
    case Needs::what_is_readable:
    case Needs::oneself:
    case Needs::create_serving:
    case Needs::create_experiment: return std::nullopt;
    case Needs::admin:
    case Needs::manage_roles:
    case Needs::unsaid: break;
  }
  return static_cast<Permission>(100);  // no level is enough
}

bool is_refusal(int status) { return status == 401 || status == 403; }

// Every route of the table is asked by no one, by a user of each level, and by an admin: a route
// that is new, or forgotten, is asked as well.
TEST(Access, EveryRouteAsksForWhatItNeeds) {
  for (const auto* route : all_routes()) {
    Guarded guarded;
    const auto name = fmt::format("{} {}", route->method, route->path);
    const bool open = route->needs == Needs::nothing;
    EXPECT_EQ(guarded.ask(*route, "", "none"), open ? guarded.ask(*route, "root", "root") : 401)
        << name;
    const auto least = least_of(route->needs);
    for (const auto level : kLevels) {
      const auto user = Guarded::user_of(level);
      // on experiments the two levels of stages are EDIT
      const bool of_model = route->needs == Needs::move_stage;
      const bool of_stages =
          level == Permission::manage_staging || level == Permission::manage_production;
      const auto held = of_stages && !of_model ? Permission::edit : level;
      const bool allowed = !least || held >= *least;
      const int status = guarded.ask(*route, user, user);
      if (allowed) {
        EXPECT_FALSE(is_refusal(status)) << name << " as " << user << ": " << status;
      } else {
        EXPECT_EQ(status, 403) << name << " as " << user;
      }
      const bool is_own = route->needs == Needs::oneself;
      EXPECT_TRUE(!is_own || guarded.ask(*route, user, "root") == 403) << name;
    }
    EXPECT_FALSE(is_refusal(guarded.ask(*route, "root", "root"))) << name;
  }
}

TEST(Access, ListsAndSearchesShowWhatMayBeRead) {
  Guarded guarded;
  auto& server = guarded.server;
  const auto who = guarded.as("read");
  const auto names = [&](std::string_view path, std::string_view list, std::string_view key) {
    std::vector<std::string> found;
    const auto reply = server.get(path, who);
    for (int i = 0; reply.at(fmt::format("{}.{}", list, i)) != "(none)"; ++i) {
      found.push_back(reply.at(fmt::format("{}.{}.{}", list, i, key)));
    }
    return join(found, " ");
  };
  for (const auto* name : {"other", "third"}) {
    const auto body = fmt::format("{{\"name\": \"{}\"}}", name);
    const auto root = guarded.as("root");
    EXPECT_EQ(server.call("POST", "/api/2.0/mlflow/experiments/create", body, root).status, 200);
    EXPECT_EQ(server.call("POST", "/api/2.0/mlflow/registered-models/create", body, root).status,
              200);
    const auto version = fmt::format("{{\"name\": \"{}\", \"source\": \"s3://b/x\"}}", name);
    EXPECT_EQ(server.call("POST", "/api/2.0/mlflow/model-versions/create", version, root).status,
              200);
  }
  constexpr std::string_view kExperiments = "/api/2.0/mlflow/experiments/search?max_results=1";
  EXPECT_EQ(names(kExperiments, "experiments", "name"), "guarded");
  EXPECT_EQ(server.get(kExperiments, who).at("next_page_token"), "(none)");
  EXPECT_EQ(names("/api/2.0/mlflow/registered-models/search", "registered_models", "name"),
            "model");
  EXPECT_EQ(names("/api/2.0/mlflow/model-versions/search", "model_versions", "name"), "");
  const auto runs =
      server.call("POST", "/api/2.0/mlflow/runs/search",
                  fmt::format(R"({{"experiment_ids": ["0", "{}"]}})", guarded.experiment), who);
  EXPECT_EQ(runs.at("runs.0.info.run_id"), guarded.run);
  const auto none =
      server.call("POST", "/api/2.0/mlflow/runs/search", R"({"experiment_ids": ["0"]})", who);
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.at("runs"), "(none)");
  EXPECT_EQ(server.get("/api/2.0/token/list", who).at("token_infos.1"), "(none)");
}

TEST(Access, NothingIsReachedByNamingSomethingElseToo) {
  Guarded guarded;
  auto& server = guarded.server;
  const auto eve = guarded.as("no_permissions");
  const auto own =
      server.call("POST", "/api/2.0/mlflow/experiments/create", R"({"name": "eves"})", eve)
          .at("experiment_id");
  const auto post = [&](std::string_view path, const std::string& body) {
    return server.call("POST", fmt::format("/api/2.0/mlflow/{}", path), body, eve).status;
  };
  const auto own_run = server
                           .call("POST", "/api/2.0/mlflow/runs/create",
                                 fmt::format(R"({{"experiment_id": "{}"}})", own), eve)
                           .at("run.info.run_id");
  EXPECT_EQ(own_run.size(), 32u);
  // a list with one's own first, one's own under another spelling, a key sent twice
  EXPECT_EQ(post("experiments/search-datasets",
                 fmt::format(R"({{"experiment_ids": ["{}", "{}"]}})", own, guarded.experiment)),
            403);
  EXPECT_EQ(server
                .get(fmt::format("/api/2.0/mlflow/metrics/get-history-bulk?run_id={}&run_id={}"
                                 "&metric_key=a",
                                 own_run, guarded.run),
                     eve)
                .status,
            403);
  EXPECT_EQ(
      server
          .get(fmt::format("/get-artifact?run_uuid={}&run_id={}&path=x", guarded.run, own_run), eve)
          .status,
      403);
  EXPECT_EQ(post("runs/log-batch",
                 fmt::format(R"({{"run_id": "{}", "run_id": "{}"}})", own_run, guarded.run)),
            403);
  EXPECT_EQ(post("runs/set-tag", fmt::format(R"({{"run_id": "{}", "key": "k", "value": "v",
                                                  "run_id": "{}"}})",
                                             own_run, guarded.run)),
            403);
  EXPECT_EQ(
      server
          .get(fmt::format("/api/2.0/mlflow/experiments/get?experiment_id=0{}", guarded.experiment),
               eve)
          .status,
      403);
  // metrics and outputs of logged models of others
  EXPECT_EQ(post("runs/log-batch", fmt::format(R"({{"run_id": "{}", "metrics": [{{"key": "a",
                 "value": 1.0, "timestamp": 1, "model_id": "{}"}}]}})",
                                               own_run, guarded.logged_model)),
            403);
  EXPECT_EQ(
      post("runs/outputs", fmt::format(R"({{"run_id": "{}", "models": [{{"model_id": "{}"}}]}})",
                                       own_run, guarded.logged_model)),
      403);
}

TEST(Access, NobodysFilesBecomeSomeoneElses) {
  Guarded guarded;
  auto& server = guarded.server;
  const auto eve = guarded.as("no_permissions");
  const auto post = [&](std::string_view path, const std::string& body) {
    return server.call("POST", fmt::format("/api/2.0/mlflow/{}", path), body, eve).status;
  };
  // a version of one's own model made of another's files
  EXPECT_EQ(post("registered-models/create", R"({"name": "eves"})"), 200);
  for (const auto& source :
       {"runs:/" + guarded.run + "/model", "models:/" + guarded.logged_model,
        std::string("models:/model/1"), "mlflow-artifacts:/" + guarded.experiment + "/x"}) {
    EXPECT_EQ(
        post("model-versions/create", fmt::format(R"({{"name": "eves", "source": "{}"}})", source)),
        403)
        << source;
  }
  // an experiment whose files would be another's
  for (const auto& place :
       {"mlflow-artifacts:/" + guarded.experiment,
        "mlflow-artifacts://host/" + guarded.experiment + "/" + guarded.run,
        std::string("mlflow-artifacts:/"), std::string("mlflow-artifacts:/99")}) {
    EXPECT_EQ(post("experiments/create",
                   fmt::format(R"({{"name": "x", "artifact_location": "{}"}})", place)),
              403)
        << place;
  }
  EXPECT_EQ(post("experiments/create",
                 R"({"name": "free", "artifact_location": "mlflow-artifacts:/free"})"),
            200);
  const auto into = [&](std::string_view user) {
    return server
        .call("PUT", "/api/2.0/mlflow-artifacts/artifacts/free/r/artifacts/f", "x",
              guarded.as(std::string(user)))
        .status;
  };
  EXPECT_EQ(into("no_permissions"), 200);
  EXPECT_EQ(into("manage"), 403);
}

TEST(Access, UseOfAnEndpointIsEnoughToScoreAndNoMore) {
  Guarded guarded;
  auto& server = guarded.server;
  const auto eve = guarded.as("no_permissions");
  EXPECT_EQ(server.call("POST", "/model/model/1/invocations", "{}", eve).status, 403);
  const auto given = server.store->write([](db::Connection& c) {
    return store::grant_to_user(c, "no_permissions", Resource::endpoint, "model", Permission::use);
  });
  ASSERT_TRUE(given.ok());
  server.workspace.access->changed();
  EXPECT_EQ(server.call("POST", "/model/model/1/invocations", "{}", eve).status, 404);
  EXPECT_EQ(server.get("/api/2.0/mlflow/registered-models/get?name=model", eve).status, 403);
  EXPECT_EQ(server
                .call("POST", "/api/2.0/mlflow/endpoints/disable",
                      R"({"registered_model_name": "model"})", eve)
                .status,
            403);
}

HeaderList basic(std::string_view user, std::string_view password) {
  return {{"Authorization", "Basic " + base64_encode(fmt::format("{}:{}", user, password))}};
}

struct WithAda : Guarded {
  WithAda() {
    const auto hash = store::hash_password(kPassword).value();
    const auto made = server.store->write(
        [&](db::Connection& c) { return store::create_user(c, "ada", hash, store::Admin::no); });
    EXPECT_TRUE(made.ok());
    server.workspace.access->changed();
  }
  Reply login(std::string_view password, std::string_view user = "ada") {
    return server.get("/api/2.0/mlflow/users/current", basic(user, password));
  }
};

TEST(Access, APasswordCountsAsLongAsItIsTheUsers) {
  WithAda guarded;
  EXPECT_EQ(guarded.login(kPassword).at("user.username"), "ada");
  const auto work = store::password_work();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(guarded.login(kPassword).status, 200);
  EXPECT_EQ(store::password_work(), work) << "it is not hashed for each request";
  const auto changed = guarded.server.call("PATCH", "/api/2.0/mlflow/users/update-password",
                                           R"({"username": "ada", "password": "another password"})",
                                           guarded.as("root"));
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(guarded.login(kPassword).status, 401);
  EXPECT_EQ(guarded.login("another password").status, 200);
  guarded.server.call("DELETE", "/api/2.0/mlflow/users/delete", R"({"username": "ada"})",
                      guarded.as("root"));
  EXPECT_EQ(guarded.login("another password").status, 401);
}

// Neither by its answer nor by the time that it takes: whoever asks, it is as much hashing.
TEST(Access, AFailedLoginSaysNothing) {
  WithAda guarded;
  std::set<std::string> bodies;
  std::set<uint64_t> work;
  for (const auto& [user, password] :
       {std::pair("ada", "not her password"), std::pair("ada", ""),
        std::pair("nobody of this name", "not her password"), std::pair("", "")}) {
    const auto before = store::password_work();
    const auto answer = guarded.login(password, user);
    EXPECT_EQ(answer.status, 401);
    bodies.insert(answer.body);
    work.insert(store::password_work() - before);
  }
  EXPECT_EQ(bodies.size(), 1u);
  EXPECT_EQ(work, std::set<uint64_t>{32768 * 8});
}

TEST(Access, TooManyFailedLoginsHaveToWait) {
  WithAda guarded;
  // kPassword, hashed by Python's hashlib.scrypt with little work: the limit fades with time, so
  // this is not to depend on how fast the machine hashes
  const auto hash =
      "scrypt$16$8$1$00112233445566778899aabbccddeeff$"
      "d3ab9e56c02d66c513752b6bf815c01d33ff77569c87a156532d6ae64b7211f2";
  const auto changed = guarded.server.store->write(
      [&](db::Connection& c) { return store::set_password(c, "ada", hash); });
  ASSERT_TRUE(changed.ok());
  int n_refused = 0;
  while (n_refused < 20 && guarded.login("guess").status == 401) ++n_refused;
  EXPECT_GE(n_refused, 10);
  EXPECT_LT(n_refused, 20);
  const auto work = store::password_work();
  const auto held_up = guarded.login(kPassword);
  EXPECT_EQ(held_up.status, 429);
  EXPECT_EQ(held_up.at("error_code"), "REQUEST_LIMIT_EXCEEDED");
  EXPECT_GE(to_integer(held_up.header("Retry-After")).value_or(0), 1);
  EXPECT_EQ(store::password_work(), work) << "who has to wait costs nothing";
  EXPECT_EQ(guarded.login("x", "someone else").status, 401);
  const auto bearer = guarded.server.get("/api/2.0/mlflow/users/current", guarded.as("read"));
  EXPECT_EQ(bearer.status, 200);
}

TEST(Access, ATokenEndsAtOnceHereAndSoonOnOtherServers) {
  Guarded guarded;
  auto& server = guarded.server;
  Workspace other{*server.store, server.workspace.artifacts, server.endpoints, {}};
  const auto elsewhere = make_handler(other);
  const auto there = [&] {
    http::Request request;
    request.method = "GET";
    request.path = "/api/2.0/mlflow/users/current";
    request.headers.add("Host", "127.0.0.1");
    request.headers.add("Authorization", "Bearer " + guarded.tokens["read"]);
    return elsewhere.answer(request).status;
  };
  const auto here = [&] {
    return server.get("/api/2.0/mlflow/users/current", guarded.as("read")).status;
  };
  EXPECT_EQ(here(), 200);
  EXPECT_EQ(there(), 200);
  const auto listed = server.get("/api/2.0/token/list", guarded.as("read"));
  const auto id = listed.at("token_infos.0.token_id");
  EXPECT_EQ(server
                .call("POST", "/api/2.0/token/delete", fmt::format(R"({{"token_id": "{}"}})", id),
                      guarded.as("edit"))
                .status,
            404);
  EXPECT_EQ(server
                .call("POST", "/api/2.0/token/delete", fmt::format(R"({{"token_id": "{}"}})", id),
                      guarded.as("read"))
                .status,
            200);
  EXPECT_EQ(here(), 401);
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  EXPECT_EQ(there(), 401);
}

TEST(Access, TokensOfNoUserEndWithTheFirstUser) {
  TestWorkspace server;
  const auto token = server.post("/api/2.0/token/create", "{}").at("token_value");
  const HeaderList header{{"Authorization", "Bearer " + token}};
  const auto path = "/api/2.0/mlflow/experiments/get?experiment_id=0";
  EXPECT_EQ(server.get(path, header).status, 200);
  EXPECT_EQ(server.get(path).status, 200);
  const auto made = server.store->write(
      [](db::Connection& c) { return store::create_user(c, "root", "", store::Admin::yes); });
  ASSERT_TRUE(made.ok());
  server.workspace.access->changed();
  EXPECT_EQ(server.get(path, header).status, 401);
  EXPECT_EQ(server.get(path).status, 401);
}

TEST(Access, ALargeBodyIsRefusedBeforeItComes) {
  Guarded guarded;
  http::Request head;
  head.method = "PUT";
  head.path = "/api/2.0/mlflow-artifacts/artifacts/" + guarded.experiment + "/r/artifacts/f";
  head.headers.add("Host", "127.0.0.1");
  EXPECT_EQ(guarded.server.handler.refuse(head)->status, 401);
  head.headers.add("Authorization", "Bearer " + guarded.tokens["read"]);
  EXPECT_EQ(guarded.server.handler.refuse(head)->status, 403);
  head.headers.set("Authorization", "Bearer " + guarded.tokens["edit"]);
  EXPECT_FALSE(guarded.server.handler.refuse(head).has_value());
}

}  // namespace
}  // namespace slipway::api
