#include "store/experiments.h"

#include "api/access.h"
#include "api/routes.h"
#include "api/values.h"
#include "api/wire.h"
#include "store/roles.h"

namespace slipway::api {
namespace {

Result<Json> create(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto location = TRY(call.text_or("artifact_location", ""));
  const auto fields = TRY(call.fields());
  const auto tags = TRY(read_tags(fields));
  const auto& creator = call.principal().user_id;
  const auto id = TRY(workspace.store.write([&](db::Connection& c) -> Result<std::string> {
    auto made = TRY(store::create_experiment(c, name, location, tags));
    TRY(store::grant_to_creator(c, creator, store::Resource::experiment, made));
    return made;
  }));
  workspace.access->changed();
  return JsonObject{{"experiment_id", id}};
}

Result<Json> get(const Call& call, Workspace& workspace) {
  const auto id = TRY(call.text("experiment_id"));
  const auto found =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_experiment(c, id); }));
  return JsonObject{{"experiment", to_json(found)}};
}

Result<Json> get_by_name(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("experiment_name"));
  const auto found = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::get_experiment_by_name(c, name); }));
  return JsonObject{{"experiment", to_json(found)}};
}

Result<Json> search(const Call& call, Workspace& workspace) {
  const auto request = TRY(read_search(call, store::Resource::experiment, 0));
  const auto view = TRY(read_view_type(call, "view_type"));
  const auto page = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::search_experiments(c, request, view); }));
  return list_json("experiments", page.items, page.next_page_token);
}

Result<Json> rename(const Call& call, Workspace& workspace) {
  const auto id = TRY(call.text("experiment_id"));
  const auto new_name = TRY(call.text("new_name"));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::rename_experiment(c, id, new_name); }));
  return JsonObject();
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  const auto id = TRY(call.text("experiment_id"));
  TRY(workspace.store.write([&](db::Connection& c) { return store::delete_experiment(c, id); }));
  return JsonObject();
}

Result<Json> restore(const Call& call, Workspace& workspace) {
  const auto id = TRY(call.text("experiment_id"));
  TRY(workspace.store.write([&](db::Connection& c) { return store::restore_experiment(c, id); }));
  return JsonObject();
}

Result<Json> set_tag(const Call& call, Workspace& workspace) {
  const auto id = TRY(call.text("experiment_id"));
  const auto tag = TRY(read_tag(call));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::set_experiment_tag(c, id, tag); }));
  return JsonObject();
}

Result<Json> delete_tag(const Call& call, Workspace& workspace) {
  const auto id = TRY(call.text("experiment_id"));
  const auto key = TRY(call.text("key"));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_experiment_tag(c, id, key); }));
  return JsonObject();
}

// The datasets that runs of some experiments read; a page lists them.
Result<Json> search_datasets(const Call& call, Workspace& workspace) {
  const auto ids = TRY(call.texts("experiment_ids"));
  if (ids.empty()) {
    return fail(Code::invalid_parameter_value,
                "SearchDatasets request must specify at least one experiment_id.");
  }
  const auto found =
      TRY(workspace.store.read([&](db::Connection& c) { return store::search_datasets(c, ids); }));
  JsonArray summaries;
  for (const auto& row : found) {
    JsonObject summary{
        {"experiment_id", row.experiment_id}, {"name", row.name}, {"digest", row.digest}};
    if (!row.context.empty()) summary["context"] = row.context;
    summaries.push_back(std::move(summary));
  }
  return JsonObject{{"dataset_summaries", std::move(summaries)}};
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/mlflow/experiments/create", create, Needs::create_experiment},
    {"GET", "/api/2.0/mlflow/experiments/get", get, Needs::read_experiment},
    {"GET", "/api/2.0/mlflow/experiments/get-by-name", get_by_name, Needs::read_experiment},
    {"GET", "/api/2.0/mlflow/experiments/search", search, Needs::what_is_readable},
    {"POST", "/api/2.0/mlflow/experiments/search", search, Needs::what_is_readable},
    {"POST", "/api/2.0/mlflow/experiments/update", rename, Needs::edit_experiment},
    {"POST", "/api/2.0/mlflow/experiments/delete", remove, Needs::manage_experiment},
    {"POST", "/api/2.0/mlflow/experiments/restore", restore, Needs::manage_experiment},
    {"POST", "/api/2.0/mlflow/experiments/set-experiment-tag", set_tag, Needs::edit_experiment},
    {"POST", "/api/2.0/mlflow/experiments/delete-experiment-tag", delete_tag,
     Needs::edit_experiment},
    {"POST", "/api/2.0/mlflow/experiments/search-datasets", search_datasets,
     Needs::read_experiment},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> experiment_routes() { return kRoutes; }

}  // namespace slipway::api
