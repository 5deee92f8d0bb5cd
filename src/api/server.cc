#include "api/server.h"

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <vector>

#include "api/access.h"
#include "api/authorize.h"
#include "api/caller.h"
#include "api/monitor.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "http/error_response.h"
#include "http/router.h"

namespace slipway::api {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 46;  // a file may be as large as the disk

bool changes_something(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
}

// These two must answer a load balancer that knows no name of ours.
bool is_probe(std::string_view path) { return path == "/health" || path == "/version"; }

http::Response plain_text(int status, std::string_view text) {
  return http::respond(status, std::string(text), "text/plain; charset=utf-8");
}

// Source   mlflow 3.17.2: only POST and PUT are looked at.
Result<void> require_json(const http::Request& request) {
  if (request.method != "POST" && request.method != "PUT") return {};
  const auto* type = request.headers.find("Content-Type");
  if (!type) {
    return fail(Code::invalid_parameter_value, "Bad Request. Content-Type header is missing.");
  }
  if (lower(trim(std::string_view(*type).substr(0, type->find(';')))) != "application/json") {
    return fail(Code::invalid_parameter_value,
                "Bad Request. Content-Type must be one of ['application/json'].");
  }
  return {};
}

class Surface {
 public:
  explicit Surface(Workspace& workspace) : workspace_(workspace) {
    no_route_place_ = workspace.monitor->traffic.add_route("other", "none");
    first_place_ = no_route_place_ + 1;
    for (const auto* route : all_routes()) add(*route);
  }

  http::BodyRule body_rule(const http::Request& head) const {
    const auto match = router_.match(head.method, head.path);
    if (!match.ok()) return {http::BodyRule::Keep::memory, kMaxBodyBytes};
    const auto& route = *routes_[match->index];
    if (route.body == Body::file) return {http::BodyRule::Keep::file, kMaxFileBytes};
    return {http::BodyRule::Keep::memory, route.max_body_bytes};
  }

  // A large body is not taken from someone who may not send it.
  std::optional<http::Response> refuse(http::Request& head) const {
    auto match = router_.match(head.method, head.path);
    if (!match.ok()) return std::nullopt;
    auto problem = wrong_place(head);
    if (problem) return problem;
    const auto& route = *routes_[match->index];
    auto identity = workspace_.access->identify(head, route.needs);
    if (!identity.principal.ok()) return refusal(identity);
    Call call(head, std::move(match->params), *std::move(identity.principal));
    const auto allowed = authorize_head(call, route.needs, workspace_);
    if (!allowed.ok()) return http::error_response(allowed.error());
    return std::nullopt;
  }

  http::Response answer(http::Request& request) const {
    const Stopwatch watch;
    Monitor& monitor = *workspace_.monitor;
    const LogRequest named(request_id(request.headers.find("X-Request-Id")));
    monitor.n_answering.fetch_add(1, std::memory_order_relaxed);
    Asked asked{no_route_place_, {}};
    auto response = guarded_answer(request, asked);
    response.headers.set("X-Request-Id", log_request_id());
    const double seconds = watch.seconds();
    monitor.traffic.count(asked.place, response.status, seconds);
    monitor.n_answering.fetch_sub(1, std::memory_order_relaxed);
    if (monitor.access_log == AccessLog::on) log_access(request, asked, response, seconds);
    return response;
  }

 private:
  // What is known of a request once it is answered.
  struct Asked {
    size_t place;
    std::string user_id;
  };

  // Without the query: it may hold what nobody else is to read.
  static void log_access(const http::Request& request, const Asked& asked,
                         const http::Response& response, double seconds) {
    constexpr size_t kMaxPath = 512;
    const auto n_bytes = response.file ? response.file->size : response.body.size();
    log_line(Level::info, "request",
             {{"method", std::string_view(request.method).substr(0, 16)},
              {"path", std::string_view(request.path).substr(0, kMaxPath)},
              {"status", static_cast<int64_t>(response.status)},
              {"ms", seconds * 1e3},
              {"bytes", static_cast<int64_t>(n_bytes)},
              {"peer", request.peer},
              {"user", asked.user_id}});
  }

  void add(const Route& route) {
    workspace_.monitor->traffic.add_route(route.method, route.path);
    router_.add(route.method, route.path, routes_.size());
    if (route.path.starts_with("/api/")) {
      router_.add(route.method, fmt::format("/ajax-api/{}", route.path.substr(5)), routes_.size());
    }
    routes_.push_back(&route);
  }

  http::Response guarded_answer(http::Request& request, Asked& asked) const {
    try {
      return checked_answer(request, asked);
    } catch (const std::exception& error) {
      log(Level::error, "{} {}: {}", request.method, request.path, error.what());
    } catch (...) {
      log(Level::error, "{} {}: unknown exception", request.method, request.path);
    }
    return http::error_response(fail(
        Code::internal_error, "Internal error; the log says more at request {}", log_request_id()));
  }

