#include "api/artifact_direct.h"
#include "api/artifact_uri.h"
#include "api/file_response.h"
#include "api/routes.h"
#include "api/values.h"
#include "api/wire.h"
#include "store/logged_models.h"
#include "store/model_versions.h"
#include "store/runs.h"

namespace slipway::api {
namespace {

// The files of `folder` below an artifact root, named from the root.
Result<Json> list_below(std::string_view root_uri, const files::Path& below, Workspace& workspace) {
  const auto root = TRY(resolve_artifact_uri(root_uri, workspace.store));
  const auto path = TRY(root.below(below.text()));
  const auto entries = TRY(workspace.artifacts.list(path));
  JsonObject out{{"root_uri", root_uri}};
  JsonArray files;
  for (const auto& entry : entries) files.push_back(to_json(entry, below.text()));
  if (!files.empty()) out["files"] = std::move(files);
  return out;
}

Result<http::Response> file_below(const Call& call, std::string_view root_uri,
                                  const files::Path& below, Workspace& workspace) {
  const auto root = TRY(resolve_artifact_uri(root_uri, workspace.store));
  const auto path = TRY(root.below(below.text()));
  auto file = TRY(workspace.artifacts.read(path));
  return file_response(call.request(), std::move(file), path.name());
}

Result<Json> list(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(read_run_id(call));
  const auto text = TRY(call.text_or("path", ""));
  const auto folder = TRY(asked_path(text));
  const auto info =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_run_info(c, run_id); }));
  return list_below(info.artifact_uri, folder, workspace);
}

Result<http::Response> get_artifact(Call& call, Workspace& workspace) {
  const auto uuid = TRY(call.text_or("run_uuid", ""));
  auto run_id = TRY(call.text_or("run_id", uuid));
  const auto fields = TRY(call.fields());
  if (run_id.empty()) return fields.missing("run_id");
  const auto text = TRY(call.text("path"));
  const auto name = TRY(asked_path(text));
  const auto info =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_run_info(c, run_id); }));
  return file_below(call, info.artifact_uri, name, workspace);
}

Result<http::Response> get_version_artifact(Call& call, Workspace& workspace) {
  const auto model = TRY(call.text("name"));
  const auto version = TRY(call.text("version"));
  const auto text = TRY(call.text("path"));
  const auto name = TRY(asked_path(text));
  const auto uri = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::download_uri(c, model, version); }));
  return file_below(call, uri, name, workspace);
}

Result<Json> list_of_model(const Call& call, Workspace& workspace) {
  const auto text = TRY(call.text_or("artifact_directory_path", ""));
  const auto folder = TRY(asked_path(text));
  const auto model = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::get_logged_model(c, call.path("model_id")); }));
  return list_below(model.artifact_uri, folder, workspace);
}

Result<http::Response> get_model_artifact(Call& call, Workspace& workspace) {
  const auto text = TRY(call.text("artifact_file_path"));
  const auto name = TRY(asked_path(text));
  const auto model = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::get_logged_model(c, call.path("model_id")); }));
  return file_below(call, model.artifact_uri, name, workspace);
}

constexpr Route kRoutes[] = {
    {"GET", "/api/2.0/mlflow/artifacts/list", list, Needs::read_run},
    {"GET", "/get-artifact", get_artifact, Needs::read_run},
    {"GET", "/model-versions/get-artifact", get_version_artifact, Needs::read_model},
    {"GET", "/api/2.0/mlflow/logged-models/<model_id>/artifacts/directories", list_of_model,
     Needs::read_logged_model},
    {"GET", "/api/2.0/mlflow/logged-models/<model_id>/artifacts/files", get_model_artifact,
     Needs::read_logged_model},
    {"POST", "/api/2.0/mlflow/artifacts/presigned-download-url", presign_download_of,
     Needs::read_run_or_model},
    {"POST", "/api/2.0/mlflow/artifacts/presigned-upload-url", presign_upload_of,
     Needs::edit_run_or_model},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> artifact_routes() { return kRoutes; }

}  // namespace slipway::api
