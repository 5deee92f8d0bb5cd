// api/serving_json.h — serving endpoints as Databricks' clients send and expect them.
#pragma once
#include "api/fields.h"
#include "base/json.h"
#include "serve/splits.h"
#include "store/endpoint_events.h"
#include "store/serving_endpoints.h"

namespace slipway::api {

/// Read served_entities or served_models, and traffic_config.
/// Errors   as Fields; not_implemented: an external model; invalid_parameter_value: an unknown
///          workload_size.
/// Source   Databricks' REST "Serving endpoints", and the requests of databricks-sdk 0.156.
Result<store::ServingRequest> read_serving_request(const Fields& fields);

/// How much detail an endpoint is shown in: a list has less.
enum class Detail { summary, whole };

/// split   what serves here, or null
JsonObject serving_json(const store::ServingEndpoint& endpoint, const serve::Split* split,
                        Detail detail);

JsonArray tags_json(const std::vector<store::Tag>& tags);
JsonArray events_json(const std::vector<store::EndpointEvent>& events);

/// Events as lines of text, the oldest first.
std::string events_text(const std::vector<store::EndpointEvent>& events);

}  // namespace slipway::api
