#include "client/access.h"

#include "client/fields.h"

namespace slipway::client {
namespace {

constexpr std::string_view kWorkspace = "default";
constexpr std::string_view kOwnRole = "__user_";

std::string users(std::string_view what) { return fmt::format("/api/2.0/mlflow/users/{}", what); }
std::string roles(std::string_view what) { return fmt::format("/api/3.0/mlflow/roles/{}", what); }
std::string of_user(std::string_view what) {
  return fmt::format("/api/3.0/mlflow/users/permissions/{}", what);
}

Permission permission_of(const Json& json) {
  auto holder = text_or(json, "role_name");
  if (holder.starts_with(kOwnRole)) holder.clear();
  return {integer_or(json, "id"), std::move(holder), text_or(json, "resource_type"),
          text_or(json, "resource_pattern"), text_or(json, "permission")};
}

User user_of(const Json& json) {
  User user{integer_or(json, "id"), text_or(json, "username"), is_true(json, "is_admin"), {}};
  for (const auto& role : items(json, "roles")) {
    auto name = text_or(role, "name");
    if (!name.starts_with(kOwnRole)) user.groups.push_back(std::move(name));
  }
  return user;
}

Group group_of(const Json& json) {
  Group group{integer_or(json, "id"), text_or(json, "name"), text_or(json, "description"), {}};
  for (const auto& item : items(json, "permissions")) {
    group.permissions.push_back(permission_of(item));
  }
  return group;
}

JsonObject named_json(std::string_view user, const Permission& permission) {
  return {{"username", user},
          {"resource_type", permission.resource},
          {"resource_id", permission.pattern}};
}

const Permission* find_same(const Group& group, const Permission& wanted) {
  for (const auto& known : group.permissions) {
    if (known.resource == wanted.resource && known.pattern == wanted.pattern) return &known;
  }
  return nullptr;
}

}  // namespace

Result<User> create_user(Server& server, std::string_view name, std::string_view password) {
  const auto made =
      TRY(server.post(users("create"), JsonObject{{"username", name}, {"password", password}}));
  return user_of(member(made, "user"));
}

Result<std::vector<User>> list_users(Server& server) {
  const auto got = TRY(server.get(users("list")));
  std::vector<User> found;
  for (const auto& item : items(got, "users")) found.push_back(user_of(item));
  return found;
}

Result<User> current_user(Server& server) {
  const auto got = TRY(server.get(users("current")));
  return user_of(member(got, "user"));
}

Result<void> delete_user(Server& server, std::string_view name) {
  TRY(server.send("DELETE", users("delete"), JsonObject{{"username", name}}));
  return {};
}

Result<void> set_password(Server& server, std::string_view name, std::string_view password,
                          std::string_view current) {
  JsonObject body{{"username", name}, {"password", password}};
  if (!current.empty()) body["current_password"] = current;
  TRY(server.send("PATCH", users("update-password"), body));
  return {};
}

Result<void> set_admin(Server& server, std::string_view name, bool is_admin) {
  TRY(server.send("PATCH", users("update-admin"),
                  JsonObject{{"username", name}, {"is_admin", is_admin}}));
  return {};
}

Result<Group> create_group(Server& server, std::string_view name, std::string_view description) {
  JsonObject body{{"workspace", kWorkspace}, {"name", name}};
  if (!description.empty()) body["description"] = description;
  const auto made = TRY(server.post(roles("create"), body));
  return group_of(member(made, "role"));
}

Result<std::vector<Group>> list_groups(Server& server) {
  const auto got = TRY(server.get(roles("list"), {{"workspace", std::string(kWorkspace)}}));
  std::vector<Group> groups;
  for (const auto& item : items(got, "roles")) {
    auto group = group_of(item);
    if (!group.name.starts_with(kOwnRole)) groups.push_back(std::move(group));
  }
  return groups;
}

Result<Group> find_group(Server& server, std::string_view name) {
  const auto groups = TRY(list_groups(server));
  for (const auto& group : groups) {
    if (group.name == name) return group;
  }
  return fail(Code::resource_does_not_exist, "there is no group '{}'", name);
}

Result<void> update_group(Server& server, int64_t group_id, const std::optional<std::string>& name,
                          const std::optional<std::string>& description) {
  JsonObject body{{"role_id", group_id}};
  if (name) body["name"] = *name;
  if (description) body["description"] = *description;
  TRY(server.send("PATCH", roles("update"), body));
  return {};
}

Result<void> delete_group(Server& server, int64_t group_id) {
  TRY(server.send("DELETE", roles("delete"), JsonObject{{"role_id", group_id}}));
  return {};
}

Result<void> add_member(Server& server, int64_t group_id, std::string_view user) {
  TRY(server.post(roles("assign"), JsonObject{{"username", user}, {"role_id", group_id}}));
  return {};
}

Result<void> remove_member(Server& server, int64_t group_id, std::string_view user) {
  TRY(server.send("DELETE", roles("unassign"),
                  JsonObject{{"username", user}, {"role_id", group_id}}));
  return {};
}

Result<void> grant_to_user(Server& server, std::string_view user, const Permission& permission) {
  auto body = named_json(user, permission);
  body["permission"] = permission.level;
  const auto first = server.post(of_user("grant"), body);
  if (first.ok()) return {};
  if (first.error().code != Code::resource_already_exists) return first.error();
  TRY(server.post(of_user("revoke"), named_json(user, permission)));
  TRY(server.post(of_user("grant"), body));
  return {};
}

Result<void> grant_to_group(Server& server, const Group& group, const Permission& permission) {
  if (const auto* known = find_same(group, permission)) {
    TRY(server.send(
        "PATCH", roles("permissions/update"),
        JsonObject{{"role_permission_id", known->id}, {"permission", permission.level}}));
    return {};
  }
  TRY(server.post(roles("permissions/add"), JsonObject{{"role_id", group.id},
                                                       {"resource_type", permission.resource},
                                                       {"resource_pattern", permission.pattern},
                                                       {"permission", permission.level}}));
  return {};
}

Result<void> revoke_from_user(Server& server, std::string_view user, const Permission& permission) {
  TRY(server.post(of_user("revoke"), named_json(user, permission)));
  return {};
}

Result<void> revoke_from_group(Server& server, const Group& group, const Permission& permission) {
  const auto* known = find_same(group, permission);
  if (!known) {
    return fail(Code::resource_does_not_exist,
                "nothing was granted to the group '{}' on the {} '{}'", group.name,
                permission.resource, permission.pattern);
  }
  TRY(server.send("DELETE", roles("permissions/remove"),
                  JsonObject{{"role_permission_id", known->id}}));
  return {};
}

Result<std::vector<Permission>> permissions_of_user(Server& server, std::string_view user) {
  const auto got = TRY(server.get(of_user("list"), {{"username", std::string(user)}}));
  std::vector<Permission> found;
  for (const auto& item : items(got, "permissions")) found.push_back(permission_of(item));
  return found;
}

Result<std::string> effective_permission(Server& server, std::string_view user,
                                         const Permission& thing) {
  const auto got = TRY(server.get(of_user("get"), {{"username", std::string(user)},
                                                   {"resource_type", thing.resource},
                                                   {"resource_id", thing.pattern}}));
  return text_or(got, "permission");
}

}  // namespace slipway::client
