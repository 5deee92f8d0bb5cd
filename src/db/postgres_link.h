// db/postgres_link.h — the wire to a PostgreSQL server: statements go out, answers come in order.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/address.h"
#include "db/libpq.h"

namespace slipway::db {

struct ClearAnswer {
  void operator()(PGresult* answer) const { libpq().PQclear(answer); }
};
using Answer = std::unique_ptr<PGresult, ClearAnswer>;

/// The values of a statement as libpq takes them; all of one length.
struct Parameters {
  std::vector<Oid> types;  // 0: the server finds it out
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

/// A connection in libpq's pipeline mode: what is sent needs no answer before the next is sent.
/// After an error the server skips what was sent behind it, up to the next wait(). A lost
/// connection stays lost until ensure().
class PostgresLink {
 public:
  explicit PostgresLink(Address address) : address_(std::move(address)) {}
  ~PostgresLink() { libpq().PQfinish(connection_); }
  PostgresLink(const PostgresLink&) = delete;
  PostgresLink& operator=(const PostgresLink&) = delete;

  /// Connect, unless there is a connection that is not known to be broken.
  Result<void> ensure();
  bool lost() const { return connection_ == nullptr; }
  /// Tell whether a transaction is open in which, as far as is known, a statement failed.
  bool failed() const { return libpq().PQtransactionStatus(connection_) == PQTRANS_INERROR; }
  /// How often it has connected: what was prepared before is gone.
  int64_t generation() const { return generation_; }

  /// Send a statement. Answers are binary.
  Result<void> send(const std::string& sql, const Parameters& parameters = {});
  Result<void> send_prepared(const std::string& name, const Parameters& parameters);
  /// Prepare a statement under a name of this connection's, and wait for it.
  Result<void> prepare(const std::string& name, const std::string& sql,
                       const std::vector<Oid>& types);
  /// Wait for all that was sent; give the last answer, or the first error.
  Result<Answer> wait();
  /// Have what was sent answered, but do not wait: the next ensure() reads it, errors and all.
  Result<void> flush();
  /// Run several statements without values, and wait.
  Result<void> script(const std::string& sql);

  const Address& address() const { return address_; }

 private:
  enum class Expected { answer, end };

  Result<void> connect();
  Result<void> configure();
  bool alive();
  Result<void> sent(int accepted);
  Result<Answer> read_answers();
  Error lose();
  Error error_of(const PGresult* answer) const;

  Address address_;
  PGconn* connection_ = nullptr;
  int64_t generation_ = 0;
  std::deque<Expected> expected_;
};

}  // namespace slipway::db
