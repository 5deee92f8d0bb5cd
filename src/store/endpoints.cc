#include "store/endpoints.h"

#include "base/clock.h"
#include "store/version_rows.h"

namespace slipway::store {
namespace {

Endpoint endpoint_of(const db::Row& row) { return {row.text(0), row.integer(1), row.text(2)}; }

Error not_served(std::string_view name) {
  return fail(Code::resource_does_not_exist, "Serving is not enabled for the registered model '{}'",
              name);
}

}  // namespace

Result<Endpoint> enable_endpoint(db::Connection& conn, std::string_view registered_model_name,
                                 std::string_view creator) {
  const int64_t key = TRY(registered_model_key(conn, registered_model_name));
  TRY(
      conn.exec("INSERT INTO endpoints (registered_model_key, enabled_time_ms, creator)"
                " VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                key, now_ms(), creator));
  if (conn.changes() > 0) TRY(raise_generation(conn));
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
  auto cursor = TRY(conn.query(
      "SELECT g.name, p.enabled_time_ms, p.creator FROM endpoints p JOIN registered_models g"
      " ON g.registered_model_key = p.registered_model_key WHERE p.registered_model_key = ?",
      key));
  if (!TRY(cursor.next())) return not_served(registered_model_name);
  return endpoint_of(cursor.row());
}

Result<std::vector<Endpoint>> list_endpoints(db::Connection& conn) {
  std::vector<Endpoint> endpoints;
  TRY(conn.for_each(
      "SELECT g.name, p.enabled_time_ms, p.creator FROM endpoints p JOIN registered_models g"
      " ON g.registered_model_key = p.registered_model_key ORDER BY g.name",
      [&](const db::Row& row) { endpoints.push_back(endpoint_of(row)); }));
  return endpoints;
}

}  // namespace slipway::store
