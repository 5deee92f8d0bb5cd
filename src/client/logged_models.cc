#include "client/logged_models.h"

#include "base/text.h"
#include "client/fields.h"

namespace slipway::client {
namespace {

constexpr std::string_view kModels = "/api/2.0/mlflow/logged-models";

LoggedModel model_of(const Json& answer) {
  LoggedModel model;
  const auto& info = member(member(answer, "model"), "info");
  model.model_id = text_or(info, "model_id");
  model.experiment_id = text_or(info, "experiment_id");
  model.name = text_or(info, "name");
  model.status = text_or(info, "status");
  model.artifact_uri = text_or(info, "artifact_uri");
  model.source_run_id = text_or(info, "source_run_id");
  return model;
}

std::string route_of(std::string_view model_id) {
  return fmt::format("{}/{}", kModels, percent_encode(model_id));
}

}  // namespace

Result<LoggedModel> create_logged_model(Server& server, const NewLoggedModel& model) {
  JsonObject body{{"experiment_id", model.experiment_id}, {"name", model.name}};
  if (!model.source_run_id.empty()) body["source_run_id"] = model.source_run_id;
  if (!model.model_type.empty()) body["model_type"] = model.model_type;
  body["params"] = pairs_json(model.params);
  body["tags"] = pairs_json(model.tags);
  const auto made = TRY(server.post(kModels, body));
  return model_of(made);
}

Result<LoggedModel> get_logged_model(Server& server, std::string_view model_id) {
  const auto got = TRY(server.get(route_of(model_id)));
  return model_of(got);
}

Result<LoggedModel> finalize_logged_model(Server& server, std::string_view model_id,
                                          Upload upload) {
  const JsonObject body{
      {"model_id", model_id},
      {"status", upload == Upload::ready ? "LOGGED_MODEL_READY" : "LOGGED_MODEL_UPLOAD_FAILED"}};
  const auto got = TRY(server.send("PATCH", route_of(model_id), body));
  return model_of(got);
}

Result<void> log_outputs(Server& server, std::string_view run_id,
                         const std::vector<ModelOutput>& models) {
  JsonArray array;
  for (const auto& model : models) {
    array.push_back(JsonObject{{"model_id", model.model_id}, {"step", model.step}});
  }
  const JsonObject body{{"run_id", run_id}, {"models", array}};
  TRY(server.post("/api/2.0/mlflow/runs/outputs", body));
  return {};
}

}  // namespace slipway::client
