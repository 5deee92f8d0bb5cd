// store/users.h — who may use the server.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/permission.h"

namespace slipway::store {

struct User {
  int64_t user_key = 0;
  std::string name;
  bool is_admin = false;
  std::string password_hash;  // of store/password.h
};

enum class Admin { no, yes };

/// Make a user. The hash is made by the caller: it takes longer than a write may.
/// Errors   invalid_parameter_value: the name is empty, over 255 bytes, or has a colon or control
///          characters (HTTP Basic could not carry it); resource_already_exists.
Result<User> create_user(db::Connection& conn, std::string_view name,
                         std::string_view password_hash, Admin admin);

/// Errors   resource_does_not_exist.
Result<User> get_user(db::Connection& conn, std::string_view name);
Result<std::optional<User>> find_user(db::Connection& conn, std::string_view name);

/// List the users, oldest first.
Result<std::vector<User>> list_users(db::Connection& conn);

/// Effect   the user's tokens stay. Errors resource_does_not_exist.
Result<void> set_password(db::Connection& conn, std::string_view name,
                          std::string_view password_hash);

/// Errors   resource_does_not_exist; bad_request: there would be no admin left.
Result<void> set_admin(db::Connection& conn, std::string_view name, Admin admin);

/// Delete a user with their tokens, their own grants and their places in roles.
/// Errors   resource_does_not_exist; bad_request: there would be no admin left.
Result<void> delete_user(db::Connection& conn, std::string_view name);

/// How it stands with access: `generation` grows with each change of users, tokens, roles or
/// grants, by whichever server.
struct AccessState {
  int64_t generation = 0;
  bool has_users = false;
};
Result<AccessState> access_state(db::Connection& conn);

/// To be called by every write that changes who may do what.
Result<void> bump_access(db::Connection& conn);

/// Give what a user may do; nothing where there is no such user.
Result<std::optional<Rights>> load_rights(db::Connection& conn, std::string_view name,
                                          Permission otherwise);

}  // namespace slipway::store
