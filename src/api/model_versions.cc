#include "store/model_versions.h"

#include "api/routes.h"
#include "api/values.h"
#include "api/wire.h"

namespace slipway::api {
namespace {

JsonObject version_json(const store::ModelVersion& version) {
  return {{"model_version", to_json(version)}};
}

Result<Json> create(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  store::NewModelVersion request;
  request.name = TRY(fields.text("name"));
  request.source = TRY(fields.text("source"));
  request.run_id = TRY(fields.text_or("run_id", ""));
  request.run_link = TRY(fields.text_or("run_link", ""));
  request.model_id = TRY(fields.text_or("model_id", ""));
  request.description = TRY(fields.maybe_text("description"));
  request.tags = TRY(read_tags(fields));
  const auto version = TRY(workspace.store.write(
      [&](db::Connection& c) { return store::create_model_version(c, request); }));
  return version_json(version);
}

Result<Json> get(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto version = TRY(call.text("version"));
  const auto found = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::get_model_version(c, name, version); }));
  return version_json(found);
}

Result<Json> update(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto version = TRY(call.text("version"));
  const auto description = TRY(call.maybe_text("description"));
  const auto changed = TRY(workspace.store.write([&](db::Connection& c) {
    return store::update_model_version(c, name, version, description);
  }));
  return version_json(changed);
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto version = TRY(call.text("version"));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_model_version(c, name, version); }));
  return JsonObject();
}

Result<Json> download_uri(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto version = TRY(call.text("version"));
  const auto uri = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::download_uri(c, name, version); }));
  return JsonObject{{"artifact_uri", uri}};
}

Result<Json> search(const Call& call, Workspace& workspace) {
  constexpr int64_t kDefaultMaxResults = 10'000;
  const auto request =
      TRY(read_search(call, store::Resource::registered_model, kDefaultMaxResults));
  const auto page = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::search_model_versions(c, request); }));
  return list_json("model_versions", page.items, page.next_page_token);
}

Result<Json> transition_stage(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto version = TRY(call.text("version"));
  const auto stage = TRY(call.text("stage"));
  const auto archive = TRY(call.truth_or("archive_existing_versions", false));
  const auto others = archive ? store::ArchiveExisting::yes : store::ArchiveExisting::no;
  const auto changed = TRY(workspace.store.write(
      [&](db::Connection& c) { return store::transition_stage(c, name, version, stage, others); }));
  return version_json(changed);
}

Result<Json> set_tag(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto version = TRY(call.text("version"));
  const auto tag = TRY(read_tag(call));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::set_model_version_tag(c, name, version, tag); }));
  return JsonObject();
}

Result<Json> delete_tag(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto version = TRY(call.text("version"));
  const auto key = TRY(call.text("key"));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_model_version_tag(c, name, version, key); }));
  return JsonObject();
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/mlflow/model-versions/create", create, Needs::create_version},
    {"GET", "/api/2.0/mlflow/model-versions/get", get, Needs::read_model},
    {"PATCH", "/api/2.0/mlflow/model-versions/update", update, Needs::edit_model},
    {"DELETE", "/api/2.0/mlflow/model-versions/delete", remove, Needs::manage_model},
    {"GET", "/api/2.0/mlflow/model-versions/get-download-uri", download_uri, Needs::read_model},
    {"GET", "/api/2.0/mlflow/model-versions/search", search, Needs::what_is_readable},
    {"POST", "/api/2.0/mlflow/model-versions/transition-stage", transition_stage,
     Needs::move_stage},
    {"POST", "/api/2.0/mlflow/model-versions/set-tag", set_tag, Needs::edit_model},
    {"DELETE", "/api/2.0/mlflow/model-versions/delete-tag", delete_tag, Needs::manage_model},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> model_version_routes() { return kRoutes; }

}  // namespace slipway::api
