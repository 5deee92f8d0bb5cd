#include "api/keeping.h"
#include "api/routes.h"
#include "serve/endpoints.h"
#include "serve/scoring.h"

namespace slipway::api {
namespace {

Result<http::Response> invoke(Call& call, Workspace& workspace) {
  const auto serving = TRY(workspace.endpoints.find(call.path("name"), call.path("place")));
  return serve::invoke_gated(serving, call.request(), keeping_of(call, workspace));
}

constexpr Route kRoutes[] = {
    {"POST", "/model/<name>/<place>/invocations", invoke, Needs::score, Body::bytes,
     serve::kMaxBodyBytes},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> invocation_routes() { return kRoutes; }

}  // namespace slipway::api
