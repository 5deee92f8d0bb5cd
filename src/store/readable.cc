#include "store/readable.h"

#include "base/text.h"

namespace slipway::store {
namespace {

Result<std::optional<int64_t>> key_of(db::Connection& conn, Resource resource,
                                      const std::string& id) {
  if (resource == Resource::experiment) return to_integer(id);
  return conn.integer("SELECT registered_model_key FROM registered_models WHERE name = ?", id);
}

}  // namespace

Result<void> add_readable(db::Connection& conn, Sql& sql, std::string_view column,
                          Resource resource, const Readable& readable) {
  if (readable.all && readable.listed.empty()) return {};
  std::vector<int64_t> keys;
  for (const auto& id : readable.listed) {
    const auto key = TRY(key_of(conn, resource, id));
    if (key) keys.push_back(*key);
  }
  sql.add(readable.all ? " AND NOT (" : " AND (");
  add_integers(sql, column, keys);
  sql.add(")");
  return {};
}

}  // namespace slipway::store
