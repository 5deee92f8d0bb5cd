#include "store/serving_config.h"

#include <algorithm>
#include <set>

#include "base/json.h"

namespace slipway::store {
namespace {

constexpr size_t kMaxNameLength = 63;
constexpr size_t kMaxEntities = 15;  // as Databricks has it
constexpr int64_t kWhole = 100;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Json entity_json(const ServedEntity& entity) {
  JsonArray environment;
  for (const auto& variable : entity.environment_vars) {
    environment.push_back(JsonArray{Json(variable.key), Json(variable.value)});
  }
  return JsonObject{{"name", entity.name},
                    {"entity_name", entity.entity_name},
                    {"entity_version", entity.entity_version},
                    {"workload_size", entity.workload_size},
                    {"workload_type", entity.workload_type},
                    {"max_concurrency", entity.max_concurrency},
                    {"scale_to_zero_enabled", entity.scale_to_zero_enabled},
                    {"environment_vars", std::move(environment)},
                    {"creator", entity.creator},
                    {"creation_time_ms", entity.creation_time_ms}};
}

Result<ServedEntity> entity_of(const Json& json) {
  ServedEntity entity;
  entity.name = TRY(text_member(json, "name"));
  entity.entity_name = TRY(text_member(json, "entity_name"));
  entity.entity_version = TRY(integer_member(json, "entity_version"));
  entity.workload_size = TRY(text_member(json, "workload_size"));
  entity.workload_type = TRY(text_member(json, "workload_type"));
  entity.max_concurrency = TRY(integer_member(json, "max_concurrency"));
  const auto* scales = find(json, "scale_to_zero_enabled");
  entity.scale_to_zero_enabled = scales && scales->is_bool() && scales->get_bool();
  const auto* variables = TRY(array_member(json, "environment_vars"));
  for (const auto& variable : *variables) {
    const auto* pair = variable.if_array();
    if (!pair || pair->size() != 2 || !pair->at(0).is_string() || !pair->at(1).is_string()) {
      return fail(Code::invalid_parameter_value, "an environment variable is no pair of texts");
    }
    entity.environment_vars.push_back(
        {std::string(pair->at(0).get_string()), std::string(pair->at(1).get_string())});
  }
  entity.creator = TRY(text_member(json, "creator"));
  entity.creation_time_ms = TRY(integer_member(json, "creation_time_ms"));
  return entity;
}

Result<ServingConfig> config_of(const Json& json) {
  ServingConfig config;
  config.version = TRY(integer_member(json, "version"));
  config.start_time_ms = TRY(integer_member(json, "start_time_ms"));
  const auto* entities = TRY(array_member(json, "entities"));
  for (const auto& item : *entities) {
    auto entity = TRY(entity_of(item));
    config.entities.push_back(std::move(entity));
  }
  const auto* routes = TRY(array_member(json, "routes"));
  for (const auto& item : *routes) {
    TrafficRoute route;
    route.served_name = TRY(text_member(item, "served_name"));
    route.percentage = TRY(integer_member(item, "percentage"));
    config.routes.push_back(std::move(route));
  }
  return config;
}

Result<void> complete_entities(std::vector<ServedEntity>& entities) {
  if (entities.empty() || entities.size() > kMaxEntities) {
    return fail(Code::invalid_parameter_value,
                "An endpoint serves 1 to {} models, found {}: give them as served_entities",
                kMaxEntities, entities.size());
  }
  std::set<std::string> names;
  for (auto& entity : entities) {
    if (entity.name.empty()) {
      entity.name = fmt::format("{}-{}", entity.entity_name, entity.entity_version);
      std::ranges::replace_if(entity.name, [](char c) { return !is_word(c) && c != '_'; }, '-');
    }
    if (!names.insert(entity.name).second) {
      return fail(Code::invalid_parameter_value, "Two served models are called '{}'", entity.name);
    }
  }
  return {};
}

Result<void> complete_routes(ServingRequest& request) {
  if (request.routes.empty()) {
    if (request.entities.size() > 1) {
      return fail(Code::invalid_parameter_value,
                  "traffic_config is missing: of {} served models each needs its share",
                  request.entities.size());
    }
    request.routes.push_back({request.entities.front().name, kWhole});
  }
  int64_t sum = 0;
  std::set<std::string> routed;
  for (const auto& route : request.routes) {
    const bool is_known = std::ranges::any_of(
        request.entities, [&](const auto& entity) { return entity.name == route.served_name; });
    if (!is_known || !routed.insert(route.served_name).second) {
      return fail(Code::invalid_parameter_value,
                  "A route of traffic_config names '{}', which is {}", route.served_name,
                  is_known ? "named twice" : "no served model");
    }
    if (route.percentage < 0 || route.percentage > kWhole) {
      return fail(Code::invalid_parameter_value,
                  "traffic_percentage of '{}' is {}; accepted: 0 to 100", route.served_name,
                  route.percentage);
    }
    sum += route.percentage;
  }
  if (sum == kWhole) return {};
  return fail(Code::invalid_parameter_value, "The traffic percentages add to {}, not to 100", sum);
}

}  // namespace

Result<void> complete_config(ServingRequest& request) {
  TRY(complete_entities(request.entities));
  return complete_routes(request);
}

Result<void> check_endpoint_name(std::string_view name) {
  const bool fits =
      !name.empty() && name.size() <= kMaxNameLength && is_word(name.front()) &&
      std::ranges::all_of(name, [](char c) { return is_word(c) || c == '-' || c == '_'; });
  if (fits) return {};
  return fail(Code::invalid_parameter_value,
              "The endpoint name '{}' is not 1 to {} letters, digits, dashes and underscores", name,
              kMaxNameLength);
}

std::string config_text(const ServingConfig& config) {
  JsonArray entities;
  for (const auto& entity : config.entities) entities.push_back(entity_json(entity));
  JsonArray routes;
  for (const auto& route : config.routes) {
    routes.push_back(
        JsonObject{{"served_name", route.served_name}, {"percentage", route.percentage}});
  }
  return to_text(JsonObject{{"version", config.version},
                            {"start_time_ms", config.start_time_ms},
                            {"entities", std::move(entities)},
                            {"routes", std::move(routes)}});
}

Result<std::optional<ServingConfig>> read_config(std::string_view text) {
  if (text.empty()) return std::optional<ServingConfig>();
  const auto json = parse_json(text);
  auto config = json.ok() ? config_of(*json) : json.error();
  if (config.ok()) return std::optional(*std::move(config));
  return fail(Code::data_loss, "the config of a serving endpoint is damaged: {}",
              config.error().message);
}

}  // namespace slipway::store
