#include <gtest/gtest.h>

#include "api/caller.h"
#include "api/routes.h"
#include "api/test_workspace.h"
#include "base/text.h"
#include "store/tokens.h"

namespace slipway::api {
namespace {

constexpr std::string_view kGet = "/api/2.0/mlflow/experiments/get?experiment_id=0";

TEST(CallerTest, OwnHosts) {
  for (const auto* host : {"localhost", "localhost:5000", "LOCALHOST", "127.0.0.1", "127.9.9.9:1",
                           "10.0.0.1", "172.16.0.1", "172.31.255.255:80", "192.168.1.1", "[::1]",
                           "[::1]:5000", "[fd00::1]:5000", "[::ffff:10.0.0.1]", "0.0.0.0:5000"}) {
    EXPECT_TRUE(is_own_host(host, {})) << host;
  }
  for (const auto* host :
       {"", "evil.example", "10.evil.example", "192.168.1.1.evil.example", "localhost.evil.example",
        "8.8.8.8", "172.32.0.1", "172.15.0.1", "[2001:db8::1]", "localhost:x", "127.0.0.1:80:80",
        "[::1", "[::1]x", "0x7f.1", "127.1", "2130706433", "local host"}) {
    EXPECT_FALSE(is_own_host(host, {})) << host;
  }
}

TEST(CallerTest, ListedHosts) {
  const std::vector<std::string> allowed = {"ml.corp.example", "box:5000", "*.lab.example"};
  EXPECT_TRUE(is_own_host("ml.corp.example:5000", allowed));
  EXPECT_TRUE(is_own_host("ML.corp.example", allowed));
  EXPECT_TRUE(is_own_host("box:5000", allowed));
  EXPECT_FALSE(is_own_host("box:5001", allowed));
  EXPECT_TRUE(is_own_host("a.lab.example", allowed));
  EXPECT_FALSE(is_own_host("lab.example", allowed));
  EXPECT_FALSE(is_own_host("evillab.example", allowed));
  EXPECT_TRUE(is_own_host("anything", {"*"}));
}

TEST(CallerTest, OwnOrigins) {
  EXPECT_TRUE(is_own_origin("http://localhost:3000", "localhost:5000", {}));
  EXPECT_TRUE(is_own_origin("http://[::1]:3000", "localhost:5000", {}));
  EXPECT_TRUE(is_own_origin("http://10.0.0.1:5000", "10.0.0.1:5000", {}));
  EXPECT_TRUE(is_own_origin("https://ml.example", "x", {"ml.example"}));
  EXPECT_FALSE(is_own_origin("http://10.0.0.2:5000", "10.0.0.1:5000", {}));
  EXPECT_FALSE(is_own_origin("null", "localhost", {}));
  EXPECT_FALSE(is_own_origin("http://localhost.evil.example", "localhost", {}));
  EXPECT_FALSE(is_own_origin("http://localhost@evil.example", "localhost", {}));
  EXPECT_FALSE(is_own_origin("file://localhost", "localhost", {}));
}

TEST(ServerTest, EveryRouteIsGuardedByWhatItNeeds) {
  size_t n_open = 0;
  for (const auto* route : all_routes()) {
    EXPECT_NE(route->needs, Needs::unsaid) << route->path;
    n_open += route->needs == Needs::nothing ? 1 : 0;
  }
  EXPECT_EQ(n_open, 8u);  // /health, /version, server-info, / and its files, /v2 and its health
}

// Every guarded route refuses a caller without credentials where anonymous callers are not allowed,
// before it looks at anything else; a forgotten route would answer something other than 401.
TEST(ServerTest, NoRouteIsOpenOnAPublicServer) {
  TestWorkspace server(Options{Anonymous::refused, {}});
  for (const auto* route : all_routes()) {
    if (route->needs == Needs::nothing) continue;
    std::string path(route->path);
    for (auto at = path.find('<'); at != path.npos; at = path.find('<')) {
      path.replace(at, path.find('>') - at + 1, "x");
    }
    EXPECT_EQ(server.call(route->method, path).status, 401) << route->method << " " << path;
    if (!path.starts_with("/api/")) continue;
    const auto other = "/ajax-api/" + path.substr(5);
    EXPECT_EQ(server.call(route->method, other).status, 401) << route->method << " " << other;
  }
  EXPECT_EQ(server.get("/health").status, 200);
  EXPECT_EQ(server.get("/").status, 200);
}

TEST(ServerTest, Tokens) {
  TestWorkspace server;
  const auto token = server.post("/api/2.0/token/create", "{}").at("token_value");
  const auto with = [&](std::string value) {
    return server.get(kGet, {{"Authorization", std::move(value)}}).status;
  };
  EXPECT_EQ(server.get(kGet).status, 200);
  EXPECT_EQ(with("Bearer " + token), 200);
  EXPECT_EQ(with("bearer " + token), 200);
  EXPECT_EQ(with("Basic " + base64_encode("token:" + token)), 200);
  EXPECT_EQ(with("Basic " + base64_encode("admin:" + token)), 401);
  EXPECT_EQ(with("Basic !!!"), 401);
  EXPECT_EQ(with("Bearer " + token + "0"), 401);
  EXPECT_EQ(with("Bearer "), 401);
  EXPECT_EQ(with("Digest x"), 401);
  EXPECT_EQ(with(token), 401);
  const auto refused = server.get(kGet, {{"Authorization", "Bearer x"}});
  EXPECT_EQ(refused.at("error_code"), "UNAUTHENTICATED");
  EXPECT_NE(refused.header("WWW-Authenticate"), "");
}

TEST(ServerTest, ScoringAlwaysNeedsAToken) {
  TestWorkspace server;
  EXPECT_EQ(server.post("/model/m/1/invocations", "{}").status, 401);
  const auto token = server.post("/api/2.0/token/create", "{}").at("token_value");
  const auto scored =
      server.call("POST", "/model/m/1/invocations", "{}", {{"Authorization", "Bearer " + token}});
  EXPECT_EQ(scored.at("error_code"), "RESOURCE_DOES_NOT_EXIST");
}

TEST(ServerTest, APublicServerServesTokenHolders) {
  TestWorkspace server(Options{Anonymous::refused, {}});
  const auto token =
      server.store
          ->write([](db::Connection& c) { return store::create_token(c, "ada", "", std::nullopt); })
          .value()
          .value;
  EXPECT_EQ(server.get(kGet).status, 401);
  EXPECT_EQ(server.get(kGet, {{"Authorization", "Bearer " + token}}).status, 200);
  EXPECT_EQ(server.get("/api/2.0/token/list").status, 401);
}

TEST(ServerTest, RoutingErrors) {
  TestWorkspace server;
  EXPECT_EQ(server.get("/nope").at("error_code"), "ENDPOINT_NOT_FOUND");
  const auto wrong = server.call("DELETE", "/api/2.0/mlflow/runs/get");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("Allow"), "GET");
  EXPECT_EQ(server.get("/api/2.0/mlflow/logged-models/%ff").status, 400);
  EXPECT_EQ(server.get("/api/2.0/mlflow/logged-models/%00").status, 400);
}

TEST(ServerTest, BodiesOfJson) {
  TestWorkspace server;
  constexpr std::string_view kCreate = "/api/2.0/mlflow/experiments/create";
  EXPECT_EQ(server.call("POST", kCreate, "x").at("message"),
            "Bad Request. Content-Type header is missing.");
  EXPECT_EQ(server.call("POST", kCreate, "{}", {{"Content-Type", "text/plain"}}).status, 400);
  const HeaderList json = {{"Content-Type", "application/json; charset=utf-8"}};
  EXPECT_EQ(server.call("POST", kCreate, R"("{\"name\": \"twice encoded\"}")", json).status, 200);
  const auto missing =
      "Missing value for required parameter 'name'. See the API docs for more "
      "information about request parameters.";
  EXPECT_EQ(server.call("POST", kCreate, "{bad", json).at("message"), missing);
  EXPECT_EQ(server.call("POST", kCreate, "", json).at("message"), missing);
  EXPECT_EQ(server.call("POST", kCreate, "[1]", json).status, 400);
  EXPECT_EQ(server.call("POST", kCreate, R"({"name": null})", json).at("message"), missing);
}

TEST(ServerTest, Queries) {
  TestWorkspace server;
  constexpr std::string_view kSearch = "/api/2.0/mlflow/experiments/search";
  const auto found = server.get(std::string(kSearch) +
                                "?max_results=5&order_by=name&order_by=experiment_id+DESC&filter="
                                "name%20%3D%20'Default'&unknown=%zz&%ff=%ff&&=");
  EXPECT_EQ(found.at("experiments.0.experiment_id"), "0");
  EXPECT_EQ(server.get(std::string(kSearch) + "?max_results=%ff").status, 400);
  std::string many;
  for (int i = 0; i < 12'000; ++i) many += fmt::format("a{}&", i);
  EXPECT_EQ(server.get(std::string(kSearch) + "?" + many + "max_results=5").status, 200);
}

TEST(ServerTest, BodyRules) {
  TestWorkspace server;
  http::Request head;
  head.method = "PUT";
  head.path = "/api/2.0/mlflow-artifacts/artifacts/a/b";
  EXPECT_EQ(server.handler.body_rule(head).keep, http::BodyRule::Keep::file);
  head.method = "POST";
  head.path = "/api/2.0/mlflow/runs/log-batch";
  EXPECT_EQ(server.handler.body_rule(head).keep, http::BodyRule::Keep::memory);
  head.path = "/nope";
  EXPECT_LE(server.handler.body_rule(head).max_bytes, 16u << 20);
}

}  // namespace
}  // namespace slipway::api