  // Where the request says that it comes from, or goes to, it should not.
  std::optional<http::Response> wrong_place(const http::Request& request) const {
    const auto* host = request.headers.find("Host");
    const auto& allowed = workspace_.options.allowed_hosts;
    if (!is_probe(request.path) && !(host && is_own_host(*host, allowed))) {
      log(Level::warning, "refused a request for the host '{}'", host ? *host : "");
      return plain_text(403, "Invalid Host header - possible DNS rebinding attack detected");
    }
    const auto* origin = request.headers.find("Origin");
    if (origin && changes_something(request.method) &&
        !is_own_origin(*origin, host ? *host : "", allowed)) {
      log(Level::warning, "refused a request from a page of '{}'", *origin);
      return plain_text(403, "Cross-origin request blocked");
    }
    return std::nullopt;
  }

  http::Response checked_answer(http::Request& request, Asked& asked) const {
    auto problem = wrong_place(request);
    if (problem) return *std::move(problem);
    auto match = router_.match(request.method, request.path);
    if (!match.ok()) return no_route(match.error());
    for (const auto& [name, value] : match->params) {
      if (!is_utf8(value)) {
        return http::error_response(fail(Code::bad_request, "The path must be UTF-8"));
      }
    }
    asked.place = first_place_ + match->index;
    return routed_answer(request, *routes_[match->index], std::move(match->params), asked);
  }

  static http::Response no_route(const Error& error) {
    auto response = http::error_response(error);
    constexpr std::string_view kAllowed = "; allowed: ";
    if (!error.message.starts_with("method ")) return response;
    response.status = 405;
    const auto at = error.message.rfind(kAllowed);
    if (at != std::string::npos) {
      response.headers.add("Allow", error.message.substr(at + kAllowed.size()));
    }
    return response;
  }

  http::Response routed_answer(http::Request& request, const Route& route, http::PathParams params,
                               Asked& asked) const {
    auto identity = workspace_.access->identify(request, route.needs);
    if (!identity.principal.ok()) return refusal(identity);
    asked.user_id = identity.principal->user_id;
    if (route.body == Body::json) {
      const auto typed = require_json(request);
      if (!typed.ok()) return http::error_response(typed.error());
    }
    Call call(request, std::move(params), *std::move(identity.principal));
    const auto allowed = authorize(call, route.needs, workspace_);
    if (!allowed.ok()) return http::error_response(allowed.error());
    if (route.handler.raw) {
      auto response = route.handler.raw(call, workspace_);
      return response.ok() ? std::move(*response) : failure(response.error());
    }
    const auto json = route.handler.json(call, workspace_);
    if (!json.ok()) return failure(json.error());
    return http::respond(200, to_text(*json), "application/json");
  }

  // What is the server's fault is in its log, too.
  static http::Response failure(const Error& error) {
    if (http_status(error.code) >= 500) {
      log(Level::warning, "answered {}: {}", code_name(error.code), error.message);
    }
    return http::error_response(error);
  }

  static http::Response refusal(const Access::Identity& identity) {
    const auto& error = identity.principal.error();
    auto response = http::error_response(error);
    if (identity.retry_after_s > 0) {
      response.headers.add("Retry-After", std::to_string(identity.retry_after_s));
    }
    if (error.code == Code::unauthenticated) {
      response.headers.add("WWW-Authenticate", "Basic realm=\"slipway\", charset=\"UTF-8\"");
      response.headers.add("WWW-Authenticate", "Bearer realm=\"slipway\"");
    }
    return response;
  }

  Workspace& workspace_;
  http::Router router_;
  std::vector<const Route*> routes_;
  size_t no_route_place_ = 0;  // among the places of Traffic
  size_t first_place_ = 0;
};

}  // namespace

std::vector<const Route*> all_routes() {
  std::vector<const Route*> routes;
  for (const auto table : {about_routes(),
                           access_routes(),
                           artifact_routes(),
                           artifact_proxy_routes(),
                           endpoint_routes(),
                           experiment_routes(),
                           gc_routes(),
                           inference_routes(),
                           invocation_routes(),
                           logged_model_routes(),
                           metric_routes(),
                           model_version_routes(),
                           page_routes(),
                           prometheus_routes(),
                           registered_model_routes(),
                           role_routes(),
                           run_data_routes(),
                           run_input_routes(),
                           run_routes(),
                           serving_endpoint_routes(),
                           token_routes(),
                           user_routes(),
                           webhook_routes()}) {
    for (const auto& route : table) routes.push_back(&route);
  }
  return routes;
}

http::Handler make_handler(Workspace& workspace) {
  workspace.access = std::make_shared<Access>(workspace.store, workspace.options.anonymous,
                                              workspace.options.default_permission);
  auto surface = std::make_shared<const Surface>(workspace);
  http::Handler handler;
  handler.answer = [surface](http::Request& request) { return surface->answer(request); };
  handler.refuse = [surface](http::Request& head) { return surface->refuse(head); };
  handler.body_rule = [surface](const http::Request& head) { return surface->body_rule(head); };
  return handler;
}

}  // namespace slipway::api
