// db/migrations.h — numbered steps that bring a database to the tables this program knows.
#pragma once
#include <span>
#include <string_view>

#include "base/result.h"
#include "db/connection.h"

namespace slipway::db {

/// One step: the SQL that brings a database from version `version - 1` to `version`.
struct Migration {
  int version;
  std::string_view sql;
};

/// Apply the steps a database lacks, all in one transaction. `migrations` are numbered from 1 up.
///
/// Errors   invalid_state: a newer program wrote the database (nothing is touched then);
///          others as Connection::exec (nothing is changed then).
Result<void> migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace slipway::db
