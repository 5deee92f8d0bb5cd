// db/connection.h — one connection to the database: statements with bound values, rows, errors.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace slipway::db {

/// Bytes to bind as a blob; borrowed for the call.
struct Blob {
  std::string_view bytes;
};

/// The row a cursor stands on; valid until the cursor moves. Columns count from 0. NULL reads as
/// 0, 0.0 or "".
class Row {
 public:
  bool is_null(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;
  /// The bytes of a text or blob; borrowed until the cursor moves.
  std::string_view bytes(int column) const;
  std::string text(int column) const { return std::string(bytes(column)); }
  std::optional<int64_t> optional_integer(int column) const;
  std::optional<std::string> optional_text(int column) const;

 private:
  friend class Cursor;
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_;
};

/// A value known at run time, for statements that are put together (search, many rows at once).
using Value = std::variant<std::nullptr_t, int64_t, double, std::string>;

class Connection;

/// A prepared statement's place in the cache: the copies of it that no cursor uses.
struct CachedStatement {
  std::vector<sqlite3_stmt*> idle;
  int n_used = 0;
};

/// The rows of one query, one at a time. The statement goes back to the cache at the end of its
/// scope. The connection must outlive it, and stay in this thread.
class Cursor {
 public:
  Cursor(Cursor&& other) noexcept;
  Cursor& operator=(Cursor&&) = delete;
  ~Cursor();

  /// Step to the next row; false at the end. Errors as Connection::exec.
  Result<bool> next();
  Row row() const { return Row(statement_); }

 private:
  friend class Connection;
  Cursor(Connection* connection, sqlite3_stmt* statement, CachedStatement* home)
      : connection_(connection), statement_(statement), home_(home) {}
  Connection* connection_;
  sqlite3_stmt* statement_;
  CachedStatement* home_;
};

enum class Access { read_only, read_write };

/// A connection to one SQLite database file. For one thread at a time.
///
/// A write survives a power cut once its transaction is committed (WAL, synchronous=FULL).
class Connection {
 public:
  /// Open a database file; with read_write it is made where there is none.
  /// Errors   temporarily_unavailable: it cannot be opened or is full; data_loss: no database.
  static Result<Connection> open(const std::filesystem::path& path, Access access);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;
  ~Connection();

  /// Run one statement; `args` are bound to its `?` in order (integers, double, text, Blob, null
  /// or optional of these). Rows it gives are dropped.
  /// Errors   temporarily_unavailable: the disk is full or failing, or the database stays locked;
  ///          data_loss: the file is damaged; resource_already_exists: a unique key is taken;
  ///          bad_request: a foreign key names no row; otherwise internal_error.
  template <typename... Args>
  Result<void> exec(std::string_view sql, const Args&... args) {
    Cursor cursor = TRY(query(sql, args...));
    while (TRY(cursor.next())) {
    }
    return {};
  }

  /// Start a query; the rows come from the cursor. Errors as exec.
  template <typename... Args>
  Result<Cursor> query(std::string_view sql, const Args&... args) {
    Cursor cursor = TRY(prepare(sql));
    int position = 0;
    Result<void> bound;
    ((bound.ok() ? void(bound = bind(cursor.statement_, ++position, args)) : void()), ...);
    if (!bound.ok()) return std::move(bound).error();
    return cursor;
  }

  /// Start a query whose values are known at run time only. Errors as exec.
  Result<Cursor> query_values(std::string_view sql, std::span<const Value> values);

  /// Run a statement whose values are known at run time only. Errors as exec.
  Result<void> exec_values(std::string_view sql, std::span<const Value> values);

  /// Call `each(row)` for every row; where it gives a Result, the first error ends the walk.
  template <typename Each, typename... Args>
  Result<void> for_each(std::string_view sql, Each&& each, const Args&... args) {
    Cursor cursor = TRY(query(sql, args...));
    while (TRY(cursor.next())) {
      if constexpr (std::is_void_v<decltype(each(cursor.row()))>) {
        each(cursor.row());
      } else {
        TRY(each(cursor.row()));
      }
    }
    return {};
  }

  /// Give the first column of the first row as an integer; nothing where there is no row or NULL.
  template <typename... Args>
  Result<std::optional<int64_t>> integer(std::string_view sql, const Args&... args) {
    Cursor cursor = TRY(query(sql, args...));
    if (!TRY(cursor.next())) return std::optional<int64_t>();
    return cursor.row().optional_integer(0);
  }

  /// Give the first column of the first row as text; nothing where there is no row or NULL.
  template <typename... Args>
  Result<std::optional<std::string>> text(std::string_view sql, const Args&... args) {
    Cursor cursor = TRY(query(sql, args...));
    if (!TRY(cursor.next())) return std::optional<std::string>();
    return cursor.row().optional_text(0);
  }

  /// Run several statements without bound values. Errors as exec.
  Result<void> script(const std::string& sql);

  /// Pairs of an integer and a text that the caller knows of this database and does not want to
  /// ask for again, such as interned names; either way round. Only what no one changes once it is
  /// committed. The writer forgets all of them whenever it undoes something.
  std::optional<int64_t> remembered(std::string_view text) const;
  /// The text of an integer, or null; valid until the next remember().
  const std::string* remembered(int64_t key) const;
  void remember(int64_t key, std::string_view text);
  void forget();

  /// Rows changed by the last statement.
  int64_t changes() const;
  /// The integer key of the row inserted last.
  int64_t last_insert_id() const;
  /// Tell whether a transaction is open.
  bool in_transaction() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  friend class Cursor;
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  Connection(sqlite3* database, std::filesystem::path path)
      : database_(database), path_(std::move(path)) {}
  Result<Cursor> prepare(std::string_view sql);
  void drop_unused_statement();
  Error error(int code) const;

  Result<void> bind(sqlite3_stmt* statement, int position, int64_t value);
  Result<void> bind(sqlite3_stmt* statement, int position, double value);
  Result<void> bind(sqlite3_stmt* statement, int position, std::string_view value);
  Result<void> bind(sqlite3_stmt* statement, int position, Blob value);
  Result<void> bind(sqlite3_stmt* statement, int position, std::nullptr_t);
  Result<void> bind(sqlite3_stmt* statement, int position, const std::string& value) {
    return bind(statement, position, std::string_view(value));
  }
  Result<void> bind(sqlite3_stmt* statement, int position, const char* value) {
    return bind(statement, position, std::string_view(value));
  }
  template <typename T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, int64_t>)
  Result<void> bind(sqlite3_stmt* statement, int position, T value) {
    return bind(statement, position, static_cast<int64_t>(value));
  }
  template <typename T>
  Result<void> bind(sqlite3_stmt* statement, int position, const std::optional<T>& value) {
    if (!value) return bind(statement, position, nullptr);
    return bind(statement, position, *value);
  }

  sqlite3* database_;
  std::filesystem::path path_;
  std::unordered_map<std::string, CachedStatement, TextHash, std::equal_to<>> statements_;
  std::unordered_map<std::string, int64_t, TextHash, std::equal_to<>> keys_by_text_;
  std::unordered_map<int64_t, std::string> texts_by_key_;
};

}  // namespace slipway::db
