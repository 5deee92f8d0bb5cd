// store/run_refresh.h — brings tables of runs up to date with what changed in the database.
#pragma once
#include <cstdint>
#include <map>
#include <span>

#include "db/connection.h"
#include "store/run_columns.h"

namespace slipway::store {

using RunTables = std::map<int64_t, RunTable>;  // by experiment

/// Read the changed runs again: their row and the cells of all columns that are in memory. Runs of
/// experiments without a table are passed over; a table that cannot be mended is dropped.
Result<void> refresh(db::Connection& conn, std::span<const RunChange> changes, RunTables& tables,
                     Dictionaries& dictionaries);

}  // namespace slipway::store
