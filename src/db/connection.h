// db/connection.h — one connection to the database: statements with bound values, rows, errors.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "db/address.h"
#include "db/database.h"

namespace slipway::db {

/// The row a cursor stands on; valid until the cursor moves. Columns count from 0. NULL reads as
/// 0, 0.0 or "".
class Row {
 public:
  bool is_null(int column) const { return statement_->is_null(column); }
  int64_t integer(int column) const { return statement_->integer(column); }
  double real(int column) const { return statement_->real(column); }
  /// The bytes of a text or blob; borrowed until the cursor moves.
  std::string_view bytes(int column) const { return statement_->bytes(column); }
  std::string text(int column) const { return std::string(bytes(column)); }
  std::optional<int64_t> optional_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }
  std::optional<std::string> optional_text(int column) const {
    return is_null(column) ? std::nullopt : std::optional(text(column));
  }

 private:
  friend class Cursor;
  explicit Row(const Statement* statement) : statement_(statement) {}
  const Statement* statement_;
};

/// A prepared statement's place in the cache: the copies of it that no cursor uses.
struct CachedStatement {
  std::vector<std::unique_ptr<Statement>> idle;
  int n_used = 0;
};

/// The rows of one query, one at a time. The statement goes back to the cache at the end of its
/// scope. The connection must outlive it, and stay in this thread.
class Cursor {
 public:
  Cursor(Cursor&& other) noexcept = default;
  Cursor& operator=(Cursor&&) = delete;
  ~Cursor();

  /// Step to the next row; false at the end. Errors as Connection::exec.
  Result<bool> next() { return statement_->next(); }
  Row row() const { return Row(statement_.get()); }

 private:
  friend class Connection;
  Cursor(std::unique_ptr<Statement> statement, CachedStatement* home)
      : statement_(std::move(statement)), home_(home) {}
  std::unique_ptr<Statement> statement_;
  CachedStatement* home_;
};

/// A connection to one database, SQLite's file or PostgreSQL's server. For one thread at a time.
///
/// SQL is what both understand: `?` for values, the types INTEGER, REAL, TEXT and BLOB, lists of
/// integers as `IN (SELECT value FROM json_each(?))`; docs/FORMATS.md has the rest. A write
/// survives a power cut once its transaction is committed.
class Connection {
 public:
  /// Open a database; with read_write a file is made where there is none.
  /// Errors   temporarily_unavailable: it cannot be opened or reached, or is full; data_loss: no
  ///          database; invalid_state: a server's database that does not keep UTF-8.
  static Result<Connection> open(Address address, Access access);
  Connection(Connection&& other) noexcept = default;
  Connection& operator=(Connection&&) = delete;

  /// Run one statement; `args` are bound to its `?` in order (integers, double, text, Blob, null
  /// or optional of these). Rows it gives are dropped.
  /// Errors   temporarily_unavailable: the disk is full or failing, the database stays locked or
  ///          its connection was lost; data_loss: the database is damaged;
  ///          resource_already_exists: a unique key is taken; bad_request: a foreign key names no
  ///          row; invalid_parameter_value: a value that the database cannot hold; otherwise
  ///          internal_error. In a PostgreSQL transaction nothing but an undoing works after one.
  template <typename... Args>
  Result<void> exec(std::string_view sql, const Args&... args) {
    Cursor cursor = TRY(query(sql, args...));
    while (TRY(cursor.next())) {
    }
    return {};
  }

  /// Run one statement of a write, whose rows and changes() no one needs, without waiting for a
  /// distant server. Its error comes now, or with a later statement of the write or at its end.
  template <typename... Args>
  Result<void> exec_later(std::string_view sql, const Args&... args) {
    Cursor cursor = TRY(query(sql, args...));
    return cursor.statement_->send();
  }

  /// Start a query; the rows come from the cursor. Errors as exec.
  template <typename... Args>
  Result<Cursor> query(std::string_view sql, const Args&... args) {
    Cursor cursor = TRY(prepare(sql));
    int position = 0;
    Result<void> bound;
    ((bound.ok() ? void(bound = bind(*cursor.statement_, ++position, args)) : void()), ...);
    if (!bound.ok()) return std::move(bound).error();
    return cursor;
  }

