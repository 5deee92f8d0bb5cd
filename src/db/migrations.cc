#include "db/migrations.h"

#include <string>

namespace slipway::db {
namespace {

Result<int64_t> version_of(Connection& connection) {
  const auto tables = TRY(connection.integer(
      "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'"));
  if (tables.value_or(0) == 0) return 0;
  const auto version = TRY(connection.integer("SELECT version FROM schema_version"));
  return version.value_or(0);
}

Result<void> apply(Connection& connection, std::span<const Migration> migrations, int64_t version) {
  TRY(connection.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)"));
  for (const Migration& migration : migrations) {
    if (migration.version > version) TRY(connection.script(std::string(migration.sql)));
  }
  TRY(connection.exec("DELETE FROM schema_version"));
  TRY(connection.exec("INSERT INTO schema_version (version) VALUES (?)",
                      migrations.back().version));
  return connection.exec("COMMIT");
}

}  // namespace

Result<void> migrate(Connection& connection, std::span<const Migration> migrations) {
  check(!migrations.empty(), "there is a first migration");
  const int known = migrations.back().version;
  const int64_t version = TRY(version_of(connection));
  if (version > known) {
    return fail(Code::invalid_state,
                "'{}' has schema version {}, and this program knows versions up to {}: a newer "
                "Slipway wrote it. Start that version or a newer one; nothing was changed.",
                connection.path().string(), version, known);
  }
  if (version == known) return {};
  TRY(connection.exec("BEGIN IMMEDIATE"));
  auto applied = apply(connection, migrations, version);
  if (!applied.ok() && connection.in_transaction()) TRY(connection.exec("ROLLBACK"));
  return applied;
}

}  // namespace slipway::db
