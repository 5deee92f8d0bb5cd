#include "db/sqlite.h"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

namespace slipway::db {
namespace {

constexpr int kBusyTimeoutMs = 10'000;
constexpr size_t kMaxGroup = 512;  // bounds how long the first of a group waits for the last

// Pages in the write-ahead log: at so many it is copied to the database after each commit, and at
// so many it starts anew, which waits a moment for those who read from it.
constexpr int kLogPages = 1000;
constexpr int kMostLogPages = 8 * kLogPages;
constexpr int kRestartWaitMs = 50;

/// Called after each commit. While somebody always reads, the log never starts anew by itself, and
/// grows without end. What fails here is tried again after a later commit: nothing is lost.
int after_commit(void* next_restart, sqlite3* database, const char* schema, int n_pages) {
  int& restart_at = *static_cast<int*>(next_restart);
  if (n_pages < kLogPages) {
    restart_at = kMostLogPages;
    return SQLITE_OK;
  }
  if (n_pages < restart_at) {
    (void)sqlite3_wal_checkpoint_v2(database, schema, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    return SQLITE_OK;
  }
  restart_at = n_pages + kLogPages;
  sqlite3_busy_timeout(database, kRestartWaitMs);
  (void)sqlite3_wal_checkpoint_v2(database, schema, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  return SQLITE_OK;
}

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

/// The handle and what its errors name; statements point here.
struct Handle {
  sqlite3* database = nullptr;
  std::filesystem::path path;

  ~Handle() { sqlite3_close_v2(database); }
  Error error(int code) const { return error_of(database, code, path); }
};

class SqliteStatement final : public Statement {
 public:
  SqliteStatement(const Handle& handle, sqlite3_stmt* statement)
      : handle_(handle), statement_(statement) {}
  ~SqliteStatement() override { sqlite3_finalize(statement_); }
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  Result<void> bind(int position, int64_t value) override {
    return checked(sqlite3_bind_int64(statement_, position, value));
  }
  Result<void> bind(int position, double value) override {
    return checked(sqlite3_bind_double(statement_, position, value));
  }
  Result<void> bind(int position, std::string_view value) override {
    const char* const data = value.data() != nullptr ? value.data() : "";
    return checked(sqlite3_bind_text64(statement_, position, data, value.size(), SQLITE_TRANSIENT,
                                       SQLITE_UTF8));
  }
  Result<void> bind(int position, Blob value) override {
    const char* const data = value.bytes.data() != nullptr ? value.bytes.data() : "";
    return checked(
        sqlite3_bind_blob64(statement_, position, data, value.bytes.size(), SQLITE_TRANSIENT));
  }
  Result<void> bind(int position, std::nullptr_t) override {
    return checked(sqlite3_bind_null(statement_, position));
  }
  Result<void> bind_all(std::span<const Value> values) override {
    int position = 0;
    for (const Value& value : values) {
      position += 1;
      TRY(std::visit([&](const auto& held) { return bind(position, held); }, value));
    }
    return {};
  }

  Result<bool> next() override {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return handle_.error(code);
  }
  Result<void> send() override {
    while (TRY(next())) {
    }
    return {};
  }
  void reset() override {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  double real(int column) const override { return sqlite3_column_double(statement_, column); }
  std::string_view bytes(int column) const override {
    const void* const data = sqlite3_column_blob(statement_, column);
    if (data == nullptr) return {};
    const int n_bytes = sqlite3_column_bytes(statement_, column);
    return {static_cast<const char*>(data), static_cast<size_t>(n_bytes)};
  }

 private:
  Result<void> checked(int code) {
    if (code != SQLITE_OK) return handle_.error(code);
    return {};
  }

  const Handle& handle_;
  sqlite3_stmt* statement_;
};

class Sqlite final : public Database {
 public:
  Result<void> open(const std::filesystem::path& path, Access access) {
    handle_.path = path;
    const int flags = access == Access::read_only ? SQLITE_OPEN_READONLY
                                                  : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    // memory statistics cost a lock at every allocation; refused, and no matter, once SQLite runs
    static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)configured;
    const int code =
        sqlite3_open_v2(path.c_str(), &handle_.database, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    if (code != SQLITE_OK) return handle_.error(code);
    sqlite3_extended_result_codes(handle_.database, 1);
    sqlite3_busy_timeout(handle_.database, kBusyTimeoutMs);
    if (access == Access::read_write) {
      TRY(script("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216"));
      sqlite3_wal_hook(handle_.database, after_commit, &next_restart_);
    }
    // LIKE distinguishes cases, as PostgreSQL's does; ILIKE is written with lower()
    return script(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON;"
        "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY");
  }

  Result<std::unique_ptr<Statement>> prepare(std::string_view sql) override {
    return statement(sql, SQLITE_PREPARE_PERSISTENT);
  }

  Result<void> script(const std::string& sql) override {
    const int code = sqlite3_exec(handle_.database, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return handle_.error(code);
    return {};
  }

  Result<bool> has_table(std::string_view name) override {
    const auto found =
        TRY(statement("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", 0));
    TRY(found->bind(1, name));
    return found->next();
  }

  /// It takes the highest key there is, and one more.
  Result<void> raise_keys(const std::string&, const std::string&) override { return {}; }

  int64_t changes() const override { return sqlite3_changes64(handle_.database); }

  Result<uint64_t> size_bytes() override {
    uint64_t n_bytes = 0;
    for (const char* const end : {"", "-wal"}) {
      auto path = handle_.path;
      path += end;
      std::error_code error;
      const auto size = std::filesystem::file_size(path, error);
      if (!error) n_bytes += size;  // there is a -wal only while someone has it open
    }
    return n_bytes;
  }

  Result<void> begin(Access access) override {
    return run(access == Access::read_write ? begin_write_ : begin_read_,
               access == Access::read_write ? "BEGIN IMMEDIATE" : "BEGIN");
  }
  Result<void> commit() override { return run(commit_, "COMMIT"); }
  Result<void> end_read() override { return run(commit_, "COMMIT"); }
  Result<void> rollback() override { return run(rollback_, "ROLLBACK"); }
  Result<void> savepoint() override { return run(savepoint_, "SAVEPOINT closure"); }
  Result<void> release() override { return run(release_, "RELEASE closure"); }
  Result<void> rollback_to_savepoint() override {
    TRY(run(rollback_to_, "ROLLBACK TO closure"));
    return release();
  }
  bool in_transaction() const override { return sqlite3_get_autocommit(handle_.database) == 0; }
  size_t max_group() const override { return kMaxGroup; }

 private:
  int next_restart_ = kMostLogPages;

  Result<std::unique_ptr<Statement>> statement(std::string_view sql, unsigned flags) {
    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v3(handle_.database, sql.data(), static_cast<int>(sql.size()),
                                        flags, &prepared, nullptr);
    if (code != SQLITE_OK) return handle_.error(code);
    check(prepared != nullptr, "an SQL statement is not empty");
    return std::unique_ptr<Statement>(std::make_unique<SqliteStatement>(handle_, prepared));
  }

  /// Run one of the fixed statements, which is kept.
  Result<void> run(std::unique_ptr<Statement>& kept, std::string_view sql) {
    if (!kept) kept = TRY(prepare(sql));
    auto sent = kept->send();
    kept->reset();
    return sent;
  }

  Handle handle_;  // goes last, after its statements
  std::unique_ptr<Statement> begin_write_;
  std::unique_ptr<Statement> begin_read_;
  std::unique_ptr<Statement> commit_;
  std::unique_ptr<Statement> rollback_;
  std::unique_ptr<Statement> savepoint_;
  std::unique_ptr<Statement> release_;
  std::unique_ptr<Statement> rollback_to_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::filesystem::path& path, Access access) {
  auto database = std::make_unique<Sqlite>();
  TRY(database->open(path, access));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace slipway::db
