#include "store/endpoint_events.h"

#include <map>
#include <optional>
#include <utility>

#include "store/version_rows.h"

namespace slipway::store {
namespace {

// The column that says whose events they are, and the endpoint's key in it.
std::string_view column_of(EndpointKind kind) {
  return kind == EndpointKind::registered_model ? "registered_model_key" : "serving_endpoint_key";
}

Result<std::optional<int64_t>> key_of(db::Connection& conn, EndpointKind kind,
                                      std::string_view name) {
  return kind == EndpointKind::registered_model
             ? conn.integer("SELECT registered_model_key FROM registered_models WHERE name = ?",
                            name)
             : conn.integer("SELECT serving_endpoint_key FROM serving_endpoints WHERE name = ?",
                            name);
}

Result<void> trim(db::Connection& conn, EndpointKind kind, int64_t key) {
  return conn.exec(fmt::format("DELETE FROM endpoint_events WHERE {0} = ? AND event_key <="
                               " (SELECT event_key FROM endpoint_events WHERE {0} = ?"
                               " ORDER BY event_key DESC LIMIT 1 OFFSET ?)",
                               column_of(kind)),
                   key, key, kMaxEndpointEvents);
}

}  // namespace

Result<void> record_endpoint_events(db::Connection& conn, std::span<const EndpointEvent> events) {
  std::map<std::pair<EndpointKind, std::string>, std::optional<int64_t>> keys;
  for (const auto& event : events) {
    auto [known, is_new] = keys.try_emplace({event.kind, event.endpoint});
    if (is_new) known->second = TRY(key_of(conn, event.kind, event.endpoint));
    if (!known->second) continue;
    TRY(conn.exec(fmt::format("INSERT INTO endpoint_events ({}, served, time_ms, event, server,"
                              " message) VALUES (?, ?, ?, ?, ?, ?)",
                              column_of(event.kind)),
                  *known->second, event.served, event.time_ms, event.event, event.server,
                  event.message));
  }
  for (const auto& [endpoint, key] : keys) {
    if (key) TRY(trim(conn, endpoint.first, *key));
  }
  return {};
}

Result<std::vector<EndpointEvent>> list_endpoint_events(db::Connection& conn, EndpointKind kind,
                                                        std::string_view endpoint,
                                                        std::string_view served,
                                                        int64_t max_results) {
  if (max_results < 1 || max_results > kMaxEndpointEvents) {
    return fail(Code::invalid_parameter_value, "max_results is {}; accepted: 1 to {}", max_results,
                kMaxEndpointEvents);
  }
  const auto key = TRY(key_of(conn, kind, endpoint));
  if (!key) {
    return fail(Code::resource_does_not_exist, "{} '{}' does not exist",
                kind == EndpointKind::registered_model ? "Registered model" : "Serving endpoint",
                endpoint);
  }
  std::vector<EndpointEvent> events;
  TRY(conn.for_each(
      fmt::format("SELECT served, time_ms, event, server, message FROM endpoint_events"
                  " WHERE {} = ? AND (? = '' OR served = ?) ORDER BY event_key DESC LIMIT ?",
                  column_of(kind)),
      [&](const db::Row& row) {
        events.push_back({kind, std::string(endpoint), row.text(0), row.integer(1), row.text(2),
                          row.text(3), row.text(4)});
      },
      *key, served, served, max_results));
  return events;
}

}  // namespace slipway::store
