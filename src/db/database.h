// db/database.h — what a Connection asks of its database; SQLite and PostgreSQL answer it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace slipway::db {

/// Bytes to bind as a blob; borrowed for the call.
struct Blob {
  std::string_view bytes;
};

/// A value known at run time, for statements that are put together (search, many rows at once).
using Value = std::variant<std::nullptr_t, int64_t, double, std::string>;

enum class Access { read_only, read_write };

/// A statement with its values and the row it stands on. Positions count from 1, columns from 0.
/// It comes back to its start by reset(), without values. Errors as Connection::exec.
class Statement {
 public:
  virtual ~Statement() = default;

  virtual Result<void> bind(int position, int64_t value) = 0;
  virtual Result<void> bind(int position, double value) = 0;
  virtual Result<void> bind(int position, std::string_view value) = 0;
  virtual Result<void> bind(int position, Blob value) = 0;
  virtual Result<void> bind(int position, std::nullptr_t) = 0;
  virtual Result<void> bind_all(std::span<const Value> values) = 0;

  /// Step to the next row, the first time to the first one; false at the end.
  virtual Result<bool> next() = 0;
  /// Run it to its end; its error may come with a later statement or the end of the transaction.
  virtual Result<void> send() = 0;
  virtual void reset() = 0;

  virtual bool is_null(int column) const = 0;
  virtual int64_t integer(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view bytes(int column) const = 0;
};

/// One connection to a database. For one thread at a time. Errors as Connection::exec.
class Database {
 public:
  virtual ~Database() = default;

  virtual Result<std::unique_ptr<Statement>> prepare(std::string_view sql) = 0;
  virtual Result<void> script(const std::string& sql) = 0;
  virtual Result<bool> has_table(std::string_view name) = 0;
  virtual Result<void> raise_keys(const std::string& table, const std::string& key_column) = 0;
  virtual int64_t changes() const = 0;
  virtual Result<uint64_t> size_bytes() = 0;

  /// The steps of a transaction, as Connection's of these names.
  virtual Result<void> begin(Access access) = 0;
  virtual Result<void> commit() = 0;
  virtual Result<void> end_read() = 0;
  virtual Result<void> rollback() = 0;
  virtual Result<void> savepoint() = 0;
  virtual Result<void> release() = 0;
  virtual Result<void> rollback_to_savepoint() = 0;
  virtual bool in_transaction() const = 0;

  /// How many closures one transaction should hold at most.
  virtual size_t max_group() const = 0;
};

}  // namespace slipway::db
