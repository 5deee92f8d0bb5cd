// store/roles.h — roles: named sets of grants, held by users; a group of people is one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/permission.h"
#include "store/users.h"

namespace slipway::store {

/// The only workspace whose roles count; others can be written down, as MLflow's clients may.
constexpr std::string_view kDefaultWorkspace = "default";

struct Grant {
  int64_t grant_key = 0;
  int64_t role_key = 0;
  Resource resource = Resource::experiment;
  std::string pattern;  // the id or name of one thing, or `*`
  Permission permission = Permission::none;
};

struct Role {
  int64_t role_key = 0;
  std::string workspace;
  std::string name;
  std::optional<std::string> description;
  std::vector<Grant> grants;
};

struct Assignment {
  int64_t assignment_key = 0;
  int64_t user_key = 0;
  int64_t role_key = 0;
};

/// The name of the role that holds what was granted to one user alone: `__user_7__`.
std::string own_role_name(int64_t user_key);

/// Errors   resource_already_exists; invalid_parameter_value: an empty or a reserved name.
Result<Role> create_role(db::Connection& conn, std::string_view workspace, std::string_view name,
                         const std::optional<std::string>& description);
/// Errors   resource_does_not_exist.
Result<Role> get_role(db::Connection& conn, int64_t role_key);
/// List the roles of some workspaces, or of all where none is named, in the order they were made.
Result<std::vector<Role>> list_roles(db::Connection& conn,
                                     const std::vector<std::string>& workspaces);
/// What is not given stays. Errors as create_role, and resource_does_not_exist.
Result<Role> update_role(db::Connection& conn, int64_t role_key,
                         const std::optional<std::string>& name,
                         const std::optional<std::string>& description);
/// Errors   resource_does_not_exist.
Result<void> delete_role(db::Connection& conn, int64_t role_key);

/// Errors   resource_does_not_exist; resource_already_exists: the role says something about that
///          already; as check_grant.
Result<Grant> add_grant(db::Connection& conn, int64_t role_key, Resource resource,
                        std::string_view pattern, Permission permission);
/// Errors   resource_does_not_exist; as check_grant.
Result<Grant> update_grant(db::Connection& conn, int64_t grant_key, Permission permission);
/// Errors   resource_does_not_exist.
Result<Grant> get_grant(db::Connection& conn, int64_t grant_key);
Result<void> remove_grant(db::Connection& conn, int64_t grant_key);

/// Errors   resource_does_not_exist: no such user or role; resource_already_exists.
Result<Assignment> assign_role(db::Connection& conn, std::string_view user_name, int64_t role_key);
/// Errors   resource_does_not_exist.
Result<void> unassign_role(db::Connection& conn, std::string_view user_name, int64_t role_key);
/// Errors   resource_does_not_exist.
Result<std::vector<Role>> roles_of_user(db::Connection& conn, std::string_view user_name);
Result<std::vector<Assignment>> users_of_role(db::Connection& conn, int64_t role_key);

/// Grant something to one user alone. Errors as add_grant.
Result<void> grant_to_user(db::Connection& conn, std::string_view user_name, Resource resource,
                           std::string_view pattern, Permission permission);
/// Find what was granted to one user alone on just this; nothing where nothing was.
/// Errors   resource_does_not_exist: no such user.
Result<std::optional<Grant>> find_own_grant(db::Connection& conn, std::string_view user_name,
                                            Resource resource, std::string_view pattern);
/// Errors   resource_does_not_exist.
Result<void> revoke_from_user(db::Connection& conn, std::string_view user_name, Resource resource,
                              std::string_view pattern);

/// Give the maker of a new thing MANAGE; what was granted on one of that name before is gone. For
/// an empty user name (a server without users) only the latter.
Result<void> grant_to_creator(db::Connection& conn, std::string_view user_name, Resource resource,
                              std::string_view id);
/// Forget all that was granted on a thing that is no more.
Result<void> forget_grants(db::Connection& conn, Resource resource, std::string_view id);
/// Keep the grants of a thing that gets another name.
Result<void> rename_grants(db::Connection& conn, Resource resource, std::string_view from,
                           std::string_view to);

}  // namespace slipway::store
