#include "api/batch.h"
#include "api/routes.h"
#include "api/values.h"
#include "store/runs.h"

namespace slipway::api {
namespace {

Result<Json> log_metric(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(read_run_id(call));
  const auto fields = TRY(call.fields());
  const auto metric = TRY(read_metric(fields));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::log_metric(c, run_id, metric); }));
  return JsonObject();
}

Result<Json> log_parameter(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(read_run_id(call));
  store::Param param;
  param.key = TRY(call.text("key"));
  param.value = TRY(call.text_or("value", ""));
  TRY(workspace.store.write([&](db::Connection& c) { return store::log_param(c, run_id, param); }));
  return JsonObject();
}

Result<Json> set_tag(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(read_run_id(call));
  const auto tag = TRY(read_tag(call));
  TRY(workspace.store.write([&](db::Connection& c) { return store::set_run_tag(c, run_id, tag); }));
  return JsonObject();
}

Result<Json> delete_tag(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(call.text("run_id"));
  const auto key = TRY(call.text("key"));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_run_tag(c, run_id, key); }));
  return JsonObject();
}

Result<http::Response> log_batch(Call& call, Workspace& workspace) {
  const Batch* const batch = TRY(batch_of(call));
  TRY(workspace.store.write([&](db::Connection& c) {
    return store::log_batch(c, batch->run_id, batch->metrics, batch->params, batch->tags);
  }));
  return http::respond(200, "{}", "application/json");
}

Result<Json> log_legacy_model(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(call.text("run_id"));
  const auto model = TRY(call.text("model_json"));
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::log_legacy_model(c, run_id, model); }));
  return JsonObject();
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/mlflow/runs/log-metric", log_metric, Needs::edit_run},
    {"POST", "/api/2.0/mlflow/runs/log-parameter", log_parameter, Needs::edit_run},
    {"POST", "/api/2.0/mlflow/runs/set-tag", set_tag, Needs::edit_run},
    {"POST", "/api/2.0/mlflow/runs/delete-tag", delete_tag, Needs::edit_run},
    {"POST", "/api/2.0/mlflow/runs/log-batch", log_batch, Needs::edit_run_of_batch},
    {"POST", "/api/2.0/mlflow/runs/log-model", log_legacy_model, Needs::edit_run},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> run_data_routes() { return kRoutes; }

}  // namespace slipway::api
