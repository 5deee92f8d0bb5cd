// db/sqlite.h — a SQLite database file as a Database.
#pragma once
#include <filesystem>
#include <memory>

#include "base/result.h"
#include "db/database.h"

namespace slipway::db {

/// Open a database file; with read_write it is made where there is none. A write survives a power
/// cut once its transaction is committed (WAL, synchronous=FULL).
/// Errors   temporarily_unavailable: it cannot be opened or is full; data_loss: no database.
Result<std::unique_ptr<Database>> open_sqlite(const std::filesystem::path& path, Access access);

}  // namespace slipway::db
