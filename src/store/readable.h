// store/readable.h — keeps a search to what its caller may read.
#pragma once
#include <string_view>

#include "store/permission.h"
#include "store/search_sql.h"

namespace slipway::store {

/// Add ` AND …` so that only rows stay whose `column` is readable: the integer key of experiments
/// or of registered models.
Result<void> add_readable(db::Connection& conn, Sql& sql, std::string_view column,
                          Resource resource, const Readable& readable);

}  // namespace slipway::store
