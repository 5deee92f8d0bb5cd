// db/postgres_sql.h — our SQL, which SQLite runs as it is, in PostgreSQL's words.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slipway::db {

/// A statement for PostgreSQL. `lists[i]` tells that value $i+1 is a JSON list of integers, to be
/// given as `{1,2}`.
struct PostgresSql {
  std::string text;
  std::vector<bool> lists;
};

/// Rewrite a query: `?` becomes $1, $2, …; `IN (SELECT value FROM json_each(?))` an array; LIKE
/// gets SQLite's meaning (no escapes; lower() of a value knows only ASCII, as lower() of our
/// columns does); INTEGER, REAL and BLOB their wide types. Texts in quotes stay as they are.
PostgresSql to_postgres(std::string_view sql);

/// Rewrite statements that make or change tables: the types as above, TEXT sorted by bytes,
/// `INTEGER PRIMARY KEY` an identity unless it refers to another table; no WITHOUT ROWID.
std::string schema_to_postgres(std::string_view sql);

}  // namespace slipway::db
