#include "serve/endpoints.h"

#include "api/routes.h"
#include "api/serving_json.h"
#include "store/endpoints.h"

namespace slipway::api {
namespace {

constexpr int64_t kDefaultEvents = 100;

std::string_view state_name(serve::State state) {
  switch (state) {
    case serve::State::loading: return "LOADING";
    case serve::State::ready: return "READY";
    case serve::State::failed: break;
  }
  return "FAILED";
}

Json version_json(const std::string& name, const serve::ServedVersion& version) {
  JsonArray aliases;
  for (const auto& alias : version.aliases) aliases.emplace_back(alias);
  JsonObject json;
  json["version"] = std::to_string(version.version);
  json["stage"] = version.stage;
  json["aliases"] = std::move(aliases);
  json["state"] = state_name(version.state);
  json["message"] = version.message;
  json["n_scored"] = static_cast<int64_t>(version.usage->n_scored.load());
  json["n_refused"] = static_cast<int64_t>(version.usage->n_refused.load());
  json["n_failed"] = static_cast<int64_t>(version.usage->n_failed.load());
  json["n_rows"] = static_cast<int64_t>(version.usage->n_rows.load());
  json["path"] = fmt::format("/model/{}/{}/invocations", name, version.version);
  return json;
}

Json endpoint_json(const store::Endpoint& endpoint, const serve::Served& served) {
  JsonArray versions;
  const auto found = served.find(endpoint.registered_model_name);
  if (found != served.end()) {
    for (const auto& version : found->second) {
      versions.push_back(version_json(endpoint.registered_model_name, version));
    }
  }
  JsonObject json;
  json["registered_model_name"] = endpoint.registered_model_name;
  json["enabled_timestamp"] = endpoint.enabled_time_ms;
  json["creator"] = endpoint.creator;
  json["max_concurrency"] = endpoint.max_concurrency;
  json["versions"] = std::move(versions);
  return json;
}

// What the caller is told is served already, so load first.
Result<Json> enable(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("registered_model_name"));
  const auto most = TRY(call.maybe_integer("max_concurrency"));
  const auto endpoint = TRY(workspace.store.write([&](db::Connection& c) {
    return store::enable_endpoint(c, name, call.principal().user_id, most);
  }));
  TRY(workspace.endpoints.refresh());
  JsonObject json;
  json["endpoint"] = endpoint_json(endpoint, *workspace.endpoints.snapshot());
  return Json(std::move(json));
}

Result<Json> disable(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("registered_model_name"));
  TRY(workspace.store.write([&](db::Connection& c) { return store::disable_endpoint(c, name); }));
  TRY(workspace.endpoints.refresh());
  return Json(JsonObject());
}

Result<Json> get(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("registered_model_name"));
  const auto endpoint =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_endpoint(c, name); }));
  TRY(workspace.endpoints.refresh());
  JsonObject json;
  json["endpoint"] = endpoint_json(endpoint, *workspace.endpoints.snapshot());
  return Json(std::move(json));
}

// Endpoints of models that the caller may read, and those that they were given the use of.
bool may_see(const Principal& who, const std::string& name) {
  return who.on(store::Resource::registered_model, name) >= store::Permission::read ||
         who.on(store::Resource::endpoint, name) >= store::Permission::use;
}

Result<Json> list(const Call& call, Workspace& workspace) {
  const auto endpoints =
      TRY(workspace.store.read([](db::Connection& c) { return store::list_endpoints(c); }));
  TRY(workspace.endpoints.refresh());
  const auto served = workspace.endpoints.snapshot();
  JsonArray rows;
  for (const auto& endpoint : endpoints) {
    if (!may_see(call.principal(), endpoint.registered_model_name)) continue;
    rows.push_back(endpoint_json(endpoint, *served));
  }
  JsonObject json;
  json["endpoints"] = std::move(rows);
  return Json(std::move(json));
}

Result<std::vector<store::EndpointEvent>> find_events(const Call& call, Workspace& workspace,
                                                      int64_t otherwise) {
  const auto name = TRY(call.text("registered_model_name"));
  const auto version = TRY(call.text_or("version", ""));
  const auto most = TRY(call.integer_or("max_results", otherwise));
  TRY(workspace.endpoints.flush_events());
  return workspace.store.read([&](db::Connection& c) {
    return store::list_endpoint_events(c, store::EndpointKind::registered_model, name, version,
                                       most);
  });
}

Result<Json> events(const Call& call, Workspace& workspace) {
  const auto found = TRY(find_events(call, workspace, kDefaultEvents));
  return Json(JsonObject{{"events", events_json(found)}});
}

// The same as text, and what worker processes of the version wrote.
Result<Json> logs(const Call& call, Workspace& workspace) {
  const auto found = TRY(find_events(call, workspace, store::kMaxEndpointEvents));
  auto text = events_text(found);
  const auto name = TRY(call.text("registered_model_name"));
  const auto version = TRY(call.integer_or("version", 0));
  if (version > 0) text += workspace.endpoints.output(name, version);
  return Json(JsonObject{{"logs", std::move(text)}});
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/mlflow/endpoints/enable", enable, Needs::manage_endpoint},
    {"POST", "/api/2.0/mlflow/endpoints/disable", disable, Needs::manage_endpoint},
    {"GET", "/api/2.0/mlflow/endpoints/get", get, Needs::read_endpoint},
    {"GET", "/api/2.0/mlflow/endpoints/list", list, Needs::what_is_readable},
    {"GET", "/api/2.0/mlflow/endpoints/events", events, Needs::read_endpoint},
    {"GET", "/api/2.0/mlflow/endpoints/logs", logs, Needs::read_endpoint},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> endpoint_routes() { return kRoutes; }

}  // namespace slipway::api
