#include "serve/standalone.h"

#include "http/error_response.h"
#include "http/router.h"
#include "serve/inference.h"
#include "serve/scoring.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kSpokenVersion = "3.17.2";  // of MLflow's scoring protocol
constexpr std::string_view kModelVersion = "1";        // a folder has none of its own

class Standalone {
 public:
  Standalone(std::shared_ptr<const models::Model> model, std::string name)
      : model_(std::move(model)), name_{std::move(name), std::string(kModelVersion)} {
    for (size_t i = 0; i < std::size(kRoutes); ++i)
      router_.add(kRoutes[i].method, kRoutes[i].path, i);
  }

  http::Response answer(const http::Request& request) {
    const auto match = router_.match(request.method, request.path);
    if (!match.ok()) {
      const bool known = match.error().code == Code::bad_request;
      return http::error_response(
          known ? match.error()
                : fail(Code::endpoint_not_found,
                       "no route {}; there are: POST /invocations, GET /ping, /health, /version, "
                       "and the Open Inference Protocol's /v2/models/{}",
                       request.path, name_.name),
          known ? 405 : 0);
    }
    for (const auto& [key, expected] :
         {std::pair("name", &name_.name), std::pair("version", &name_.version)}) {
      const auto given = match->params.find(key);
      if (given == match->params.end() || given->second == *expected) continue;
      return inference_error(fail(Code::resource_does_not_exist, "no {} '{}'; there is '{}'",
                                  key == std::string_view("name") ? "model" : "version",
                                  given->second, *expected));
    }
    return (this->*kRoutes[match->index].answer)(request);
  }

 private:
  struct Row {
    std::string_view method;
    std::string_view path;
    http::Response (Standalone::*answer)(const http::Request&);
  };
  static const Row kRoutes[11];

  http::Response score_rows(const http::Request& request) {
    return invoke(*model_, request, usage_);
  }
  http::Response infer_tensors(const http::Request& request) {
    return infer(*model_, name_, request, usage_);
  }
  http::Response ping(const http::Request&) { return http::respond(200, "\n", "application/json"); }
  http::Response version(const http::Request&) {
    return http::respond(200, std::string(kSpokenVersion), "text/plain");
  }
  http::Response about(const http::Request&) { return json(server_metadata(kSpokenVersion)); }
  http::Response live(const http::Request&) { return json(JsonObject{{"live", true}}); }
  http::Response ready(const http::Request&) { return json(JsonObject{{"ready", true}}); }
  http::Response model_ready(const http::Request&) {
    return json(JsonObject{{"name", name_.name}, {"ready", true}});
  }
  http::Response metadata(const http::Request&) { return json(model_metadata(*model_, name_)); }
  static http::Response json(const Json& value) {
    return http::respond(200, to_text(value), "application/json");
  }

  std::shared_ptr<const models::Model> model_;
  ModelName name_;
  Usage usage_;
  http::Router router_;
};

constexpr Standalone::Row Standalone::kRoutes[] = {
    {"POST", "/invocations", &Standalone::score_rows},
    {"GET", "/ping", &Standalone::ping},
    {"GET", "/health", &Standalone::ping},
    {"GET", "/version", &Standalone::version},
    {"GET", "/v2", &Standalone::about},
    {"GET", "/v2/health/live", &Standalone::live},
    {"GET", "/v2/health/ready", &Standalone::ready},
    {"GET", "/v2/models/<name>", &Standalone::metadata},
    {"GET", "/v2/models/<name>/ready", &Standalone::model_ready},
    {"POST", "/v2/models/<name>/infer", &Standalone::infer_tensors},
    {"POST", "/v2/models/<name>/versions/<version>/infer", &Standalone::infer_tensors},
};

}  // namespace

http::Handler standalone_handler(std::shared_ptr<const models::Model> model, std::string name) {
  const auto standalone = std::make_shared<Standalone>(std::move(model), std::move(name));
  http::Handler handler;
  handler.answer = [standalone](http::Request& request) { return standalone->answer(request); };
  handler.body_rule = [](const http::Request&) {
    return http::BodyRule{http::BodyRule::Keep::memory, kMaxBodyBytes};
  };
  return handler;
}

}  // namespace slipway::serve
