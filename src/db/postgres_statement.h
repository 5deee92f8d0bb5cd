// db/postgres_statement.h — a statement of a PostgreSQL connection: its values out, its rows in.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"
#include "db/postgres_link.h"
#include "db/postgres_sql.h"

namespace slipway::db {

/// What statements share with their connection.
struct PostgresSession {
  PostgresLink link;
  bool in_transaction = false;  // also after its connection was lost, until it is given up
  bool unconfirmed = false;     // something was sent that may still fail
  int64_t changes = 0;
  int64_t n_prepared = 0;
  std::vector<std::string> unwanted;  // prepared names that no one uses any more

  explicit PostgresSession(const Address& address) : link(address) {}
  /// Wait for all that was sent.
  Result<Answer> wait();
};

/// Values and rows travel in binary. The first run of a text is not prepared: most texts of
/// searches come once. All rows of an answer are held at once.
class PostgresStatement final : public Statement {
 public:
  PostgresStatement(PostgresSession& session, std::string_view sql)
      : session_(session), sql_(to_postgres(sql)), values_(sql_.lists.size()) {
    parameters_.types.resize(values_.size());
  }
  ~PostgresStatement() override { forget_prepared(); }
  PostgresStatement(const PostgresStatement&) = delete;
  PostgresStatement& operator=(const PostgresStatement&) = delete;

  Result<void> bind(int position, int64_t value) override;
  Result<void> bind(int position, double value) override;
  Result<void> bind(int position, std::string_view value) override;
  Result<void> bind(int position, Blob value) override;
  Result<void> bind(int position, std::nullptr_t) override;
  Result<void> bind_all(std::span<const Value> values) override;
  Result<bool> next() override;
  Result<void> send() override;
  void reset() override;
  bool is_null(int column) const override;
  int64_t integer(int column) const override;
  double real(int column) const override;
  std::string_view bytes(int column) const override;

 private:
  enum class Kind { null, integer, real, text, blob };
  struct Bound {
    Kind kind = Kind::null;
    std::string bytes;  // as they go out
  };

  Result<Bound*> place(int position);
  void fit_types();
  void forget_prepared();
  Result<void> start();
  std::string_view cell(int column) const;

  PostgresSession& session_;
  PostgresSql sql_;
  std::vector<Bound> values_;
  Parameters parameters_;
  int n_runs_ = 0;
  std::string name_;  // empty: not prepared
  int64_t name_generation_ = -1;
  Answer answer_;
  int row_ = -1;
  mutable std::deque<std::string> shown_;  // numbers that were asked for as texts
};

}  // namespace slipway::db
