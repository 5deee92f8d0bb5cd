#include "db/connection.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

namespace slipway::db {
namespace {

constexpr size_t kMaxStatements = 300;  // searches make texts without end; the rest are fixed
constexpr int kBusyTimeoutMs = 10'000;

Code code_of(int sqlite_code, int system_error) {
  if (sqlite_code == SQLITE_CONSTRAINT_UNIQUE || sqlite_code == SQLITE_CONSTRAINT_PRIMARYKEY) {
    return Code::resource_already_exists;
  }
  if (sqlite_code == SQLITE_CONSTRAINT_FOREIGNKEY) return Code::bad_request;
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM: return Code::temporarily_unavailable;
    case SQLITE_CANTOPEN:
      return system_error == EACCES ? Code::permission_denied : Code::temporarily_unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Code::data_loss;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH: return Code::permission_denied;
    case SQLITE_TOOBIG: return Code::invalid_parameter_value;
    case SQLITE_INTERRUPT: return Code::cancelled;
    default: return Code::internal_error;
  }
}

Error error_of(sqlite3* database, int code, const std::filesystem::path& path) {
  const int extended = database != nullptr ? sqlite3_extended_errcode(database) : code;
  const int system_error = database != nullptr ? sqlite3_system_errno(database) : 0;
  const char* const text = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  const bool no_space = system_error == ENOSPC || system_error == EDQUOT;
  if ((extended & 0xff) == SQLITE_FULL || ((extended & 0xff) == SQLITE_IOERR && no_space)) {
    return fail(Code::temporarily_unavailable, "the disk is full: '{}' cannot grow", path.string());
  }
  switch (extended & 0xff) {
    case SQLITE_IOERR:
      return fail(Code::temporarily_unavailable, "reading or writing '{}' failed: {}",
                  path.string(), text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fail(Code::data_loss, "the database '{}' is damaged: {}", path.string(), text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(Code::temporarily_unavailable, "the database '{}' stays locked", path.string());
    default: return fail(code_of(extended, system_error), "{}: {}", path.string(), text);
  }
}

}  // namespace

bool Row::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Row::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Row::bytes(int column) const {
  const void* const data = sqlite3_column_blob(statement_, column);
  if (data == nullptr) return {};
  const int n_bytes = sqlite3_column_bytes(statement_, column);
  return {static_cast<const char*>(data), static_cast<size_t>(n_bytes)};
}

std::optional<int64_t> Row::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Row::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

Cursor::Cursor(Cursor&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      home_(other.home_) {}

Cursor::~Cursor() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  home_->n_used -= 1;
  home_->idle.push_back(statement_);
}

Result<bool> Cursor::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return connection_->error(code);
}

Result<Connection> Connection::open(const std::filesystem::path& path, Access access) {
  const int flags = access == Access::read_only ? SQLITE_OPEN_READONLY
                                                : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  // memory statistics cost a lock at every allocation; refused, and no matter, once SQLite runs
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)configured;
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Connection connection(database, path);  // closes the handle that a failed open gives, too
  if (code != SQLITE_OK) return error_of(database, code, path);
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  if (access == Access::read_write) TRY(connection.script("PRAGMA journal_mode = WAL"));
  // LIKE distinguishes cases, as PostgreSQL's does; ILIKE is written with lower()
  TRY(connection.script(
      "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON;"
      "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY"));
  return connection;
}

Connection::Connection(Connection&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)),
      path_(std::move(other.path_)),
      statements_(std::move(other.statements_)),
      keys_by_text_(std::move(other.keys_by_text_)),
      texts_by_key_(std::move(other.texts_by_key_)) {}

Connection::~Connection() {
  for (const auto& [sql, cached] : statements_) {
    for (sqlite3_stmt* const statement : cached.idle) sqlite3_finalize(statement);
  }
  sqlite3_close_v2(database_);
}

void Connection::drop_unused_statement() {
  for (auto entry = statements_.begin(); entry != statements_.end(); ++entry) {
    if (entry->second.n_used > 0) continue;
    for (sqlite3_stmt* const statement : entry->second.idle) sqlite3_finalize(statement);
    statements_.erase(entry);
    return;
  }
}

Result<Cursor> Connection::prepare(std::string_view sql) {
  auto entry = statements_.find(sql);
  if (entry == statements_.end()) {
    if (statements_.size() >= kMaxStatements) drop_unused_statement();
    entry = statements_.try_emplace(std::string(sql)).first;
  }
  CachedStatement& home = entry->second;
  sqlite3_stmt* statement = nullptr;
  if (home.idle.empty()) {
    const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return error(code);
    check(statement != nullptr, "an SQL statement is not empty");
  } else {
    statement = home.idle.back();
    home.idle.pop_back();
  }
  home.n_used += 1;
  return Cursor(this, statement, &home);
}

Error Connection::error(int code) const { return error_of(database_, code, path_); }

Result<Cursor> Connection::query_values(std::string_view sql, std::span<const Value> values) {
  Cursor cursor = TRY(prepare(sql));
  int position = 0;
  for (const Value& value : values) {
    position += 1;
    TRY(std::visit([&](const auto& held) { return bind(cursor.statement_, position, held); },
                   value));
  }
  return cursor;
}

Result<void> Connection::exec_values(std::string_view sql, std::span<const Value> values) {
  Cursor cursor = TRY(query_values(sql, values));
  while (TRY(cursor.next())) {
  }
  return {};
}

Result<void> Connection::script(const std::string& sql) {
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

std::optional<int64_t> Connection::remembered(std::string_view text) const {
  const auto entry = keys_by_text_.find(text);
  if (entry == keys_by_text_.end()) return std::nullopt;
  return entry->second;
}

const std::string* Connection::remembered(int64_t key) const {
  const auto entry = texts_by_key_.find(key);
  return entry == texts_by_key_.end() ? nullptr : &entry->second;
}

void Connection::remember(int64_t key, std::string_view text) {
  constexpr size_t kMaxRemembered = 20'000;
  if (texts_by_key_.size() >= kMaxRemembered) forget();
  keys_by_text_.emplace(text, key);
  texts_by_key_.emplace(key, text);
}

void Connection::forget() {
  keys_by_text_.clear();
  texts_by_key_.clear();
}

int64_t Connection::changes() const { return sqlite3_changes64(database_); }

int64_t Connection::last_insert_id() const { return sqlite3_last_insert_rowid(database_); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

Result<void> Connection::bind(sqlite3_stmt* statement, int position, int64_t value) {
  const int code = sqlite3_bind_int64(statement, position, value);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<void> Connection::bind(sqlite3_stmt* statement, int position, double value) {
  const int code = sqlite3_bind_double(statement, position, value);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<void> Connection::bind(sqlite3_stmt* statement, int position, std::string_view value) {
  const char* const data = value.data() != nullptr ? value.data() : "";
  const int code =
      sqlite3_bind_text64(statement, position, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<void> Connection::bind(sqlite3_stmt* statement, int position, Blob value) {
  const char* const data = value.bytes.data() != nullptr ? value.bytes.data() : "";
  const int code =
      sqlite3_bind_blob64(statement, position, data, value.bytes.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<void> Connection::bind(sqlite3_stmt* statement, int position, std::nullptr_t) {
  const int code = sqlite3_bind_null(statement, position);
  if (code != SQLITE_OK) return error(code);
  return {};
}

}  // namespace slipway::db
