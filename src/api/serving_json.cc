#include "api/serving_json.h"

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"

namespace slipway::api {
namespace {

struct Size {
  std::string_view name;
  int64_t max_concurrency;  // what Databricks gives at most in that size
};
constexpr Size kSizes[] = {{"Small", 4}, {"Medium", 16}, {"Large", 64}};

// What a size is here: how many requests at once.
Result<void> read_size(const Fields& fields, store::ServedEntity& entity) {
  entity.workload_type = TRY(fields.text_or("workload_type", "CPU"));
  const auto size = TRY(fields.text_or("workload_size", ""));
  const auto most = TRY(fields.integer_or("max_provisioned_concurrency", 0));
  if (most < 0) {
    return fail(Code::invalid_parameter_value,
                "max_provisioned_concurrency is {}; accepted: 1 or more", most);
  }
  entity.max_concurrency = most;
  if (size.empty()) return {};
  const auto* known =
      std::ranges::find_if(kSizes, [&](const auto& row) { return lower(row.name) == lower(size); });
  if (known == std::end(kSizes)) {
    return fail(Code::invalid_parameter_value,
                "workload_size is '{}'; accepted: Small (4 requests at once), Medium (16), Large "
                "(64)",
                size);
  }
  entity.workload_size = known->name;
  if (most == 0) entity.max_concurrency = known->max_concurrency;
  return {};
}

Result<store::ServedEntity> read_entity(const Fields& fields, std::string_view name_key,
                                        std::string_view version_key) {
  if (fields.has("external_model")) {
    return fail(Code::not_implemented,
                "external models are not served here; a served entity is a registered model: "
                "entity_name and entity_version");
  }
  store::ServedEntity entity;
  entity.name = TRY(fields.text_or("name", ""));
  entity.entity_name = TRY(fields.text(name_key));
  entity.entity_version = TRY(fields.integer(version_key));
  entity.scale_to_zero_enabled = TRY(fields.truth_or("scale_to_zero_enabled", false));
  TRY(read_size(fields, entity));
  return entity;
}

// Names and values of an object of texts.
Result<std::vector<store::Tag>> read_environment(const Json* object) {
  std::vector<store::Tag> variables;
  if (!object || object->is_null()) return variables;
  if (!object->is_object()) {
    return fail(Code::invalid_parameter_value, "environment_vars is no object of texts");
  }
  for (const auto& [key, value] : object->get_object()) {
    if (!value.is_string()) {
      return fail(Code::invalid_parameter_value, "the environment variable '{}' is no text",
                  std::string_view(key));
    }
    variables.push_back({std::string(key), std::string(value.get_string())});
  }
  return variables;
}

Json entity_state(const serve::Split* split, int64_t config_version, const std::string& name) {
  if (split && split->config_version == config_version) {
    for (const auto& part : split->parts) {
      if (part.entity.name != name) continue;
      return JsonObject{{"deployment", part.model ? "DEPLOYMENT_READY" : "DEPLOYMENT_FAILED"},
                        {"deployment_state_message", part.message}};
    }
  }
  return JsonObject{{"deployment", "DEPLOYMENT_CREATING"},
                    {"deployment_state_message", split ? split->message : ""}};
}

enum class Spelling { entities, models };

JsonObject entity_json(const store::ServedEntity& entity, Spelling spelling, Detail detail) {
  const bool old = spelling == Spelling::models;
  JsonObject json{
      {"name", entity.name},
      {old ? "model_name" : "entity_name", entity.entity_name},
      {old ? "model_version" : "entity_version", std::to_string(entity.entity_version)}};
  if (detail == Detail::summary) return json;
  if (!entity.workload_size.empty()) json["workload_size"] = entity.workload_size;
  json["workload_type"] = entity.workload_type;
  if (entity.max_concurrency > 0) json["max_provisioned_concurrency"] = entity.max_concurrency;
  json["scale_to_zero_enabled"] = entity.scale_to_zero_enabled;
  if (!entity.environment_vars.empty()) {
    JsonObject variables;
    for (const auto& variable : entity.environment_vars) variables[variable.key] = variable.value;
    json["environment_vars"] = std::move(variables);
  }
  json["creator"] = entity.creator;
  json["creation_timestamp"] = entity.creation_time_ms;
  return json;
}

JsonObject config_json(const store::ServingConfig& config, const serve::Split* split,
                       Detail detail) {
  JsonArray entities;
  JsonArray models;
  for (const auto& entity : config.entities) {
    auto as_entity = entity_json(entity, Spelling::entities, detail);
    auto as_model = entity_json(entity, Spelling::models, detail);
    if (detail == Detail::whole) {
      as_entity["state"] = as_model["state"] = entity_state(split, config.version, entity.name);
    }
    entities.push_back(std::move(as_entity));
    models.push_back(std::move(as_model));
  }
  JsonObject json{{"served_entities", std::move(entities)}, {"served_models", std::move(models)}};
  if (detail == Detail::summary) return json;
  JsonArray routes;
  for (const auto& route : config.routes) {
    routes.push_back(JsonObject{{"served_model_name", route.served_name},
                                {"served_entity_name", route.served_name},
                                {"traffic_percentage", route.percentage}});
  }
  json["traffic_config"] = JsonObject{{"routes", std::move(routes)}};
  json["config_version"] = config.version;
  return json;
}

// What was adopted by another server may still be on its way here.
std::string_view update_state(const store::ServingEndpoint& endpoint, const serve::Split* split) {
  if (endpoint.pending) return "IN_PROGRESS";
  if (!endpoint.failure.empty()) return "UPDATE_FAILED";
  if (endpoint.config && split && !split->message.empty()) return "UPDATE_FAILED";
  const bool is_here =
      !endpoint.config || (split && split->config_version == endpoint.config->version);
  return is_here ? "NOT_UPDATING" : "IN_PROGRESS";
}

}  // namespace

Result<store::ServingRequest> read_serving_request(const Fields& fields) {
  store::ServingRequest request;
  for (const auto& [list, name, version] :
       {std::tuple("served_entities", "entity_name", "entity_version"),
        std::tuple("served_models", "model_name", "model_version")}) {
    const auto items = TRY(fields.items(list));
    if (!request.entities.empty()) break;  // both may be sent; they say the same
    for (const auto& item : items) {
      auto entity = TRY(read_entity(item, name, version));
      const auto* variables = item.raw("environment_vars");
      entity.environment_vars = TRY(read_environment(variables));
      request.entities.push_back(std::move(entity));
    }
  }
  const auto traffic = TRY(fields.object("traffic_config"));
  const auto routes = TRY(traffic.items("routes"));
  for (const auto& item : routes) {
    store::TrafficRoute route;
    const auto model_name = TRY(item.text_or("served_model_name", ""));
    route.served_name = TRY(item.text_or("served_entity_name", model_name));
    route.percentage = TRY(item.integer("traffic_percentage"));
    request.routes.push_back(std::move(route));
  }
  return request;
}

JsonArray tags_json(const std::vector<store::Tag>& tags) {
  JsonArray json;
  for (const auto& tag : tags) json.push_back(JsonObject{{"key", tag.key}, {"value", tag.value}});
  return json;
}

JsonObject serving_json(const store::ServingEndpoint& endpoint, const serve::Split* split,
                        Detail detail) {
  const bool ready = split && split->is_ready();
  JsonObject state{{"ready", ready ? "READY" : "NOT_READY"},
                   {"config_update", update_state(endpoint, split)}};
  const auto& problem = !endpoint.failure.empty() || !split ? endpoint.failure : split->message;
  if (!problem.empty()) state["message"] = problem;
  JsonObject json{{"name", endpoint.name},
                  {"id", endpoint.endpoint_id},
                  {"creator", endpoint.creator},
                  {"creation_timestamp", endpoint.creation_time_ms},
                  {"last_updated_timestamp", endpoint.last_updated_time_ms},
                  {"state", std::move(state)}};
  if (!endpoint.description.empty()) json["description"] = endpoint.description;
  if (endpoint.config) json["config"] = config_json(*endpoint.config, split, detail);
  json["tags"] = tags_json(endpoint.tags);
  if (detail == Detail::summary) return json;
  if (endpoint.pending) {
    auto pending = config_json(*endpoint.pending, split, detail);
    pending["start_time"] = endpoint.pending->start_time_ms;
    json["pending_config"] = std::move(pending);
  }
  json["endpoint_url"] = fmt::format("/serving-endpoints/{}/invocations", endpoint.name);
  json["route_optimized"] = false;
  return json;
}

JsonArray events_json(const std::vector<store::EndpointEvent>& events) {
  JsonArray json;
  for (const auto& event : events) {
    json.push_back(JsonObject{{"timestamp", event.time_ms},
                              {"served", event.served},
                              {"event", event.event},
                              {"server", event.server},
                              {"message", event.message}});
  }
  return json;
}

std::string events_text(const std::vector<store::EndpointEvent>& events) {
  std::string text;
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    text += fmt::format("{} {} {} {} {}\n", utc_text(event->time_ms), event->server,
                        event->served.empty() ? "-" : event->served, event->event, event->message);
  }
  return text;
}

}  // namespace slipway::api
