// store/endpoints.h — which registered models are served.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"

namespace slipway::store {

struct Endpoint {
  std::string registered_model_name;
  int64_t enabled_time_ms = 0;
  std::string creator;
};

/// Enable serving of a registered model and give the endpoint; again is fine and changes nothing.
/// Errors   resource_does_not_exist: no such model.
Result<Endpoint> enable_endpoint(db::Connection& conn, std::string_view registered_model_name,
                                 std::string_view creator);

/// End it. Errors resource_does_not_exist: no such model, or it is not served.
Result<void> disable_endpoint(db::Connection& conn, std::string_view registered_model_name);

/// Give one. Errors as disable_endpoint.
Result<Endpoint> get_endpoint(db::Connection& conn, std::string_view registered_model_name);

/// List all by name. Versions of each: active_versions() in store/model_versions.h; to notice
/// changes, poll registry_generation() in store/registry.h.
Result<std::vector<Endpoint>> list_endpoints(db::Connection& conn);

}  // namespace slipway::store
