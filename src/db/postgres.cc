#include "db/postgres.h"

#include <utility>

#include "db/postgres_error.h"
#include "db/postgres_sql.h"
#include "db/postgres_statement.h"

namespace slipway::db {
namespace {

// A transaction with more savepoints makes every reader look them up on the server's disk cache.
constexpr size_t kMaxGroup = 60;

// Any number that others' programs will hardly use; locks belong to one database.
constexpr char kLock[] = "SELECT pg_advisory_xact_lock(7308332045764227705)";

class Postgres final : public Database {
 public:
  explicit Postgres(const Address& address) : session_(address) {}

  Result<void> open() { return session_.link.ensure(); }

  Result<std::unique_ptr<Statement>> prepare(std::string_view sql) override {
    return std::unique_ptr<Statement>(std::make_unique<PostgresStatement>(session_, sql));
  }

  Result<void> script(const std::string& sql) override {
    if (!session_.in_transaction) TRY(session_.link.ensure());
    session_.unconfirmed = false;
    return session_.link.script(schema_to_postgres(sql));
  }

  Result<bool> has_table(std::string_view name) override {
    // not to_regclass: what it did not find once it may not find behind another's lock either
    PostgresStatement statement(
        session_, "SELECT 1 FROM pg_class WHERE relname = ? AND pg_table_is_visible(oid)");
    TRY(statement.bind(1, name));
    return statement.next();
  }

  Result<void> raise_keys(const std::string& table, const std::string& key_column) override {
    const std::string sequence = "pg_get_serial_sequence('" + table + "', '" + key_column + "')";
    const std::string highest = "(SELECT max(" + key_column + ") FROM " + table + ")";
    PostgresStatement statement(session_, "SELECT setval(" + sequence + ", greatest(1, " + highest +
                                              ", nextval(" + sequence + ")))");
    TRY(statement.next());
    return {};
  }

  int64_t changes() const override { return session_.changes; }

  Result<uint64_t> size_bytes() override {
    PostgresStatement statement(session_, "SELECT pg_database_size(current_database())");
    const bool has_row = TRY(statement.next());
    return has_row ? static_cast<uint64_t>(statement.integer(0)) : uint64_t{0};
  }

  Result<void> begin(Access access) override {
    TRY(session_.link.ensure());
    session_.in_transaction = true;
    if (access == Access::read_only) {
      TRY(session_.link.send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    } else {
      // each statement sees what is committed when it starts, so all that held the lock before
      TRY(session_.link.send("BEGIN ISOLATION LEVEL READ COMMITTED"));
      TRY(session_.link.send(kLock));
    }
    for (const std::string& name : std::exchange(session_.unwanted, {})) {
      TRY(session_.link.send("DEALLOCATE " + name));
    }
    return {};
  }

  Result<void> commit() override {
    TRY(session_.link.send("COMMIT"));
    const auto answer = session_.wait();
    if (!answer.ok() && session_.link.lost()) {
      return fail(Code::temporarily_unavailable,
                  "{}. This was while committing: whether this write is kept is not known",
                  answer.error().message);
    }
    if (!answer.ok()) return answer.error();
    session_.in_transaction = false;
    if (std::string_view(libpq().PQcmdStatus(answer->get())) == "COMMIT") return {};
    return fail(Code::internal_error, "'{}' undid a write instead of committing it",
                session_.link.address().shown());
  }

  Result<void> end_read() override {
    session_.in_transaction = false;
    TRY(session_.link.send("COMMIT"));
    return session_.link.flush();
  }

  Result<void> rollback() override {
    session_.in_transaction = false;
    TRY(session_.link.send("ROLLBACK"));
    TRY(session_.wait());
    return {};
  }

  Result<void> savepoint() override { return session_.link.send("SAVEPOINT closure"); }

  Result<void> release() override {
    if (session_.link.failed()) {
      return fail(Code::internal_error, "a write went on after a statement of it failed");
    }
    TRY(session_.link.send("RELEASE closure"));
    if (session_.unconfirmed) TRY(session_.wait());
    return {};
  }

  Result<void> rollback_to_savepoint() override {
    // what was sent and not awaited may have failed, and would take this along
    if (session_.unconfirmed) (void)session_.wait();
    TRY(session_.link.send("ROLLBACK TO closure"));
    return session_.link.send("RELEASE closure");
  }

  bool in_transaction() const override { return session_.in_transaction && !session_.link.lost(); }
  size_t max_group() const override { return kMaxGroup; }

 private:
  PostgresSession session_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const Address& address, Access) {
  auto database = std::make_unique<Postgres>(address);
  TRY(database->open());
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace slipway::db
