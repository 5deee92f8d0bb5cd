// Serving endpoints as Databricks has them: several served models, each with a share of traffic.
#include <algorithm>
#include <functional>

#include "api/access.h"
#include "api/exposition.h"
#include "api/keeping.h"
#include "api/routes.h"
#include "api/scoring_metrics.h"
#include "api/serving_json.h"
#include "api/values.h"
#include "serve/endpoints.h"
#include "serve/scoring.h"
#include "store/roles.h"

namespace slipway::api {
namespace {

constexpr int64_t kDefaultEvents = 100;

Json shown(const store::ServingEndpoint& endpoint, const Workspace& workspace, Detail detail) {
  const auto splits = workspace.endpoints.splits().snapshot();
  const auto found = splits->find(endpoint.name);
  const bool is_it = found != splits->end() && found->second->endpoint_id == endpoint.endpoint_id;
  return serving_json(endpoint, is_it ? found->second.get() : nullptr, detail);
}

Result<Json> create(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  store::ServingEndpoint endpoint;
  endpoint.name = TRY(fields.text("name"));
  endpoint.creator = call.principal().user_id;
  endpoint.description = TRY(fields.text_or("description", ""));
  endpoint.tags = TRY(read_tags(fields));
  if (!fields.has("config")) return fields.missing("config");
  const auto config = TRY(fields.object("config"));
  const auto request = TRY(read_serving_request(config));
  using Made = Result<store::ServingEndpoint>;
  const auto made = TRY(workspace.store.write([&](db::Connection& c) -> Made {
    auto row = TRY(store::create_serving_endpoint(c, endpoint, request));
    TRY(store::grant_to_creator(c, endpoint.creator, store::Resource::serving_endpoint,
                                endpoint.name));
    return row;
  }));
  workspace.access->changed();
  workspace.endpoints.wake();
  return shown(made, workspace, Detail::whole);
}

Result<Json> update_config(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  const auto request = TRY(read_serving_request(fields));
  const auto updated = TRY(workspace.store.write([&](db::Connection& c) {
    return store::update_serving_config(c, call.path("name"), call.principal().user_id, request);
  }));
  workspace.endpoints.wake();
  return shown(updated, workspace, Detail::whole);
}

Result<store::ServingEndpoint> find(const Call& call, Workspace& workspace) {
  return workspace.store.read(
      [&](db::Connection& c) { return store::get_serving_endpoint(c, call.path("name")); });
}

Result<Json> get(const Call& call, Workspace& workspace) {
  const auto endpoint = TRY(find(call, workspace));
  return shown(endpoint, workspace, Detail::whole);
}

Result<Json> list(const Call& call, Workspace& workspace) {
  const auto endpoints =
      TRY(workspace.store.read([](db::Connection& c) { return store::list_serving_endpoints(c); }));
  JsonArray rows;
  for (const auto& endpoint : endpoints) {
    const auto held = call.principal().on(store::Resource::serving_endpoint, endpoint.name);
    if (held < store::Permission::read) continue;
    rows.push_back(shown(endpoint, workspace, Detail::summary));
  }
  return Json(JsonObject{{"endpoints", std::move(rows)}});
}

Result<Json> change_tags(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  const auto added = TRY(read_tags(fields, "add_tags"));
  const auto deleted = TRY(fields.texts("delete_tags"));
  const auto tags = TRY(workspace.store.write([&](db::Connection& c) {
    return store::change_serving_tags(c, call.path("name"), added, deleted);
  }));
  return Json(JsonObject{{"tags", tags_json(tags)}});
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_serving_endpoint(c, call.path("name")); }));
  workspace.access->changed();
  workspace.endpoints.wake();
  return Json(JsonObject());
}

Result<std::vector<store::EndpointEvent>> find_events(Workspace& workspace, const std::string& name,
                                                      const std::string& served, int64_t most) {
  TRY(workspace.endpoints.flush_events());
  return workspace.store.read([&](db::Connection& c) {
    return store::list_endpoint_events(c, store::EndpointKind::serving_endpoint, name, served,
                                       most);
  });
}

Result<Json> events(const Call& call, Workspace& workspace) {
  const auto most = TRY(call.integer_or("max_results", kDefaultEvents));
  const auto served = TRY(call.text_or("served", ""));
  const auto found = TRY(find_events(workspace, call.path("name"), served, most));
  return Json(JsonObject{{"events", events_json(found)}});
}

