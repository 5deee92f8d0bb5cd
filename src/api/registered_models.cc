#include "api/access.h"
#include "api/routes.h"
#include "api/values.h"
#include "api/wire.h"
#include "store/registry.h"
#include "store/roles.h"

namespace slipway::api {
namespace {

JsonObject model_json(const store::RegisteredModel& model) {
  return {{"registered_model", to_json(model)}};
}

Result<Json> create(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  const auto name = TRY(fields.text("name"));
  const auto description = TRY(fields.maybe_text("description"));
  const auto tags = TRY(read_tags(fields));
  const auto& creator = call.principal().user_id;
  using Made = Result<store::RegisteredModel>;
  const auto model = TRY(workspace.store.write([&](db::Connection& c) -> Made {
    auto made = TRY(store::create_registered_model(c, name, tags, description));
    TRY(store::grant_to_creator(c, creator, store::Resource::registered_model, name));
    TRY(store::forget_grants(c, store::Resource::endpoint, name));
    return made;
  }));
  workspace.access->changed();
  return model_json(model);
}

Result<Json> get(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto model = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::get_registered_model(c, name); }));
  return model_json(model);
}

Result<Json> rename(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto new_name = TRY(call.text("new_name"));
  const auto model = TRY(workspace.store.write(
      [&](db::Connection& c) { return store::rename_registered_model(c, name, new_name); }));
  workspace.access->changed();
  return model_json(model);
}

Result<Json> update(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto description = TRY(call.text_or("description", ""));
  const auto model = TRY(workspace.store.write(
      [&](db::Connection& c) { return store::update_registered_model(c, name, description); }));
  return model_json(model);
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_registered_model(c, name); }));
  workspace.access->changed();
  return JsonObject();
}

Result<Json> search(const Call& call, Workspace& workspace) {
  constexpr int64_t kDefaultMaxResults = 100;
  const auto request =
      TRY(read_search(call, store::Resource::registered_model, kDefaultMaxResults));
  const auto page = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::search_registered_models(c, request); }));
  return list_json("registered_models", page.items, page.next_page_token);
}

Result<Json> latest_versions(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto stages = TRY(call.texts("stages"));
  const auto versions = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::latest_versions(c, name, stages); }));
  return list_json("model_versions", versions);
}

Result<Json> set_tag(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto tag = TRY(read_tag(call));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::set_registered_model_tag(c, name, tag); }));
  return JsonObject();
}

Result<Json> delete_tag(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto key = TRY(call.text("key"));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_registered_model_tag(c, name, key); }));
  return JsonObject();
}

Result<Json> set_alias(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto alias = TRY(call.text("alias"));
  const auto version = TRY(call.text("version"));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::set_alias(c, name, alias, version); }));
  return JsonObject();
}

Result<Json> delete_alias(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto alias = TRY(call.text("alias"));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_alias(c, name, alias); }));
  return JsonObject();
}

Result<Json> get_by_alias(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto alias = TRY(call.text("alias"));
  const auto version = TRY(
      workspace.store.read([&](db::Connection& c) { return store::get_by_alias(c, name, alias); }));
  return JsonObject{{"model_version", to_json(version)}};
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/mlflow/registered-models/create", create, Needs::known_user},
    {"GET", "/api/2.0/mlflow/registered-models/get", get, Needs::read_model},
    {"POST", "/api/2.0/mlflow/registered-models/rename", rename, Needs::edit_model},
    {"PATCH", "/api/2.0/mlflow/registered-models/update", update, Needs::edit_model},
    {"DELETE", "/api/2.0/mlflow/registered-models/delete", remove, Needs::manage_model},
    {"GET", "/api/2.0/mlflow/registered-models/search", search, Needs::what_is_readable},
    {"POST", "/api/2.0/mlflow/registered-models/search", search,
     Needs::what_is_readable},  // R's client
    {"GET", "/api/2.0/mlflow/registered-models/get-latest-versions", latest_versions,
     Needs::read_model},
    {"POST", "/api/2.0/mlflow/registered-models/get-latest-versions", latest_versions,
     Needs::read_model},
    {"POST", "/api/2.0/mlflow/registered-models/set-tag", set_tag, Needs::edit_model},
    {"DELETE", "/api/2.0/mlflow/registered-models/delete-tag", delete_tag, Needs::edit_model},
    {"POST", "/api/2.0/mlflow/registered-models/alias", set_alias, Needs::edit_model},
    {"DELETE", "/api/2.0/mlflow/registered-models/alias", delete_alias, Needs::manage_model},
    {"GET", "/api/2.0/mlflow/registered-models/alias", get_by_alias, Needs::read_model},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> registered_model_routes() { return kRoutes; }

}  // namespace slipway::api
