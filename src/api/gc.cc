#include "api/collect.h"
#include "api/routes.h"

namespace slipway::api {
namespace {

constexpr int64_t kLimitMs = 5000;  // of one request: `slipway gc` asks until it is done

Result<Json> gc(const Call& call, Workspace& workspace) {
  auto older_than = TRY(call.text_or("older_than", ""));
  auto run_ids = TRY(call.texts("run_ids"));
  auto experiment_ids = TRY(call.texts("experiment_ids"));
  auto model_ids = TRY(call.texts("logged_model_ids"));
  const bool is_dry = TRY(call.truth_or("dry_run", false));
  auto request = TRY(gc_request(std::move(older_than), std::move(run_ids),
                                std::move(experiment_ids), std::move(model_ids)));
  request.ignores_missing = TRY(call.truth_or("ignore_missing", false));
  const auto freed = is_dry ? count_collectable(workspace.store, request)
                            : collect(workspace.store, workspace.artifacts, request, kLimitMs);
  if (!freed.ok()) return freed.error();
  return freed->json();
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/slipway/gc", gc, Needs::admin},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> gc_routes() { return kRoutes; }

}  // namespace slipway::api