Result<store::ServedEntity> find_served(const Call& call, Workspace& workspace) {
  const auto endpoint = TRY(find(call, workspace));
  const auto& name = call.path("served");
  for (const auto* config : {&endpoint.pending, &endpoint.config}) {
    if (!*config) continue;
    for (const auto& entity : (*config)->entities) {
      if (entity.name == name) return entity;
    }
  }
  return fail(Code::resource_does_not_exist, "Endpoint '{}' has no served model '{}'",
              endpoint.name, name);
}

// How the served model came to serve: its share of the traffic, and its version's loading.
Result<Json> build_logs(const Call& call, Workspace& workspace) {
  const auto entity = TRY(find_served(call, workspace));
  auto found =
      TRY(find_events(workspace, call.path("name"), entity.name, store::kMaxEndpointEvents));
  const auto of_model = TRY(workspace.store.read([&](db::Connection& c) {
    return store::list_endpoint_events(c, store::EndpointKind::registered_model, entity.entity_name,
                                       std::to_string(entity.entity_version),
                                       store::kMaxEndpointEvents);
  }));
  found.insert(found.end(), of_model.begin(), of_model.end());
  std::ranges::stable_sort(found, std::ranges::greater(), &store::EndpointEvent::time_ms);
  return Json(JsonObject{{"logs", events_text(found)}});
}

// What the model's worker processes wrote; one that is scored in place writes nothing.
Result<Json> logs(const Call& call, Workspace& workspace) {
  const auto entity = TRY(find_served(call, workspace));
  const auto text = workspace.endpoints.output(entity.entity_name, entity.entity_version);
  return Json(JsonObject{{"logs", text}});
}

Result<http::Response> metrics(Call& call, Workspace& workspace) {
  TRY(find(call, workspace));
  Exposition out;
  put_split_scoring(out, *workspace.endpoints.splits().snapshot(), call.path("name"));
  return http::respond(200, out.take(), Exposition::kContentType);
}

Result<http::Response> invoke(Call& call, Workspace& workspace) {
  const auto& name = call.path("name");
  const std::string served = call.has_path("served") ? call.path("served") : "";
  const auto serving = TRY(workspace.endpoints.find_split(name, served));
  auto response = serve::invoke_gated(serving, call.request(), keeping_of(call, workspace));
  response.headers.set("served-model-name", serving.served_name);
  return response;
}

// MLflow's deployments client creates and lists with a '/' at the end.
constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/serving-endpoints", create, Needs::create_serving},
    {"GET", "/api/2.0/serving-endpoints", list, Needs::what_is_readable},
    {"POST", "/api/2.0/serving-endpoints/", create, Needs::create_serving},
    {"GET", "/api/2.0/serving-endpoints/", list, Needs::what_is_readable},
    {"GET", "/api/2.0/serving-endpoints/<name>", get, Needs::read_serving},
    {"DELETE", "/api/2.0/serving-endpoints/<name>", remove, Needs::manage_serving},
    {"PUT", "/api/2.0/serving-endpoints/<name>/config", update_config, Needs::manage_serving},
    {"PATCH", "/api/2.0/serving-endpoints/<name>/tags", change_tags, Needs::manage_serving},
    {"GET", "/api/2.0/serving-endpoints/<name>/events", events, Needs::read_serving},
    {"GET", "/api/2.0/serving-endpoints/<name>/metrics", metrics, Needs::read_serving},
    {"GET", "/api/2.0/serving-endpoints/<name>/served-models/<served>/build-logs", build_logs,
     Needs::read_serving},
    {"GET", "/api/2.0/serving-endpoints/<name>/served-models/<served>/logs", logs,
     Needs::read_serving},
    {"POST", "/serving-endpoints/<name>/invocations", invoke, Needs::score_serving, Body::bytes,
     serve::kMaxBodyBytes},
    {"POST", "/serving-endpoints/<name>/served-models/<served>/invocations", invoke,
     Needs::score_serving, Body::bytes, serve::kMaxBodyBytes},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> serving_endpoint_routes() { return kRoutes; }

}  // namespace slipway::api