  /// Start a query whose values are known at run time only. Errors as exec.
  Result<Cursor> query_values(std::string_view sql, std::span<const Value> values);

  /// Run a statement whose values are known at run time only; as exec and exec_later.
  Result<void> exec_values(std::string_view sql, std::span<const Value> values);
  Result<void> exec_values_later(std::string_view sql, std::span<const Value> values);

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

  /// Insert one row by a statement that ends with `RETURNING key`, and give that key.
  template <typename... Args>
  Result<int64_t> insert(std::string_view sql, const Args&... args) {
    Cursor cursor = TRY(query(sql, args...));
    const bool has_row = TRY(cursor.next());
    check(has_row, "an insert returns its key");
    return cursor.row().integer(0);
  }

  /// Run several statements without bound values. Errors as exec.
  Result<void> script(const std::string& sql) { return database_->script(sql); }
  Result<bool> has_table(std::string_view name) { return database_->has_table(name); }

  /// After a write put rows with keys of its own choice into a table: later keys are higher.
  Result<void> raise_keys(const std::string& table, const std::string& key_column) {
    return database_->raise_keys(table, key_column);
  }

  /// Start a transaction. A write holds the database's lock until its end, so that it sees all
  /// writes before it, other servers' too; a read sees one unchanging view of what is committed.
  Result<void> begin(Access access) { return database_->begin(access); }
  /// Make a write durable. Errors as exec; the message says where the outcome is not known.
  Result<void> commit() { return database_->commit(); }
  /// End a read, without waiting for a distant server.
  Result<void> end_read() { return database_->end_read(); }
  Result<void> rollback() { return database_->rollback(); }
  /// Mark a place in a write, then release() it or undo all that came after it.
  Result<void> savepoint() { return database_->savepoint(); }
  Result<void> release() { return database_->release(); }
  Result<void> rollback_to_savepoint() { return database_->rollback_to_savepoint(); }
  /// Tell whether a transaction is open; a lost connection has none.
  bool in_transaction() const { return database_->in_transaction(); }
  /// How many closures one transaction should hold at most.
  size_t max_group() const { return database_->max_group(); }

  /// Pairs of an integer and a text that the caller knows of this database and does not want to
  /// ask for again, such as interned names; either way round. Only what no one, on any server,
  /// changes once it is committed. The writer forgets all of them whenever it undoes something.
  std::optional<int64_t> remembered(std::string_view text) const;
  /// The text of an integer, or null; valid until the next remember().
  const std::string* remembered(int64_t key) const;
  void remember(int64_t key, std::string_view text);
  void forget();

  /// What the whole database takes on its disk, with what is not folded into it yet.
  Result<uint64_t> size_bytes() { return database_->size_bytes(); }

  /// Rows changed by the last exec().
  int64_t changes() const { return database_->changes(); }
  const Address& address() const { return address_; }

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  Connection(std::unique_ptr<Database> database, Address address)
      : address_(std::move(address)), database_(std::move(database)) {}
  Result<Cursor> prepare(std::string_view sql);
  void drop_unused_statement();

  template <typename T>
  static Result<void> bind(Statement& statement, int position, const T& value) {
    if constexpr (std::is_integral_v<T>) {
      return statement.bind(position, static_cast<int64_t>(value));
    } else if constexpr (std::is_null_pointer_v<T>) {
      return statement.bind(position, nullptr);
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return statement.bind(position, std::string_view(value));
    } else {
      return statement.bind(position, value);
    }
  }
  template <typename T>
  static Result<void> bind(Statement& statement, int position, const std::optional<T>& value) {
    if (!value) return statement.bind(position, nullptr);
    return bind(statement, position, *value);
  }

  Address address_;
  std::unique_ptr<Database> database_;  // goes after its statements
  std::unordered_map<std::string, CachedStatement, TextHash, std::equal_to<>> statements_;
  std::unordered_map<std::string, int64_t, TextHash, std::equal_to<>> keys_by_text_;
  std::unordered_map<int64_t, std::string> texts_by_key_;
};

}  // namespace slipway::db
