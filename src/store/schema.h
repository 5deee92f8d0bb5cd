// store/schema.h — every table of the database, as numbered migrations.
#pragma once
#include <span>

#include "db/migrations.h"

namespace slipway::store {

/// The steps from an empty database to the tables this program knows; old steps never change.
std::span<const db::Migration> migrations();

}  // namespace slipway::store
