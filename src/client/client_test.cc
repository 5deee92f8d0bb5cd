#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/file.h"
#include "client/artifacts.h"
#include "client/logged_models.h"
#include "client/metric_logger.h"
#include "client/registry.h"
#include "client/tracking.h"
#include "http/error_response.h"
#include "http/server.h"

namespace slipway::client {
namespace {

TEST(ModelUri, EveryFormIsCutUp) {
  const auto kind = [](std::string_view uri) { return parse_model_uri(uri).value().kind; };
  EXPECT_EQ(kind("models:/m/12"), ModelUri::Kind::version);
  EXPECT_EQ(kind("models:/m/Production"), ModelUri::Kind::stage);
  EXPECT_EQ(kind("models:/m/latest"), ModelUri::Kind::stage);
  EXPECT_EQ(kind("models:/m@champion"), ModelUri::Kind::alias);
  EXPECT_EQ(kind("models:/m-0123"), ModelUri::Kind::logged);
  EXPECT_EQ(kind("runs:/abc/model"), ModelUri::Kind::run);
  EXPECT_EQ(kind("./model"), ModelUri::Kind::folder);
  EXPECT_EQ(parse_model_uri("runs:/abc/a/b").value().place, "a/b");
  for (const auto* uri : {"models:/m", "models:/m/", "models:/@a", "runs:/abc", "s3://b/k"}) {
    EXPECT_FALSE(parse_model_uri(uri).ok()) << uri;
  }
}

// A server that remembers what it was asked, and answers from a function.
struct Recorder {
  std::vector<http::Request> requests;
  std::function<http::Response(const http::Request&)> answer;
  std::unique_ptr<http::Server> server;

  explicit Recorder(std::function<http::Response(const http::Request&)> with)
      : answer(std::move(with)) {
    http::ServerOptions options;
    options.port = 0;
    http::Handler handler;
    handler.answer = [this](http::Request& request) {
      requests.push_back(request);
      return answer(request);
    };
    server = http::Server::start(options, handler).value();
  }
  Server client() const {
    return Server::at(fmt::format("http://127.0.0.1:{}", server->port()), "secret").value();
  }
};

http::Response json(std::string body) {
  return http::respond(200, std::move(body), "application/json");
}

TEST(Server, ErrorsKeepCodeAndMessageAndTheTokenIsSent) {
  Recorder recorder([](const http::Request&) {
    return http::error_response(fail(Code::resource_does_not_exist, "no such run"));
  });
  auto server = recorder.client();
  const auto run = get_run(server, "abc");
  EXPECT_EQ(run.error().code, Code::resource_does_not_exist);
  EXPECT_EQ(run.error().message, "no such run");
  EXPECT_EQ(recorder.requests[0].query, "run_id=abc");
  EXPECT_EQ(*recorder.requests[0].headers.find("authorization"), "Bearer secret");
}

TEST(Server, NobodyThereIsSaidWithTheWayToStartOne) {
  auto server = Server::at("http://127.0.0.1:1").value();
  const auto error = get_run(server, "abc").error();
  EXPECT_EQ(error.code, Code::temporarily_unavailable);
  EXPECT_NE(error.message.find("slipway server"), std::string::npos);
}

TEST(Tracking, ABatchIsCutAtTheLimits) {
  Recorder recorder([](const http::Request&) { return json("{}"); });
  auto server = recorder.client();
  Pairs params;
  for (int i = 0; i < 150; ++i) params.emplace_back(std::to_string(i), "x");
  const std::vector<MetricPoint> metrics(2000, {"loss", 0.5, 1, 2});
  ASSERT_TRUE(log_batch(server, "r", params, metrics).ok());
  size_t n_params = 0;
  size_t n_metrics = 0;
  for (const auto& request : recorder.requests) {
    const auto body = parse_json(request.body).value();
    const auto p = array_member(body, "params").value()->size();
    const auto m = array_member(body, "metrics").value()->size();
    EXPECT_LE(p, 100u);
    EXPECT_LE(p + m, 1000u);
    n_params += p;
    n_metrics += m;
  }
  EXPECT_EQ(n_params, 150u);
  EXPECT_EQ(n_metrics, 2000u);
}

TEST(Artifacts, ANameThatLeadsOutOfTheFolderIsRefused) {
  Recorder recorder([](const http::Request& request) {
    if (request.path.ends_with("runs/get")) {
      return json(R"({"run": {"info": {"artifact_uri": "mlflow-artifacts:/0/r/artifacts"}}})");
    }
    return json(R"({"files": [{"path": "../escaped", "is_dir": false}]})");
  });
  auto server = recorder.client();
  const auto folder = TemporaryFolder::make().value();
  const auto outcome = download(server, "runs:/r/model", folder.path() / "model");
  EXPECT_EQ(outcome.error().code, Code::data_loss);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "escaped"));
}

