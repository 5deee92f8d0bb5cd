#include "store/roles.h"

#include "base/text.h"
#include "store/limits.h"

namespace slipway::store {
namespace {

constexpr std::string_view kRoles = "SELECT role_key, workspace, name, description FROM roles";
constexpr std::string_view kGrants =
    "SELECT grant_key, role_key, resource_type, resource_pattern, permission FROM grants";
constexpr std::string_view kReserved = "__user_";

Role role_of(const db::Row& row) {
  return {row.integer(0), row.text(1), row.text(2), row.optional_text(3), {}};
}

Result<Grant> grant_of(const db::Row& row) {
  Grant grant;
  grant.grant_key = row.integer(0);
  grant.role_key = row.integer(1);
  grant.resource = TRY(resource_from_name(row.text(2)));
  grant.pattern = row.text(3);
  grant.permission = TRY(permission_from_name(row.text(4)));
  return grant;
}

Result<void> fill_grants(db::Connection& conn, Role& role) {
  return conn.for_each(
      std::string(kGrants) + " WHERE role_key = ? ORDER BY grant_key",
      [&](const db::Row& row) -> Result<void> {
        auto grant = TRY(grant_of(row));
        role.grants.push_back(std::move(grant));
        return {};
      },
      role.role_key);
}

Result<void> fill_grants(db::Connection& conn, std::vector<Role>& roles) {
  for (auto& role : roles) {
    TRY(fill_grants(conn, role));
  }
  return {};
}

Result<void> check_role_name(std::string_view name) {
  if (trim(name).empty()) {
    return fail(Code::invalid_parameter_value, "Role name cannot be empty.");
  }
  TRY(check_length(name, 255, "name"));
  if (!name.starts_with(kReserved)) return {};
  return fail(Code::invalid_parameter_value,
              "Role name '{}' uses the reserved '{}' prefix, which is held for what is granted to "
              "one user alone. Choose a different name.",
              name, kReserved);
}

Result<void> check_is_free(db::Connection& conn, std::string_view workspace,
                           std::string_view name) {
  const auto taken = TRY(
      conn.integer("SELECT role_key FROM roles WHERE workspace = ? AND name = ?", workspace, name));
  if (!taken) return {};
  return fail(Code::resource_already_exists, "Role (name={}, workspace={}) already exists.", name,
              workspace);
}

Result<int64_t> insert_role(db::Connection& conn, std::string_view workspace, std::string_view name,
                            const std::optional<std::string>& description) {
  const auto key = TRY(conn.integer(
      "INSERT INTO roles (workspace, name, description) VALUES (?, ?, ?) RETURNING role_key",
      workspace, name, description));
  return key.value_or(0);
}

Result<std::optional<int64_t>> find_own_role(db::Connection& conn, int64_t user_key) {
  return conn.integer("SELECT role_key FROM roles WHERE workspace = ? AND name = ?",
                      kDefaultWorkspace, own_role_name(user_key));
}

Result<int64_t> own_role(db::Connection& conn, int64_t user_key) {
  const auto known = TRY(find_own_role(conn, user_key));
  if (known) return *known;
  const auto made = TRY(insert_role(conn, kDefaultWorkspace, own_role_name(user_key), {}));
  TRY(conn.exec("INSERT INTO role_users (role_key, user_key) VALUES (?, ?)", made, user_key));
  return made;
}

Result<int64_t> insert_grant(db::Connection& conn, int64_t role_key, Resource resource,
                             std::string_view pattern, Permission permission) {
  const auto key =
      TRY(conn.integer("INSERT INTO grants (role_key, resource_type, resource_pattern, permission)"
                       " VALUES (?, ?, ?, ?) RETURNING grant_key",
                       role_key, resource_name(resource), pattern, permission_name(permission)));
  TRY(bump_access(conn));
  return key.value_or(0);
}

Result<std::optional<int64_t>> find_grant(db::Connection& conn, int64_t role_key, Resource resource,
                                          std::string_view pattern) {
  return conn.integer(
      "SELECT grant_key FROM grants WHERE role_key = ? AND resource_type = ?"
      " AND resource_pattern = ?",
      role_key, resource_name(resource), pattern);
}

}  // namespace

std::string own_role_name(int64_t user_key) {
  return std::string(kReserved) + std::to_string(user_key) + "__";
}

Result<Role> create_role(db::Connection& conn, std::string_view workspace, std::string_view name,
                         const std::optional<std::string>& description) {
  TRY(check_role_name(name));
  TRY(check_length(workspace, 255, "workspace"));
  TRY(check_length(description.value_or(""), 5000, "description"));
  TRY(check_is_free(conn, workspace, name));
  const auto key = TRY(insert_role(conn, workspace, name, description));
  TRY(bump_access(conn));
  return get_role(conn, key);
}

Result<Role> get_role(db::Connection& conn, int64_t role_key) {
  std::optional<Role> role;
  TRY(conn.for_each(
      std::string(kRoles) + " WHERE role_key = ?", [&](const db::Row& row) { role = role_of(row); },
      role_key));
  if (!role) return fail(Code::resource_does_not_exist, "Role with id={} not found", role_key);
  TRY(fill_grants(conn, *role));
  return *std::move(role);
}

Result<std::vector<Role>> list_roles(db::Connection& conn,
                                     const std::vector<std::string>& workspaces) {
  std::vector<Role> roles;
  TRY(conn.for_each(std::string(kRoles) + " ORDER BY role_key", [&](const db::Row& row) {
    auto role = role_of(row);
    bool wanted = workspaces.empty();
    for (const auto& workspace : workspaces) wanted = wanted || workspace == role.workspace;
    if (wanted) roles.push_back(std::move(role));
  }));
  TRY(fill_grants(conn, roles));
  return roles;
}

Result<Role> update_role(db::Connection& conn, int64_t role_key,
                         const std::optional<std::string>& name,
                         const std::optional<std::string>& description) {
  const auto role = TRY(get_role(conn, role_key));
  if (name && *name != role.name) {
    TRY(check_role_name(role.name));  // a user's own role keeps its name
    TRY(check_role_name(*name));
    TRY(check_is_free(conn, role.workspace, *name));
    TRY(conn.exec("UPDATE roles SET name = ? WHERE role_key = ?", *name, role_key));
  }
  if (description) {
    TRY(check_length(*description, 5000, "description"));
    TRY(conn.exec("UPDATE roles SET description = ? WHERE role_key = ?", *description, role_key));
  }
  return get_role(conn, role_key);
}

Result<void> delete_role(db::Connection& conn, int64_t role_key) {
  TRY(conn.exec("DELETE FROM roles WHERE role_key = ?", role_key));
  if (conn.changes() == 0) {
    return fail(Code::resource_does_not_exist, "Role with id={} not found", role_key);
  }
  return bump_access(conn);
}

Result<Grant> add_grant(db::Connection& conn, int64_t role_key, Resource resource,
                        std::string_view pattern, Permission permission) {
  TRY(check_grant(resource, pattern, permission));
  TRY(check_length(pattern, 1000, "resource_pattern"));
  TRY(get_role(conn, role_key));
  const auto known = TRY(find_grant(conn, role_key, resource, pattern));
  if (known) {
    return fail(Code::resource_already_exists,
                "Permission for role_id={} on resource_type={}, resource_pattern={} already "
                "exists.",
                role_key, resource_name(resource), pattern);
  }
  const auto key = TRY(insert_grant(conn, role_key, resource, pattern, permission));
  return get_grant(conn, key);
}

Result<Grant> get_grant(db::Connection& conn, int64_t grant_key) {
  auto cursor = TRY(conn.query(std::string(kGrants) + " WHERE grant_key = ?", grant_key));
  if (TRY(cursor.next())) return grant_of(cursor.row());
  return fail(Code::resource_does_not_exist, "Role permission with id={} not found", grant_key);
}

Result<Grant> update_grant(db::Connection& conn, int64_t grant_key, Permission permission) {
  auto grant = TRY(get_grant(conn, grant_key));
  TRY(check_grant(grant.resource, grant.pattern, permission));
  TRY(conn.exec("UPDATE grants SET permission = ? WHERE grant_key = ?", permission_name(permission),
                grant_key));
  TRY(bump_access(conn));
  grant.permission = permission;
  return grant;
}

Result<void> remove_grant(db::Connection& conn, int64_t grant_key) {
  TRY(get_grant(conn, grant_key));
  TRY(conn.exec("DELETE FROM grants WHERE grant_key = ?", grant_key));
  return bump_access(conn);
}

Result<Assignment> assign_role(db::Connection& conn, std::string_view user_name, int64_t role_key) {
  const auto user = TRY(get_user(conn, user_name));
  const auto role = TRY(get_role(conn, role_key));
  TRY(check_role_name(role.name));  // what is granted to one user is no other's
  const auto known =
      TRY(conn.integer("SELECT assignment_key FROM role_users WHERE role_key = ? AND user_key = ?",
                       role_key, user.user_key));
  if (known) {
    return fail(Code::resource_already_exists, "User '{}' has the role {} already.", user_name,
                role_key);
  }
  const auto key = TRY(conn.integer(
      "INSERT INTO role_users (role_key, user_key) VALUES (?, ?) RETURNING assignment_key",
      role_key, user.user_key));
  TRY(bump_access(conn));
  return Assignment{key.value_or(0), user.user_key, role_key};
}

Result<void> unassign_role(db::Connection& conn, std::string_view user_name, int64_t role_key) {
  const auto user = TRY(get_user(conn, user_name));
  TRY(conn.exec("DELETE FROM role_users WHERE role_key = ? AND user_key = ?", role_key,
                user.user_key));
  if (conn.changes() == 0) {
    return fail(Code::resource_does_not_exist, "User '{}' does not have the role {}.", user_name,
                role_key);
  }
  return bump_access(conn);
}

Result<std::vector<Role>> roles_of_user(db::Connection& conn, std::string_view user_name) {
  const auto user = TRY(get_user(conn, user_name));
  std::vector<Role> roles;
  TRY(conn.for_each(
      "SELECT r.role_key, r.workspace, r.name, r.description FROM roles r"
      " JOIN role_users u ON u.role_key = r.role_key WHERE u.user_key = ? ORDER BY r.role_key",
      [&](const db::Row& row) { roles.push_back(role_of(row)); }, user.user_key));
  TRY(fill_grants(conn, roles));
  return roles;
}

Result<std::vector<Assignment>> users_of_role(db::Connection& conn, int64_t role_key) {
  TRY(get_role(conn, role_key));
  std::vector<Assignment> found;
  TRY(conn.for_each(
      "SELECT assignment_key, user_key FROM role_users WHERE role_key = ? ORDER BY assignment_key",
      [&](const db::Row& row) { found.push_back({row.integer(0), row.integer(1), role_key}); },
      role_key));
  return found;
}

Result<void> grant_to_user(db::Connection& conn, std::string_view user_name, Resource resource,
                           std::string_view pattern, Permission permission) {
  const auto user = TRY(get_user(conn, user_name));
  TRY(check_grant(resource, pattern, permission));
  TRY(check_length(pattern, 1000, "resource_id"));
  const auto role_key = TRY(own_role(conn, user.user_key));
  const auto known = TRY(find_grant(conn, role_key, resource, pattern));
  if (known) {
    return fail(Code::resource_already_exists,
                "Permission for user={} on resource_type={}, resource_id={} already exists.",
                user_name, resource_name(resource), pattern);
  }
  TRY(insert_grant(conn, role_key, resource, pattern, permission));
  return {};
}

Result<std::optional<Grant>> find_own_grant(db::Connection& conn, std::string_view user_name,
                                            Resource resource, std::string_view pattern) {
  const auto user = TRY(get_user(conn, user_name));
  const auto role_key = TRY(find_own_role(conn, user.user_key));
  if (!role_key) return std::optional<Grant>();
  const auto grant_key = TRY(find_grant(conn, *role_key, resource, pattern));
  if (!grant_key) return std::optional<Grant>();
  auto grant = TRY(get_grant(conn, *grant_key));
  return std::optional(std::move(grant));
}

Result<void> revoke_from_user(db::Connection& conn, std::string_view user_name, Resource resource,
                              std::string_view pattern) {
  const auto grant = TRY(find_own_grant(conn, user_name, resource, pattern));
  if (grant) return remove_grant(conn, grant->grant_key);
  return fail(Code::resource_does_not_exist,
              "Permission for user={} on resource_type={}, resource_id={} not found.", user_name,
              resource_name(resource), pattern);
}

Result<void> grant_to_creator(db::Connection& conn, std::string_view user_name, Resource resource,
                              std::string_view id) {
  TRY(forget_grants(conn, resource, id));
  if (user_name.empty()) return {};
  return grant_to_user(conn, user_name, resource, id, Permission::manage);
}

Result<void> forget_grants(db::Connection& conn, Resource resource, std::string_view id) {
  TRY(conn.exec("DELETE FROM grants WHERE resource_type = ? AND resource_pattern = ?",
                resource_name(resource), id));
  return conn.changes() > 0 ? bump_access(conn) : Result<void>();
}

Result<void> rename_grants(db::Connection& conn, Resource resource, std::string_view from,
                           std::string_view to) {
  TRY(forget_grants(conn, resource, to));
  TRY(conn.exec(
      "UPDATE grants SET resource_pattern = ? WHERE resource_type = ? AND resource_pattern = ?", to,
      resource_name(resource), from));
  return conn.changes() > 0 ? bump_access(conn) : Result<void>();
}

}  // namespace slipway::store
