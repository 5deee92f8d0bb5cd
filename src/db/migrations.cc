#include "db/migrations.h"

#include <string>

namespace slipway::db {
namespace {

Result<int64_t> version_of(Connection& connection) {
  const bool has_version = TRY(connection.has_table("schema_version"));
  if (!has_version) return 0;
  const auto version = TRY(connection.integer("SELECT version FROM schema_version"));
  return version.value_or(0);
}

Result<void> check_known(const Connection& connection, int64_t version, int known) {
  if (version <= known) return {};
  return fail(Code::invalid_state,
              "'{}' has schema version {}, and this program knows versions up to {}: a newer "
              "Slipway wrote it. Start that version or a newer one; nothing was changed.",
              connection.address().shown(), version, known);
}

Result<void> apply(Connection& connection, std::span<const Migration> migrations) {
  // asked again: another server may have been quicker
  const int64_t version = TRY(version_of(connection));
  TRY(check_known(connection, version, migrations.back().version));
  TRY(connection.script("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)"));
  for (const Migration& migration : migrations) {
    if (migration.version > version) TRY(connection.script(std::string(migration.sql)));
  }
  TRY(connection.exec("DELETE FROM schema_version"));
  TRY(connection.exec("INSERT INTO schema_version (version) VALUES (?)",
                      migrations.back().version));
  return connection.commit();
}

}  // namespace

Result<void> migrate(Connection& connection, std::span<const Migration> migrations) {
  check(!migrations.empty(), "there is a first migration");
  const int64_t version = TRY(version_of(connection));
  TRY(check_known(connection, version, migrations.back().version));
  if (version == migrations.back().version) return {};
  TRY(connection.begin(Access::read_write));
  auto applied = apply(connection, migrations);
  if (!applied.ok() && connection.in_transaction()) TRY(connection.rollback());
  return applied;
}

}  // namespace slipway::db