TEST(Artifacts, AModelIsFoundByEveryAddress) {
  Recorder recorder([](const http::Request& request) {
    if (request.path.ends_with("/get-latest-versions")) {
      return json(R"({"model_versions": [{"version": "9"}, {"version": "10"}]})");
    }
    if (request.path.ends_with("/alias")) return json(R"({"model_version": {"version": "3"}})");
    if (request.path.ends_with("/get-download-uri")) {
      const auto version = request.query_value("version").value();
      return json(fmt::format(R"({{"artifact_uri": "mlflow-artifacts:/1/v{}"}})", version));
    }
    if (request.path.ends_with("/m-7")) {
      return json(R"({"model": {"info": {"artifact_uri": "mlflow-artifacts:/1/logged"}}})");
    }
    if (!request.query.empty()) {
      return json(R"({"files": [{"path": "a b", "is_dir": false, "file_size": 1}]})");
    }
    return json(request.path);
  });
  auto server = recorder.client();
  const auto fetched = [&](std::string_view uri) {
    const auto model = fetch_model(server, uri);
    return model.ok() ? read_file(model->folder / "a b").value() : model.error().message;
  };
  const std::string proxy = "/api/2.0/mlflow-artifacts/artifacts/1/";
  EXPECT_EQ(fetched("models:/m/2"), proxy + "v2/a%20b");
  EXPECT_EQ(fetched("models:/m/Production"), proxy + "v10/a%20b");
  EXPECT_EQ(fetched("models:/m@best"), proxy + "v3/a%20b");
  EXPECT_EQ(fetched("models:/m-7"), proxy + "logged/a%20b");
  const auto local = TemporaryFolder::make().value();
  EXPECT_EQ(fetch_model(server, local.path().string())->folder, local.path());
  EXPECT_TRUE(std::filesystem::exists(local.path()));
  EXPECT_EQ(fetch_model(server, "/no/such").error().code, Code::resource_does_not_exist);
}

TEST(LoggedModels, GoTheirWay) {
  Recorder recorder([](const http::Request&) {
    return json(R"({"model": {"info": {"model_id": "m-1", "status": "LOGGED_MODEL_READY"}}})");
  });
  auto server = recorder.client();
  EXPECT_EQ(create_logged_model(server, {"1", "name", "r", "", {{"p", "1"}}, {}})->model_id, "m-1");
  EXPECT_EQ(finalize_logged_model(server, "m-1", Upload::ready)->status, "LOGGED_MODEL_READY");
  ASSERT_TRUE(log_outputs(server, "r", {{"m-1", 3}}).ok());
  EXPECT_EQ(recorder.requests[1].method, "PATCH");
  EXPECT_EQ(recorder.requests[1].path, "/api/2.0/mlflow/logged-models/m-1");
  EXPECT_EQ(recorder.requests[2].body,
            R"({"run_id": "r", "models": [{"model_id": "m-1", "step": 3}]})");
}

TEST(MetricLoggerTest, SendsManyInARequestAndAllOfThem) {
  std::atomic<size_t> n_points = 0;
  Recorder recorder([&](const http::Request& request) {
    n_points += parse_json(request.body)->at("metrics").as_array().size();
    return json("{}");
  });
  {
    MetricLogger metrics(recorder.client(), "r");
    for (int i = 0; i < 2500; ++i) ASSERT_TRUE(metrics.log("loss", i, i).ok());
    ASSERT_TRUE(metrics.flush().ok());
    EXPECT_EQ(n_points, 2500u);
    EXPECT_EQ(metrics.n_queued(), 0u);
    ASSERT_TRUE(metrics.log("loss", 0, 2500).ok());
  }
  EXPECT_EQ(n_points, 2501u);  // the end sends what is queued
  EXPECT_LE(recorder.requests.size(), 2501u);
  EXPECT_GE(recorder.requests.size(), 4u);
}

TEST(MetricLoggerTest, AnUnavailableServerIsAskedAgainAndARefusalEndsIt) {
  std::atomic<int> n_asked = 0;
  Recorder recorder([&](const http::Request&) {
    const int n = ++n_asked;
    if (n < 3) return http::error_response(fail(Code::temporarily_unavailable, "full"));
    if (n == 3) return json("{}");
    return http::error_response(fail(Code::resource_does_not_exist, "no such run"));
  });
  MetricLoggerOptions options;
  options.max_queued = 2;
  options.max_delay_ms = 1;
  MetricLogger metrics(recorder.client(), "r", options);
  ASSERT_TRUE(metrics.log("loss", 1, 1).ok());
  ASSERT_TRUE(metrics.flush().ok());
  EXPECT_EQ(n_asked, 3);
  (void)metrics.log("loss", 2, 2);
  EXPECT_EQ(metrics.flush().error().message, "no such run");
  // the queue does not hold anyone up after that
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(metrics.log("loss", 3, 3).ok());
  EXPECT_EQ(n_asked, 4);
}

TEST(Server, APrefixIsAddedOnceAndALostConnectionIsMadeAnew) {
  const auto answer = [](const http::Request& request) { return json(request.path); };
  auto recorder = std::make_unique<Recorder>(answer);
  const auto port = recorder->server->port();
  auto server = Server::at(fmt::format("http://127.0.0.1:{}/prefix/", port)).value();
  EXPECT_EQ(server.version().value(), "/prefix/version");
  recorder->server->stop(0);
  std::thread restart([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    http::ServerOptions options;
    options.port = port;
    http::Handler handler;
    handler.answer = answer;
    recorder->server = http::Server::start(options, handler).value();
  });
  EXPECT_EQ(server.version().value(), "/prefix/version");
  restart.join();
}

}  // namespace
}  // namespace slipway::client
