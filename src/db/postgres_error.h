// db/postgres_error.h — what PostgreSQL reports, as our errors.
#pragma once
#include <string_view>

#include "base/result.h"
#include "db/address.h"

namespace slipway::db {

/// Make our error of a SQLSTATE and PostgreSQL's sentence; the message names the database.
/// Source   PostgreSQL 15, appendix A "PostgreSQL Error Codes"
Error postgres_error(const Address& address, std::string_view sqlstate, std::string_view message);

/// Make the error of a connection that cannot be made or broke. `doing` is such as "was lost".
Error connection_error(const Address& address, std::string_view doing, std::string_view message);

}  // namespace slipway::db
