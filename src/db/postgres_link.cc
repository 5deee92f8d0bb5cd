#include "db/postgres_link.h"

#include <poll.h>

#include <optional>
#include <utility>

#include "db/postgres_error.h"

namespace slipway::db {
namespace {

constexpr int kOldestServer = 120'000;
constexpr int kBinary = 1;

// What a session needs: no wait without end, no server that is stopped in the midst of a write and
// keeps all others out, and an acknowledged write on disk whatever the server's default is.
// Compiling queries costs more than ours take.
constexpr char kSettings[] =
    "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; SET jit = off;"
    "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
    " WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

// Defaults that the URI may change: a server that is gone is noticed within about half a minute.
constexpr const char* kKeywords[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                     "keepalives_count", "tcp_user_timeout", "application_name",
                                     "dbname",           "client_encoding",  nullptr};

void ignore_notice(void*, const char*) {}

bool has_input(PGconn* connection) {
  pollfd waiting{libpq().PQsocket(connection), POLLIN, 0};
  return poll(&waiting, 1, 0) > 0;
}

}  // namespace

Result<void> PostgresLink::connect() {
  const char* const values[] = {
      "10", "15", "5", "3", "30000", "slipway", address_.uri().c_str(), "UTF8", nullptr};
  connection_ = libpq().PQconnectdbParams(kKeywords, values, /*expand_dbname=*/1);
  expected_.clear();
  generation_ += 1;
  auto configured = configure();
  if (!configured.ok()) libpq().PQfinish(std::exchange(connection_, nullptr));
  return configured;
}

Result<void> PostgresLink::configure() {
  if (libpq().PQstatus(connection_) != CONNECTION_OK) {
    return connection_error(address_, "cannot be made", libpq().PQerrorMessage(connection_));
  }
  libpq().PQsetNoticeProcessor(connection_, ignore_notice, nullptr);
  if (libpq().PQserverVersion(connection_) < kOldestServer) {
    return fail(Code::invalid_state, "'{}' is a server of version {}; accepted: 12 and newer",
                address_.shown(), libpq().PQserverVersion(connection_) / 10'000);
  }
  const char* const encoding = libpq().PQparameterStatus(connection_, "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
    return fail(Code::invalid_state,
                "the database '{}' keeps texts as {}; accepted: UTF8 (CREATE DATABASE name "
                "ENCODING 'UTF8' TEMPLATE template0)",
                address_.shown(), encoding != nullptr ? encoding : "unknown");
  }
  const Answer set(libpq().PQexec(connection_, kSettings));
  if (libpq().PQresultStatus(set.get()) != PGRES_TUPLES_OK) return error_of(set.get());
  check(libpq().PQenterPipelineMode(connection_) == 1, "a fresh connection takes a pipeline");
  return {};
}

bool PostgresLink::alive() {
  constexpr int kMaxReads = 4;  // a notice, then perhaps the end
  for (int i = 0; i < kMaxReads && has_input(connection_); ++i) {
    if (libpq().PQconsumeInput(connection_) != 1) return false;
  }
  return libpq().PQstatus(connection_) == CONNECTION_OK;
}

Result<void> PostgresLink::ensure() {
  if (connection_ != nullptr && !expected_.empty()) (void)read_answers();
  if (connection_ != nullptr && alive()) return {};
  libpq().PQfinish(std::exchange(connection_, nullptr));
  return connect();
}

Error PostgresLink::lose() {
  const Error error = connection_error(
      address_, "was lost",
      connection_ != nullptr ? libpq().PQerrorMessage(connection_) : "it is closed");
  libpq().PQfinish(std::exchange(connection_, nullptr));
  expected_.clear();
  return error;
}

Error PostgresLink::error_of(const PGresult* answer) const {
  const char* const state = libpq().PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  const char* const message = libpq().PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
  if (state == nullptr || message == nullptr) {
    return connection_error(address_, "failed", libpq().PQerrorMessage(connection_));
  }
  return postgres_error(address_, state, message);
}

Result<void> PostgresLink::sent(int accepted) {
  if (accepted != 1) return lose();
  expected_.push_back(Expected::answer);
  return {};
}

Result<void> PostgresLink::send(const std::string& sql, const Parameters& parameters) {
  if (lost()) return lose();
  return sent(libpq().PQsendQueryParams(
      connection_, sql.c_str(), static_cast<int>(parameters.values.size()), parameters.types.data(),
      parameters.values.data(), parameters.lengths.data(), parameters.formats.data(), kBinary));
}

Result<void> PostgresLink::send_prepared(const std::string& name, const Parameters& parameters) {
  if (lost()) return lose();
  return sent(libpq().PQsendQueryPrepared(
      connection_, name.c_str(), static_cast<int>(parameters.values.size()),
      parameters.values.data(), parameters.lengths.data(), parameters.formats.data(), kBinary));
}

Result<void> PostgresLink::prepare(const std::string& name, const std::string& sql,
                                   const std::vector<Oid>& types) {
  if (lost()) return lose();
  TRY(sent(libpq().PQsendPrepare(connection_, name.c_str(), sql.c_str(),
                                 static_cast<int>(types.size()), types.data())));
  TRY(wait());
  return {};
}

Result<void> PostgresLink::flush() {
  if (lost()) return lose();
  if (libpq().PQpipelineSync(connection_) != 1) return lose();
  expected_.push_back(Expected::end);
  return {};
}

Result<Answer> PostgresLink::wait() {
  TRY(flush());
  return read_answers();
}

Result<Answer> PostgresLink::read_answers() {
  Answer last;
  std::optional<Error> failed;
  while (!expected_.empty()) {
    const Expected expected = expected_.front();
    expected_.pop_front();
    Answer answer(libpq().PQgetResult(connection_));
    if (expected == Expected::end) {
      if (libpq().PQresultStatus(answer.get()) != PGRES_PIPELINE_SYNC) return lose();
      continue;
    }
    while (answer) {
      if (libpq().PQstatus(connection_) == CONNECTION_BAD) {
        const Error lost_error = lose();
        return failed ? *failed : lost_error;  // the first one says why, such as a shutdown
      }
      if (libpq().PQresultStatus(answer.get()) == PGRES_FATAL_ERROR && !failed) {
        failed = error_of(answer.get());
      }
      last = std::move(answer);
      answer.reset(libpq().PQgetResult(connection_));
    }
  }
  if (failed) return *std::move(failed);
  return last;
}

Result<void> PostgresLink::script(const std::string& sql) {
  TRY(wait());
  check(libpq().PQexitPipelineMode(connection_) == 1, "nothing is under way");
  const Answer answer(libpq().PQexec(connection_, sql.c_str()));
  if (libpq().PQstatus(connection_) != CONNECTION_OK) return lose();
  check(libpq().PQenterPipelineMode(connection_) == 1, "nothing is under way");
  const ExecStatusType status = libpq().PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  return error_of(answer.get());
}

}  // namespace slipway::db
