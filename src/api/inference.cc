// The Open Inference Protocol (v2, REST) over the registered models that are served.
#include "serve/inference.h"

#include "api/keeping.h"
#include "api/routes.h"
#include "serve/endpoints.h"
#include "serve/scoring.h"

namespace slipway::api {
namespace {

Result<Json> server(const Call&, Workspace& workspace) {
  return serve::server_metadata(workspace.monitor->version);
}

Result<Json> live(const Call&, Workspace&) { return Json(JsonObject{{"live", true}}); }

Result<Json> ready(const Call&, Workspace& workspace) {
  if (!workspace.monitor->draining) return Json(JsonObject{{"ready", true}});
  return fail(Code::temporarily_unavailable, "the server is stopping");
}

Result<serve::Serving> find_model(const Call& call, const Workspace& workspace) {
  const std::string place = call.has_path("place") ? call.path("place") : "";
  return workspace.endpoints.find(call.path("name"), place);
}

serve::ModelName name_of(const serve::Serving& serving) {
  return {serving.name, std::to_string(serving.version)};
}

Result<http::Response> metadata(Call& call, Workspace& workspace) {
  const auto serving = find_model(call, workspace);
  if (!serving.ok()) return serve::inference_error(serving.error());
  const auto json = serve::model_metadata(*serving->model, name_of(*serving));
  return http::respond(200, to_text(json), "application/json");
}

Result<http::Response> model_ready(Call& call, Workspace& workspace) {
  const auto serving = find_model(call, workspace);
  if (!serving.ok()) return serve::inference_error(serving.error());
  const Json json = JsonObject{{"name", serving->name}, {"ready", true}};
  return http::respond(200, to_text(json), "application/json");
}

Result<http::Response> infer(Call& call, Workspace& workspace) {
  const auto serving = find_model(call, workspace);
  if (!serving.ok()) return serve::inference_error(serving.error());
  return serve::infer_gated(*serving, call.request(), keeping_of(call, workspace));
}

constexpr Route kRoutes[] = {
    {"GET", "/v2", server, Needs::nothing},
    {"GET", "/v2/health/live", live, Needs::nothing},
    {"GET", "/v2/health/ready", ready, Needs::nothing},
    {"GET", "/v2/models/<name>", metadata, Needs::read_endpoint},
    {"GET", "/v2/models/<name>/ready", model_ready, Needs::read_endpoint},
    {"POST", "/v2/models/<name>/infer", infer, Needs::score, Body::bytes, serve::kMaxBodyBytes},
    {"GET", "/v2/models/<name>/versions/<place>", metadata, Needs::read_endpoint},
    {"GET", "/v2/models/<name>/versions/<place>/ready", model_ready, Needs::read_endpoint},
    {"POST", "/v2/models/<name>/versions/<place>/infer", infer, Needs::score, Body::bytes,
     serve::kMaxBodyBytes},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> inference_routes() { return kRoutes; }

}  // namespace slipway::api
