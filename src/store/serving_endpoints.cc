#include "store/serving_endpoints.h"

#include "base/clock.h"
#include "base/id.h"
#include "store/roles.h"
#include "store/rows.h"
#include "store/serving_config.h"
#include "store/version_rows.h"

namespace slipway::store {
namespace {

constexpr std::string_view kColumns =
    "SELECT serving_endpoint_key, endpoint_id, name, creator, description, creation_time_ms,"
    " last_updated_time_ms, config, pending, failure FROM serving_endpoints";

struct Row {
  int64_t key = 0;
  ServingEndpoint endpoint;
};

Result<Row> row_of(const db::Row& from) {
  Row row;
  row.key = from.integer(0);
  auto& endpoint = row.endpoint;
  endpoint.endpoint_id = from.text(1);
  endpoint.name = from.text(2);
  endpoint.creator = from.text(3);
  endpoint.description = from.text(4);
  endpoint.creation_time_ms = from.integer(5);
  endpoint.last_updated_time_ms = from.integer(6);
  endpoint.config = TRY(read_config(from.bytes(7)));
  endpoint.pending = TRY(read_config(from.bytes(8)));
  endpoint.failure = from.text(9);
  return row;
}

Result<std::vector<Tag>> read_tags(db::Connection& conn, int64_t key) {
  return read_pairs<Tag>(
      conn,
      "SELECT key, value FROM serving_endpoint_tags WHERE serving_endpoint_key = ? ORDER BY key",
      key);
}

Error no_such_endpoint(std::string_view name) {
  return fail(Code::resource_does_not_exist, "Endpoint with name '{}' does not exist.", name);
}

Result<Row> find_row(db::Connection& conn, std::string_view name) {
  Row row;
  {
    auto cursor = TRY(conn.query(std::string(kColumns) + " WHERE name = ?", name));
    if (!TRY(cursor.next())) return no_such_endpoint(name);
    row = TRY(row_of(cursor.row()));
  }
  row.endpoint.tags = TRY(read_tags(conn, row.key));
  return row;
}

// A config is only asked for where all its models are there.
Result<ServingConfig> make_config(db::Connection& conn, ServingRequest request, int64_t version,
                                  std::string_view creator) {
  TRY(complete_config(request));
  const int64_t time_ms = now_ms();
  for (auto& entity : request.entities) {
    TRY(version_key(conn, entity.entity_name, std::to_string(entity.entity_version)));
    if (entity.creation_time_ms > 0) continue;
    entity.creation_time_ms = time_ms;
    entity.creator = creator;
  }
  return ServingConfig{version, time_ms, std::move(request.entities), std::move(request.routes)};
}

Result<void> put_tags(db::Connection& conn, int64_t key, const std::vector<Tag>& tags) {
  for (const auto& tag : tags) {
    TRY(conn.exec(
        "INSERT INTO serving_endpoint_tags (serving_endpoint_key, key, value) VALUES (?, ?, ?)"
        " ON CONFLICT (serving_endpoint_key, key) DO UPDATE SET value = excluded.value",
        key, tag.key, tag.value));
  }
  return {};
}

// The endpoint whose pending config has this version.
Result<std::optional<Row>> find_pending(db::Connection& conn, std::string_view endpoint_id,
                                        int64_t version) {
  auto cursor = TRY(conn.query(std::string(kColumns) + " WHERE endpoint_id = ?", endpoint_id));
  if (!TRY(cursor.next())) return std::optional<Row>();
  auto row = TRY(row_of(cursor.row()));
  const auto& pending = row.endpoint.pending;
  if (!pending || pending->version != version) return std::optional<Row>();
  return std::optional(std::move(row));
}

}  // namespace

Result<ServingEndpoint> create_serving_endpoint(db::Connection& conn,
                                                const ServingEndpoint& endpoint,
                                                ServingRequest request) {
  TRY(check_endpoint_name(endpoint.name));
  const auto taken =
      TRY(conn.integer("SELECT 1 FROM serving_endpoints WHERE name = ?", endpoint.name));
  if (taken) {
    return fail(Code::resource_already_exists, "Endpoint with name '{}' already exists.",
                endpoint.name);
  }
  const auto config = TRY(make_config(conn, std::move(request), 1, endpoint.creator));
  const int64_t time_ms = now_ms();
  const int64_t key = TRY(conn.insert(
      "INSERT INTO serving_endpoints (endpoint_id, name, creator, description, creation_time_ms,"
      " last_updated_time_ms, last_version, config, pending, failure)"
      " VALUES (?, ?, ?, ?, ?, ?, 1, '', ?, '') RETURNING serving_endpoint_key",
      random_hex(16), endpoint.name, endpoint.creator, endpoint.description, time_ms, time_ms,
      config_text(config)));
  TRY(put_tags(conn, key, endpoint.tags));
  TRY(raise_generation(conn));
  return get_serving_endpoint(conn, endpoint.name);
}

Result<ServingEndpoint> update_serving_config(db::Connection& conn, std::string_view name,
                                              std::string_view creator, ServingRequest request) {
  const auto row = TRY(find_row(conn, name));
  if (row.endpoint.pending) {
    return fail(
        Code::resource_conflict,
        "Endpoint '{}' is updated now, to config version {}; wait until state.config_update "
        "is no longer IN_PROGRESS",
        name, row.endpoint.pending->version);
  }
  if (request.entities.empty() && row.endpoint.config) {
    request.entities = row.endpoint.config->entities;
  }
  const auto last = TRY(conn.integer(
      "SELECT last_version FROM serving_endpoints WHERE serving_endpoint_key = ?", row.key));
  const int64_t version = last.value_or(0) + 1;
  const auto config = TRY(make_config(conn, std::move(request), version, creator));
  TRY(
      conn.exec("UPDATE serving_endpoints SET pending = ?, last_version = ?, failure = '',"
                " last_updated_time_ms = ? WHERE serving_endpoint_key = ?",
                config_text(config), version, now_ms(), row.key));
  TRY(raise_generation(conn));
  return get_serving_endpoint(conn, name);
}

Result<bool> adopt_config(db::Connection& conn, std::string_view endpoint_id, int64_t version) {
  const auto row = TRY(find_pending(conn, endpoint_id, version));
  if (!row) return false;
  TRY(
      conn.exec("UPDATE serving_endpoints SET config = pending, pending = '', failure = '',"
                " last_updated_time_ms = ? WHERE serving_endpoint_key = ?",
                now_ms(), row->key));
  TRY(raise_generation(conn));
  return true;
}

Result<bool> fail_config(db::Connection& conn, std::string_view endpoint_id, int64_t version,
                         std::string_view message) {
  const auto row = TRY(find_pending(conn, endpoint_id, version));
  if (!row) return false;
  TRY(
      conn.exec("UPDATE serving_endpoints SET pending = '', failure = ?, last_updated_time_ms = ?"
                " WHERE serving_endpoint_key = ?",
                message, now_ms(), row->key));
  TRY(raise_generation(conn));
  return true;
}

Result<ServingEndpoint> get_serving_endpoint(db::Connection& conn, std::string_view name) {
  auto row = TRY(find_row(conn, name));
  return std::move(row.endpoint);
}

Result<std::vector<ServingEndpoint>> list_serving_endpoints(db::Connection& conn) {
  std::vector<int64_t> keys;
  std::vector<ServingEndpoint> endpoints;
  TRY(conn.for_each(std::string(kColumns) + " ORDER BY name",
                    [&](const db::Row& from) -> Result<void> {
                      auto row = TRY(row_of(from));
                      keys.push_back(row.key);
                      endpoints.push_back(std::move(row.endpoint));
                      return {};
                    }));
  const PageKeys page(keys);
  TRY(conn.for_each(
      "SELECT serving_endpoint_key, key, value FROM serving_endpoint_tags"
      " ORDER BY serving_endpoint_key, key",
      [&](const db::Row& row) {
        endpoints[page.place(row.integer(0))].tags.push_back({row.text(1), row.text(2)});
      }));
  return endpoints;
}

Result<void> delete_serving_endpoint(db::Connection& conn, std::string_view name) {
  TRY(conn.exec("DELETE FROM serving_endpoints WHERE name = ?", name));
  if (conn.changes() == 0) return no_such_endpoint(name);
  TRY(forget_grants(conn, Resource::serving_endpoint, name));
  return raise_generation(conn);
}

Result<std::vector<Tag>> change_serving_tags(db::Connection& conn, std::string_view name,
                                             const std::vector<Tag>& added,
                                             const std::vector<std::string>& deleted) {
  const auto row = TRY(find_row(conn, name));
  TRY(put_tags(conn, row.key, added));
  for (const auto& key : deleted) {
    TRY(conn.exec("DELETE FROM serving_endpoint_tags WHERE serving_endpoint_key = ? AND key = ?",
                  row.key, key));
  }
  return read_tags(conn, row.key);
}

}  // namespace slipway::store
