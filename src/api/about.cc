#include "api/routes.h"

namespace slipway::api {
namespace {

// The MLflow release whose REST surface this is; clients compare it with their own.
constexpr std::string_view kMlflowVersion = "3.17.2";

// While it drains it still answers, but a load balancer must send nothing more here.
Result<http::Response> health(Call&, Workspace& workspace) {
  if (workspace.monitor->draining) {
    return http::respond(503, "draining", "text/plain; charset=utf-8");
  }
  return http::respond(200, "OK", "text/plain; charset=utf-8");
}

Result<http::Response> version(Call&, Workspace&) {
  return http::respond(200, std::string(kMlflowVersion), "text/plain; charset=utf-8");
}

// What clients may rely on. Source: members as observed on mlflow 3.17.2; the two of presigned
// uploads tell that the requests are known, not that this store can answer them.
Result<Json> server_info(const Call&, Workspace& workspace) {
  const bool direct = workspace.artifacts.direct() != nullptr;
  return JsonObject{{"store_type", "SqlStore"},
                    {"workspaces_enabled", false},
                    {"trace_archival_enabled", false},
                    {"multipart_uploads_enabled", direct},
                    {"multipart_downloads_enabled", direct},
                    {"presigned_upload_run_id_supported", true},
                    {"presigned_upload_model_id_supported", true},
                    {"features_enabled", JsonObject{{"gateway", false}}}};
}

constexpr Route kRoutes[] = {
    {"GET", "/health", health, Needs::nothing},
    {"GET", "/version", version, Needs::nothing},
    {"GET", "/api/3.0/mlflow/server-info", server_info, Needs::nothing},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> about_routes() { return kRoutes; }

}  // namespace slipway::api
