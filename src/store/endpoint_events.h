// store/endpoint_events.h — what happened to served models, the newest of each endpoint.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"

namespace slipway::store {

/// An endpoint is that of a registered model (served are its versions), or a serving endpoint
/// (served are its served models).
enum class EndpointKind { registered_model, serving_endpoint };

struct EndpointEvent {
  EndpointKind kind = EndpointKind::registered_model;
  std::string endpoint;  // its name
  std::string served;    // a version, or a served model's name; "" the endpoint itself
  int64_t time_ms = 0;
  std::string event;    // such as LOADED: serve/event_log.h
  std::string server;   // the machine and process that it happened in
  std::string message;  // for people; may be empty
};

/// So many are kept of each endpoint.
constexpr int64_t kMaxEndpointEvents = 1000;

/// Write events down, and drop what is too old; those of endpoints that are gone are left out.
Result<void> record_endpoint_events(db::Connection& conn, std::span<const EndpointEvent> events);

/// Give an endpoint's newest events, the newest first; of one served thing where it is named.
/// Errors   resource_does_not_exist: no such registered model or serving endpoint;
///          invalid_parameter_value: max_results outside 1..1000.
Result<std::vector<EndpointEvent>> list_endpoint_events(db::Connection& conn, EndpointKind kind,
                                                        std::string_view endpoint,
                                                        std::string_view served,
                                                        int64_t max_results);

}  // namespace slipway::store
