#include "store/logged_models.h"

#include "api/authorize.h"
#include "api/routes.h"
#include "api/values.h"
#include "api/wire.h"

namespace slipway::api {
namespace {

JsonObject model_json(const store::LoggedModel& model) { return {{"model", to_json(model)}}; }

Result<Json> create(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  store::NewLoggedModel request;
  request.experiment_id = TRY(fields.text("experiment_id"));
  request.name = TRY(fields.text_or("name", ""));
  request.model_type = TRY(fields.text_or("model_type", ""));
  request.source_run_id = TRY(fields.text_or("source_run_id", ""));
  request.params = TRY(read_params(fields));
  request.tags = TRY(read_tags(fields));
  const auto model = TRY(workspace.store.write(
      [&](db::Connection& c) { return store::create_logged_model(c, request); }));
  return model_json(model);
}

Result<Json> get(const Call& call, Workspace& workspace) {
  const auto model = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::get_logged_model(c, call.path("model_id")); }));
  return model_json(model);
}

// A status by name or by protobuf's number (1 pending, 2 ready, 3 upload failed).
Result<store::LoggedModelStatus> read_status(const Call& call) {
  const auto fields = TRY(call.fields());
  if (!fields.has("status")) return fields.missing("status");
  const auto number = fields.integer("status");
  if (number.ok()) {
    if (*number < 0 || *number > 3) return store::LoggedModelStatus::unspecified;
    return static_cast<store::LoggedModelStatus>(*number);
  }
  const auto name = TRY(fields.text("status"));
  return store::logged_model_status_from_name(name);
}

Result<Json> finalize(const Call& call, Workspace& workspace) {
  const auto status = TRY(read_status(call));
  const auto model = TRY(workspace.store.write([&](db::Connection& c) {
    return store::finalize_logged_model(c, call.path("model_id"), status);
  }));
  return model_json(model);
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_logged_model(c, call.path("model_id")); }));
  return JsonObject();
}

Result<Json> log_params(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  const auto params = TRY(read_params(fields));
  TRY(workspace.store.write([&](db::Connection& c) {
    return store::log_logged_model_params(c, call.path("model_id"), params);
  }));
  return JsonObject();
}

Result<Json> set_tags(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  const auto tags = TRY(read_tags(fields));
  TRY(workspace.store.write([&](db::Connection& c) {
    return store::set_logged_model_tags(c, call.path("model_id"), tags);
  }));
  return JsonObject();
}

Result<Json> delete_tag(const Call& call, Workspace& workspace) {
  TRY(workspace.store.write([&](db::Connection& c) {
    return store::delete_logged_model_tag(c, call.path("model_id"), call.path("tag_key"));
  }));
  return JsonObject();
}

Result<store::LoggedModelSearch> read_model_search(const Call& call) {
  constexpr int64_t kDefaultMaxResults = 50;
  const auto fields = TRY(call.fields());
  store::LoggedModelSearch request;
  request.experiment_ids = TRY(fields.texts("experiment_ids"));
  if (!fields.has("experiment_ids")) return fields.missing("experiment_ids");
  request.filter = TRY(fields.text_or("filter", ""));
  request.page_token = TRY(fields.text_or("page_token", ""));
  request.max_results = TRY(fields.integer_or("max_results", kDefaultMaxResults));
  if (request.max_results == 0) request.max_results = kDefaultMaxResults;
  const auto datasets = TRY(fields.items("datasets"));
  for (const auto& item : datasets) {
    store::DatasetFilter dataset;
    dataset.name = TRY(item.text("dataset_name"));
    dataset.digest = TRY(item.text_or("dataset_digest", ""));
    request.datasets.push_back(std::move(dataset));
  }
  const auto orders = TRY(fields.items("order_by"));
  for (const auto& item : orders) {
    store::LoggedModelOrder order;
    order.field_name = TRY(item.text("field_name"));
    order.ascending = TRY(item.truth_or("ascending", true));
    order.dataset_name = TRY(item.text_or("dataset_name", ""));
    order.dataset_digest = TRY(item.text_or("dataset_digest", ""));
    request.order_by.push_back(std::move(order));
  }
  return request;
}

Result<Json> search(const Call& call, Workspace& workspace) {
  auto request = TRY(read_model_search(call));
  request.experiment_ids = readable_experiments(call.principal(), request.experiment_ids);
  const auto page = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::search_logged_models(c, request); }));
  return list_json("models", page.items, page.next_page_token);
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/mlflow/logged-models", create, Needs::edit_experiment},
    {"POST", "/api/2.0/mlflow/logged-models/search", search, Needs::what_is_readable},
    {"GET", "/api/2.0/mlflow/logged-models/<model_id>", get, Needs::read_logged_model},
    {"PATCH", "/api/2.0/mlflow/logged-models/<model_id>", finalize, Needs::edit_logged_model},
    {"DELETE", "/api/2.0/mlflow/logged-models/<model_id>", remove, Needs::manage_logged_model},
    {"POST", "/api/2.0/mlflow/logged-models/<model_id>/params", log_params,
     Needs::edit_logged_model},
    {"PATCH", "/api/2.0/mlflow/logged-models/<model_id>/tags", set_tags, Needs::edit_logged_model},
    {"DELETE", "/api/2.0/mlflow/logged-models/<model_id>/tags/<tag_key>", delete_tag,
     Needs::manage_logged_model},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> logged_model_routes() { return kRoutes; }

}  // namespace slipway::api
