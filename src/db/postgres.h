// db/postgres.h — a connection to a PostgreSQL server as a Database.
#pragma once
#include <memory>

#include "base/result.h"
#include "db/address.h"
#include "db/database.h"

namespace slipway::db {

/// Connect to the database of a PostgreSQL server, 12 or newer.
///
/// Writes of all connections to one database take turns by an advisory lock, which begin() takes.
/// A lost connection fails what it was used for, and is made again by the next begin().
/// Errors   temporarily_unavailable: no server there, or it refuses; invalid_state: the database
///          does not keep UTF-8.
Result<std::unique_ptr<Database>> open_postgres(const Address& address, Access access);

}  // namespace slipway::db
