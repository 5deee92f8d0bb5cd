#include "store/run_inputs.h"

#include "api/routes.h"
#include "api/values.h"

namespace slipway::api {
namespace {

Result<store::DatasetInput> read_dataset_input(const Fields& fields) {
  store::DatasetInput input;
  input.tags = TRY(read_tags(fields));
  const auto dataset = TRY(fields.object("dataset"));
  input.dataset.name = TRY(dataset.text("name"));
  input.dataset.digest = TRY(dataset.text("digest"));
  input.dataset.source_type = TRY(dataset.text_or("source_type", ""));
  input.dataset.source = TRY(dataset.text_or("source", ""));
  input.dataset.schema = TRY(dataset.text_or("schema", ""));
  input.dataset.profile = TRY(dataset.text_or("profile", ""));
  return input;
}

Result<Json> log_inputs(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(call.text("run_id"));
  std::vector<store::DatasetInput> datasets;
  const auto dataset_items = TRY(call.items("datasets"));
  for (const auto& item : dataset_items) {
    auto input = TRY(read_dataset_input(item));
    datasets.push_back(std::move(input));
  }
  std::vector<std::string> model_ids;
  const auto model_items = TRY(call.items("models"));
  for (const auto& item : model_items) {
    auto model_id = TRY(item.text("model_id"));
    model_ids.push_back(std::move(model_id));
  }
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::log_inputs(c, run_id, datasets, model_ids); }));
  return JsonObject();
}

Result<Json> log_outputs(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(call.text("run_id"));
  const auto fields = TRY(call.fields());
  if (!fields.has("models")) return fields.missing("models");
  std::vector<store::ModelOutput> models;
  const auto items = TRY(fields.items("models"));
  for (const auto& item : items) {
    store::ModelOutput output;
    output.model_id = TRY(item.text("model_id"));
    output.step = TRY(item.integer_or("step", 0));
    models.push_back(std::move(output));
  }
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::log_outputs(c, run_id, models); }));
  return JsonObject();
}

// The profile of one dataset may have 16,777,215 characters, each of six bytes where it is escaped.
constexpr uint64_t kMaxInputsBytes = 128u << 20;

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/mlflow/runs/log-inputs", log_inputs, Needs::edit_run, Body::json,
     kMaxInputsBytes},
    {"POST", "/api/2.0/mlflow/runs/outputs", log_outputs, Needs::edit_run},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> run_input_routes() { return kRoutes; }

}  // namespace slipway::api
