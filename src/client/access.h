// client/access.h — users, groups, and what they may do, on a server.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/server.h"

namespace slipway::client {

struct User {
  int64_t id = 0;
  std::string name;
  bool is_admin = false;
  std::vector<std::string> groups;  // where the caller may see them
};

struct Permission {
  int64_t id = 0;        // of a group's; 0 of a user's
  std::string holder;    // a group's name; empty: the user alone
  std::string resource;  // such as experiment or registered_model
  std::string pattern;   // an id or name, or `*`
  std::string level;     // such as READ
};

/// A group is what MLflow's REST calls a role, in the workspace `default`.
struct Group {
  int64_t id = 0;
  std::string name;
  std::string description;
  std::vector<Permission> permissions;
};

// Errors of all: the server's own code and message, and as Server::get.

Result<User> create_user(Server& server, std::string_view name, std::string_view password);
Result<std::vector<User>> list_users(Server& server);
/// Who the caller is. Errors   resource_does_not_exist: the server has no users.
Result<User> current_user(Server& server);
Result<void> delete_user(Server& server, std::string_view name);
/// `current` is needed for the caller's own password.
Result<void> set_password(Server& server, std::string_view name, std::string_view password,
                          std::string_view current);
Result<void> set_admin(Server& server, std::string_view name, bool is_admin);

Result<Group> create_group(Server& server, std::string_view name, std::string_view description);
/// Those of users alone are left out.
Result<std::vector<Group>> list_groups(Server& server);
/// Errors   resource_does_not_exist.
Result<Group> find_group(Server& server, std::string_view name);
/// Give a group another name, another description, or both; what is missing stays.
Result<void> update_group(Server& server, int64_t group_id, const std::optional<std::string>& name,
                          const std::optional<std::string>& description);
Result<void> delete_group(Server& server, int64_t group_id);
Result<void> add_member(Server& server, int64_t group_id, std::string_view user);
Result<void> remove_member(Server& server, int64_t group_id, std::string_view user);

/// Set what a user, or a group, may do with a thing, whatever it was before.
Result<void> grant_to_user(Server& server, std::string_view user, const Permission& permission);
Result<void> grant_to_group(Server& server, const Group& group, const Permission& permission);
/// Errors   resource_does_not_exist: nothing was granted on it.
Result<void> revoke_from_user(Server& server, std::string_view user, const Permission& permission);
Result<void> revoke_from_group(Server& server, const Group& group, const Permission& permission);
/// Of a user: what they hold alone and by their groups.
Result<std::vector<Permission>> permissions_of_user(Server& server, std::string_view user);
/// Give what a user may do with a thing in the end, such as READ: by grants of their own, by their
/// groups' and by the server's default. The level of `thing` is not read.
Result<std::string> effective_permission(Server& server, std::string_view user,
                                         const Permission& thing);

}  // namespace slipway::client
