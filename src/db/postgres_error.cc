#include "db/postgres_error.h"

#include <string>

#include "base/text.h"

namespace slipway::db {
namespace {

struct State {
  std::string_view prefix;  // of SQLSTATEs; the first that fits counts
  Code code;
};

constexpr State kStates[] = {
    {"23505", Code::resource_already_exists},  // unique_violation
    {"23503", Code::bad_request},              // foreign_key_violation
    {"40", Code::temporarily_unavailable},     // serialization failure, deadlock
    {"08", Code::temporarily_unavailable},     // connection exceptions
    {"53", Code::temporarily_unavailable},     // disk full, out of memory, too many connections
    {"55P03", Code::temporarily_unavailable},  // lock_not_available
    {"57014", Code::cancelled},                // query_canceled
    {"57", Code::temporarily_unavailable},     // shutdown, crash, cannot connect now
    {"58", Code::temporarily_unavailable},     // input or output failed
    {"25006", Code::temporarily_unavailable},  // read only: a standby
    {"25P03", Code::temporarily_unavailable},  // idle_in_transaction_session_timeout
    {"42501", Code::permission_denied},        // insufficient_privilege
    {"28", Code::permission_denied},           // invalid authorization
    {"22021", Code::invalid_parameter_value},  // character_not_in_repertoire
    {"22P05", Code::invalid_parameter_value},  // untranslatable_character
    {"54000", Code::invalid_parameter_value},  // too large for an index
    {"XX001", Code::data_loss},                // data_corrupted
    {"XX002", Code::data_loss},                // index_corrupted
};

/// One line, without what libpq ends its messages with.
std::string in_one_line(std::string_view message) {
  std::string out;
  for (const char c : trim(message)) {
    if (c == '\n') {
      out += "; ";
    } else if (c != '\t') {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

Error postgres_error(const Address& address, std::string_view sqlstate, std::string_view message) {
  if (sqlstate == "53100") {
    return fail(Code::temporarily_unavailable, "the disk is full: '{}' cannot grow: {}",
                address.shown(), in_one_line(message));
  }
  if (sqlstate == "55P03") {
    return fail(Code::temporarily_unavailable, "the database '{}' stays locked", address.shown());
  }
  Code code = Code::internal_error;
  for (const State& state : kStates) {
    if (!sqlstate.starts_with(state.prefix)) continue;
    code = state.code;
    break;
  }
  return fail(code, "{}: {} (SQLSTATE {})", address.shown(), in_one_line(message), sqlstate);
}

Error connection_error(const Address& address, std::string_view doing, std::string_view message) {
  return fail(Code::temporarily_unavailable, "the connection to '{}' {}: {}", address.shown(),
              doing, in_one_line(message));
}

}  // namespace slipway::db
