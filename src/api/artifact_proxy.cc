#include "api/artifact_direct.h"
#include "api/artifact_uri.h"
#include "api/file_response.h"
#include "api/routes.h"
#include "api/wire.h"

namespace slipway::api {
namespace {

constexpr std::string_view kParameter = "artifact_path";

Result<Json> list(const Call& call, Workspace& workspace) {
  const auto text = TRY(call.text_or("path", ""));
  const auto path = TRY(asked_path(text));
  const auto entries = TRY(workspace.artifacts.list(path));
  JsonObject out;
  JsonArray files;
  for (const auto& entry : entries) files.push_back(to_json(entry, ""));
  if (!files.empty()) out["files"] = std::move(files);
  return out;
}

Result<http::Response> download(Call& call, Workspace& workspace) {
  const auto path = TRY(asked_path(call.path(kParameter)));
  auto file = TRY(workspace.artifacts.read(path));
  return file_response(call.request(), std::move(file), path.name());
}

Result<http::Response> upload(Call& call, Workspace& workspace) {
  const auto path = TRY(asked_path(call.path(kParameter)));
  if (call.request().body_file) {
    TRY(workspace.artifacts.put_file(path, *call.request().body_file));
  } else {
    TRY(workspace.artifacts.put(path, call.request().body));
  }
  return http::Response();
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  const auto path = TRY(asked_path(call.path(kParameter)));
  TRY(workspace.artifacts.remove(path));
  return JsonObject();
}

constexpr Route kRoutes[] = {
    {"GET", "/api/2.0/mlflow-artifacts/artifacts", list, Needs::read_artifact},
    {"GET", "/api/2.0/mlflow-artifacts/artifacts/<path:artifact_path>", download,
     Needs::read_artifact},
    {"PUT", "/api/2.0/mlflow-artifacts/artifacts/<path:artifact_path>", upload,
     Needs::edit_artifact, Body::file},
    {"DELETE", "/api/2.0/mlflow-artifacts/artifacts/<path:artifact_path>", remove,
     Needs::manage_artifact},
    {"POST", "/api/2.0/mlflow-artifacts/mpu/create/<path:artifact_path>", create_upload,
     Needs::edit_artifact},
    {"POST", "/api/2.0/mlflow-artifacts/mpu/complete/<path:artifact_path>", complete_upload,
     Needs::edit_artifact},
    {"POST", "/api/2.0/mlflow-artifacts/mpu/abort/<path:artifact_path>", abort_upload,
     Needs::edit_artifact},
    {"GET", "/api/2.0/mlflow-artifacts/presigned/<path:artifact_path>", presign_download,
     Needs::read_artifact},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> artifact_proxy_routes() { return kRoutes; }

}  // namespace slipway::api
