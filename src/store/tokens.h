// store/tokens.h — personal access tokens; only their digests are kept.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"

namespace slipway::store {

struct TokenInfo {
  std::string token_id;  // 64 hex digits, not secret
  std::string user_id;
  std::string comment;
  int64_t creation_time_ms = 0;
  std::optional<int64_t> expiry_time_ms;  // nothing: never
};

struct NewToken {
  std::string value;  // "dapi" and 64 hex digits; shown once, not kept
  TokenInfo info;
};

/// Make a token that ends `lifetime_seconds` from now, or never.
/// Errors   invalid_parameter_value: a lifetime below 1, or a comment over 1000 bytes.
Result<NewToken> create_token(db::Connection& conn, std::string_view user_id,
                              std::string_view comment, std::optional<int64_t> lifetime_seconds);

/// List the tokens of a user, or all where there is none named, oldest first, expired ones too.
Result<std::vector<TokenInfo>> list_tokens(db::Connection& conn,
                                           const std::optional<std::string>& user_id = {});

/// Delete a token by id, where a user is named only one of theirs. Errors resource_does_not_exist.
Result<void> delete_token(db::Connection& conn, std::string_view token_id,
                          const std::optional<std::string>& user_id = {});

/// Tell whose token `value` is. Errors unauthenticated: unknown or expired (not said which).
Result<TokenInfo> check_token(db::Connection& conn, std::string_view value);

}  // namespace slipway::store
