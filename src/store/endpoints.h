// store/endpoints.h — which registered models are served.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"

namespace slipway::store {

struct Endpoint {
  std::string registered_model_name;
  int64_t enabled_time_ms = 0;
  std::string creator;
  int64_t max_concurrency = 0;  // requests at once of each version; 0: as the server says
};

/// A version that serving may load: READY and not Archived.
struct ActiveVersion {
  int64_t version = 0;
  std::string stage;
  std::string source;  // where its files are, as download_uri() gives it
  std::vector<std::string> aliases;
};

/// An endpoint with its active versions, lowest first.
struct EndpointVersions {
  Endpoint endpoint;
  std::vector<ActiveVersion> versions;
};

/// Enable serving of a registered model and give the endpoint; again is fine and changes no more
/// than max_concurrency, where that is given.
/// Errors   resource_does_not_exist: no such model; invalid_parameter_value: a negative number.
Result<Endpoint> enable_endpoint(db::Connection& conn, std::string_view registered_model_name,
                                 std::string_view creator,
                                 std::optional<int64_t> max_concurrency = std::nullopt);

/// End it. Errors resource_does_not_exist: no such model, or it is not served.
Result<void> disable_endpoint(db::Connection& conn, std::string_view registered_model_name);

/// Give one. Errors as disable_endpoint.
Result<Endpoint> get_endpoint(db::Connection& conn, std::string_view registered_model_name);

/// List all by name; to notice changes, poll registry_generation() in store/registry.h.
Result<std::vector<Endpoint>> list_endpoints(db::Connection& conn);

/// The same with what is to be served of each.
Result<std::vector<EndpointVersions>> list_served(db::Connection& conn);

}  // namespace slipway::store
