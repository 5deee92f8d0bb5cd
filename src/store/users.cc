#include "store/users.h"

#include <algorithm>

#include "base/clock.h"
#include "store/limits.h"
#include "store/roles.h"

namespace slipway::store {
namespace {

constexpr std::string_view kColumns = "SELECT user_key, name, is_admin, password_hash FROM users";

User user_of(const db::Row& row) {
  return {row.integer(0), row.text(1), row.integer(2) != 0, row.text(3)};
}

Result<void> check_user_name(std::string_view name) {
  TRY(check_length(name, 255, "username"));
  const bool clean = std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == ':';
  });
  if (name == "token") {
    return fail(Code::invalid_parameter_value,
                "The username 'token' is taken: it goes with an access token as its password");
  }
  if (!name.empty() && clean && name.front() != ' ' && name.back() != ' ') return {};
  return fail(Code::invalid_parameter_value,
              "Invalid value '{}' for parameter 'username' supplied. It must be 1 to 255 bytes "
              "without colons, control characters, or blanks at its ends.",
              name);
}

// Someone must be left who can let others in.
Result<void> require_other_admin(db::Connection& conn, const User& user) {
  if (!user.is_admin) return {};
  const auto others = TRY(conn.integer(
      "SELECT COUNT(*) FROM users WHERE is_admin = 1 AND user_key <> ?", user.user_key));
  if (others.value_or(0) > 0) return {};
  return fail(Code::bad_request, "'{}' is the only admin; make another one first", user.name);
}

}  // namespace

Result<User> create_user(db::Connection& conn, std::string_view name,
                         std::string_view password_hash, Admin admin) {
  TRY(check_user_name(name));
  const auto known = TRY(find_user(conn, name));
  if (known) {
    return fail(Code::resource_already_exists, "User (username={}) already exists.", name);
  }
  const auto key = TRY(conn.integer(
      "INSERT INTO users (name, password_hash, is_admin, creation_time_ms) VALUES (?, ?, ?, ?)"
      " RETURNING user_key",
      name, password_hash, admin == Admin::yes ? 1 : 0, now_ms()));
  TRY(bump_access(conn));
  return User{key.value_or(0), std::string(name), admin == Admin::yes, std::string(password_hash)};
}

Result<std::optional<User>> find_user(db::Connection& conn, std::string_view name) {
  auto cursor = TRY(conn.query(std::string(kColumns) + " WHERE name = ?", name));
  if (!TRY(cursor.next())) return std::optional<User>();
  return std::optional(user_of(cursor.row()));
}

Result<User> get_user(db::Connection& conn, std::string_view name) {
  auto found = TRY(find_user(conn, name));
  if (found) return *std::move(found);
  return fail(Code::resource_does_not_exist, "User with username={} not found", name);
}

Result<std::vector<User>> list_users(db::Connection& conn) {
  std::vector<User> users;
  TRY(conn.for_each(std::string(kColumns) + " ORDER BY user_key",
                    [&](const db::Row& row) { users.push_back(user_of(row)); }));
  return users;
}

Result<void> set_password(db::Connection& conn, std::string_view name,
                          std::string_view password_hash) {
  const auto user = TRY(get_user(conn, name));
  TRY(conn.exec("UPDATE users SET password_hash = ? WHERE user_key = ?", password_hash,
                user.user_key));
  return bump_access(conn);
}

Result<void> set_admin(db::Connection& conn, std::string_view name, Admin admin) {
  const auto user = TRY(get_user(conn, name));
  if (admin == Admin::no) {
    TRY(require_other_admin(conn, user));
  }
  TRY(conn.exec("UPDATE users SET is_admin = ? WHERE user_key = ?", admin == Admin::yes ? 1 : 0,
                user.user_key));
  return bump_access(conn);
}

Result<void> delete_user(db::Connection& conn, std::string_view name) {
  const auto user = TRY(get_user(conn, name));
  TRY(require_other_admin(conn, user));
  TRY(conn.exec("DELETE FROM tokens WHERE user_id = ?", name));
  TRY(conn.exec("DELETE FROM roles WHERE name = ?", own_role_name(user.user_key)));
  TRY(conn.exec("DELETE FROM users WHERE user_key = ?", user.user_key));
  return bump_access(conn);
}

Result<AccessState> access_state(db::Connection& conn) {
  AccessState state;
  const auto generation = TRY(conn.integer("SELECT generation FROM access_generation"));
  const auto any = TRY(conn.integer("SELECT user_key FROM users LIMIT 1"));
  state.generation = generation.value_or(0);
  state.has_users = any.has_value();
  return state;
}

Result<void> bump_access(db::Connection& conn) {
  return conn.exec("UPDATE access_generation SET generation = generation + 1");
}

Result<std::optional<Rights>> load_rights(db::Connection& conn, std::string_view name,
                                          Permission otherwise) {
  const auto user = TRY(find_user(conn, name));
  if (!user) return std::optional<Rights>();
  Rights rights(user->is_admin, otherwise);
  TRY(conn.for_each(
      "SELECT g.resource_type, g.resource_pattern, g.permission FROM role_users u"
      " JOIN roles r ON r.role_key = u.role_key JOIN grants g ON g.role_key = r.role_key"
      " WHERE u.user_key = ? AND r.workspace = ?",
      [&](const db::Row& row) -> Result<void> {
        const auto resource = TRY(resource_from_name(row.text(0)));
        const auto permission = TRY(permission_from_name(row.text(2)));
        rights.add(resource, row.text(1), permission);
        return {};
      },
      user->user_key, kDefaultWorkspace));
  return std::optional(std::move(rights));
}

}  // namespace slipway::store
