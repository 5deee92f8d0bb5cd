// store/serving_endpoints.h — endpoints that serve named models with a share of the traffic each.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/values.h"

namespace slipway::store {

/// One model of an endpoint: a version of a registered model under a name of its own.
struct ServedEntity {
  std::string name;  // what routes and answers call it; unique in its config
  std::string entity_name;
  int64_t entity_version = 0;
  std::string workload_size;    // Small, Medium, Large; "" where a number was given, or nothing
  std::string workload_type;    // CPU and the like, as it was sent
  int64_t max_concurrency = 0;  // requests at once; 0: as the server says
  bool scale_to_zero_enabled = false;
  std::vector<Tag> environment_vars;
  std::string creator;
  int64_t creation_time_ms = 0;
  bool operator==(const ServedEntity&) const = default;
};

struct TrafficRoute {
  std::string served_name;
  int64_t percentage = 0;  // 0 to 100
  bool operator==(const TrafficRoute&) const = default;
};

/// What an endpoint serves. The percentages add to 100.
struct ServingConfig {
  int64_t version = 0;  // rises with each update, also with one that fails
  int64_t start_time_ms = 0;
  std::vector<ServedEntity> entities;
  std::vector<TrafficRoute> routes;
};

struct ServingEndpoint {
  std::string endpoint_id;
  std::string name;
  std::string creator;
  std::string description;
  int64_t creation_time_ms = 0;
  int64_t last_updated_time_ms = 0;
  std::vector<Tag> tags;
  std::optional<ServingConfig> config;   // serves; nothing before the first was loaded
  std::optional<ServingConfig> pending;  // is to be loaded, and then takes its place
  std::string failure;                   // why the last update came to nothing; "" where it did not
};

/// What a new endpoint, or another config, is made of.
struct ServingRequest {
  std::vector<ServedEntity> entities;  // names may be empty: MODEL-VERSION
  std::vector<TrafficRoute> routes;    // none: all to the only entity
};

/// Make an endpoint whose config is still to be loaded.
/// Errors   resource_already_exists; resource_does_not_exist: a model or version; as
///          update_serving_config.
Result<ServingEndpoint> create_serving_endpoint(db::Connection& conn,
                                                const ServingEndpoint& endpoint,
                                                ServingRequest request);

/// Ask for another config; the present one serves until adopt_config(). Without entities those of
/// the present config stay, and the routes change.
/// Errors   resource_does_not_exist: the endpoint, a model or a version; resource_conflict: an
///          update is under way; invalid_parameter_value: names that are not unique, routes that
///          name none of them or do not add to 100.
Result<ServingEndpoint> update_serving_config(db::Connection& conn, std::string_view name,
                                              std::string_view creator, ServingRequest request);

/// Let the pending config of this version serve; false where it is no longer pending, because
/// another server was first or the endpoint is gone.
Result<bool> adopt_config(db::Connection& conn, std::string_view endpoint_id, int64_t version);

/// Give the pending config of this version up; false as adopt_config.
Result<bool> fail_config(db::Connection& conn, std::string_view endpoint_id, int64_t version,
                         std::string_view message);

/// Errors   resource_does_not_exist.
Result<ServingEndpoint> get_serving_endpoint(db::Connection& conn, std::string_view name);
/// By name.
Result<std::vector<ServingEndpoint>> list_serving_endpoints(db::Connection& conn);

/// Errors   resource_does_not_exist.
Result<void> delete_serving_endpoint(db::Connection& conn, std::string_view name);

/// Set some tags and delete others; give all there are then.
/// Errors   resource_does_not_exist.
Result<std::vector<Tag>> change_serving_tags(db::Connection& conn, std::string_view name,
                                             const std::vector<Tag>& added,
                                             const std::vector<std::string>& deleted);

}  // namespace slipway::store
