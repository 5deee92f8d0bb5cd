#include "store/tokens.h"

#include "base/clock.h"
#include "base/id.h"
#include "store/limits.h"
#include "store/users.h"

namespace slipway::store {
namespace {

constexpr std::string_view kColumns =
    "SELECT token_id, user_id, comment, creation_time_ms, expiry_time_ms FROM tokens";

TokenInfo token_of(const db::Row& row) {
  return {row.text(0), row.text(1), row.text(2), row.integer(3), row.optional_integer(4)};
}

}  // namespace

Result<NewToken> create_token(db::Connection& conn, std::string_view user_id,
                              std::string_view comment, std::optional<int64_t> lifetime_seconds) {
  constexpr int64_t kMaxLifetimeSeconds = 100LL * 366 * 24 * 3600;
  TRY(check_length(comment, 1000, "comment"));
  if (lifetime_seconds && (*lifetime_seconds < 1 || *lifetime_seconds > kMaxLifetimeSeconds)) {
    return fail(Code::invalid_parameter_value,
                "Invalid value {} for parameter 'lifetime_seconds' supplied. It must be 1 to {}; "
                "leave it out for a token that never ends.",
                *lifetime_seconds, kMaxLifetimeSeconds);
  }
  NewToken token;
  token.value = "dapi" + random_hex(32);
  token.info = {random_hex(32), std::string(user_id), std::string(comment), now_ms(), {}};
  if (lifetime_seconds) {
    token.info.expiry_time_ms = token.info.creation_time_ms + *lifetime_seconds * 1000;
  }
  TRY(
      conn.exec("INSERT INTO tokens (token_id, digest, user_id, comment, creation_time_ms,"
                " expiry_time_ms) VALUES (?, ?, ?, ?, ?, ?)",
                token.info.token_id, sha256_hex(token.value), user_id, comment,
                token.info.creation_time_ms, token.info.expiry_time_ms));
  TRY(bump_access(conn));
  return token;
}

Result<std::vector<TokenInfo>> list_tokens(db::Connection& conn,
                                           const std::optional<std::string>& user_id) {
  std::vector<TokenInfo> tokens;
  TRY(conn.for_each(std::string(kColumns) + " ORDER BY creation_time_ms, token_id",
                    [&](const db::Row& row) {
                      auto token = token_of(row);
                      if (!user_id || *user_id == token.user_id) tokens.push_back(std::move(token));
                    }));
  return tokens;
}

Result<void> delete_token(db::Connection& conn, std::string_view token_id,
                          const std::optional<std::string>& user_id) {
  const auto owner = TRY(conn.text("SELECT user_id FROM tokens WHERE token_id = ?", token_id));
  if (!owner || (user_id && *user_id != *owner)) {
    return fail(Code::resource_does_not_exist, "Token '{}' does not exist", token_id);
  }
  TRY(conn.exec("DELETE FROM tokens WHERE token_id = ?", token_id));
  return bump_access(conn);
}

Result<TokenInfo> check_token(db::Connection& conn, std::string_view value) {
  // found by digest: how long it takes says nothing about the token
  auto cursor = TRY(conn.query(std::string(kColumns) + " WHERE digest = ?", sha256_hex(value)));
  if (TRY(cursor.next())) {
    TokenInfo token = token_of(cursor.row());
    if (!token.expiry_time_ms || *token.expiry_time_ms > now_ms()) return token;
  }
  return fail(Code::unauthenticated, "The access token is not valid");
}

}  // namespace slipway::store
