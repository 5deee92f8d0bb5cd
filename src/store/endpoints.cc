#include "store/endpoints.h"

#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "store/version_rows.h"

namespace slipway::store {
namespace {

constexpr std::string_view kEndpoints =
    "SELECT g.name, p.enabled_time_ms, p.creator, p.max_concurrency FROM endpoints p"
    " JOIN registered_models g ON g.registered_model_key = p.registered_model_key";

Endpoint endpoint_of(const db::Row& row) {
  return {row.text(0), row.integer(1), row.text(2), row.integer(3)};
}

Error not_served(std::string_view name) {
  return fail(Code::resource_does_not_exist, "Serving is not enabled for the registered model '{}'",
              name);
}

}  // namespace

Result<Endpoint> enable_endpoint(db::Connection& conn, std::string_view registered_model_name,
                                 std::string_view creator, std::optional<int64_t> max_concurrency) {
  if (max_concurrency.value_or(0) < 0) {
    return fail(Code::invalid_parameter_value,
                "max_concurrency is {}; accepted: 1 or more, or 0 for the server's own",
                *max_concurrency);
  }
  const int64_t key = TRY(registered_model_key(conn, registered_model_name));
  TRY(
      conn.exec("INSERT INTO endpoints (registered_model_key, enabled_time_ms, creator)"
                " VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                key, now_ms(), creator));
  bool is_changed = conn.changes() > 0;
  if (max_concurrency) {
    TRY(conn.exec("UPDATE endpoints SET max_concurrency = ? WHERE registered_model_key = ?",
                  *max_concurrency, key));
    is_changed = true;
  }
  if (is_changed) TRY(raise_generation(conn));
  return get_endpoint(conn, registered_model_name);
}

Result<void> disable_endpoint(db::Connection& conn, std::string_view registered_model_name) {
  const int64_t key = TRY(registered_model_key(conn, registered_model_name));
  TRY(conn.exec("DELETE FROM endpoints WHERE registered_model_key = ?", key));
  if (conn.changes() == 0) return not_served(registered_model_name);
  return raise_generation(conn);
}

Result<Endpoint> get_endpoint(db::Connection& conn, std::string_view registered_model_name) {
  const int64_t key = TRY(registered_model_key(conn, registered_model_name));
  auto cursor = TRY(conn.query(std::string(kEndpoints) + " WHERE p.registered_model_key = ?", key));
  if (!TRY(cursor.next())) return not_served(registered_model_name);
  return endpoint_of(cursor.row());
}

Result<std::vector<Endpoint>> list_endpoints(db::Connection& conn) {
  std::vector<Endpoint> endpoints;
  TRY(conn.for_each(std::string(kEndpoints) + " ORDER BY g.name",
                    [&](const db::Row& row) { endpoints.push_back(endpoint_of(row)); }));
  return endpoints;
}

// Two statements for all: a registry of thousands is read at each of its changes.
Result<std::vector<EndpointVersions>> list_served(db::Connection& conn) {
  std::vector<EndpointVersions> served;
  std::unordered_map<int64_t, std::pair<size_t, size_t>> places;  // by version_key
  TRY(conn.for_each(
      "SELECT g.name, p.enabled_time_ms, p.creator, p.max_concurrency, v.version_key, v.version,"
      " v.current_stage, v.storage_location FROM endpoints p JOIN registered_models g"
      " ON g.registered_model_key = p.registered_model_key LEFT JOIN model_versions v"
      " ON v.registered_model_key = g.registered_model_key AND v.status = ?"
      " AND v.current_stage != 'Archived' ORDER BY g.name, v.version",
      [&](const db::Row& row) {
        if (served.empty() || served.back().endpoint.registered_model_name != row.bytes(0)) {
          served.push_back({endpoint_of(row), {}});
        }
        if (row.is_null(4)) return;
        auto& versions = served.back().versions;
        places.emplace(row.integer(4), std::pair(served.size() - 1, versions.size()));
        versions.push_back({row.integer(5), row.text(6), row.text(7), {}});
      },
      static_cast<int64_t>(VersionStatus::ready)));
  TRY(conn.for_each(
      "SELECT a.version_key, a.alias FROM model_aliases a JOIN endpoints p"
      " ON p.registered_model_key = a.registered_model_key ORDER BY a.version_key, a.alias",
      [&](const db::Row& row) {
        const auto place = places.find(row.integer(0));
        if (place == places.end()) return;
        const auto [endpoint, version] = place->second;
        served[endpoint].versions[version].aliases.push_back(row.text(1));
      }));
  return served;
}

}  // namespace slipway::store
