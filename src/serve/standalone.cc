#include "serve/standalone.h"

#include "http/error_response.h"
#include "serve/scoring.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kSpokenVersion = "3.17.2";  // of MLflow's scoring protocol

http::Response answer(const models::Model& model, const http::Request& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (request.path == "/invocations" && request.method == "POST") return invoke(model, request);
  if (reads && (request.path == "/ping" || request.path == "/health")) {
    return http::respond(200, "\n", "application/json");
  }
  if (reads && request.path == "/version") {
    return http::respond(200, std::string(kSpokenVersion), "text/plain");
  }
  const bool known = request.path == "/invocations" || request.path == "/ping" ||
                     request.path == "/health" || request.path == "/version";
  if (known) {
    auto refused = http::error_response(
        fail(Code::bad_request, "{} does not take {}", request.path, request.method));
    refused.status = 405;
    return refused;
  }
  return http::error_response(fail(
      Code::endpoint_not_found,
      "no route {}; there are: POST /invocations, GET /ping, /health, /version", request.path));
}

}  // namespace

http::Handler standalone_handler(std::shared_ptr<const models::Model> model) {
  http::Handler handler;
  handler.answer = [model](http::Request& request) { return answer(*model, request); };
  handler.body_rule = [](const http::Request&) {
    return http::BodyRule{http::BodyRule::Keep::memory, kMaxBodyBytes};
  };
  return handler;
}

}  // namespace slipway::serve
