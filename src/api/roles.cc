#include "store/roles.h"

#include "api/access.h"
#include "api/routes.h"
#include "api/wire.h"

namespace slipway::api {
namespace {

Result<int64_t> key_of(const Call& call, std::string_view name) {
  const auto fields = TRY(call.fields());
  if (!fields.has(name)) return fields.missing(name);
  const auto number = fields.integer(name);
  if (number.ok()) return *number;
  const auto text = TRY(call.text_or(name, ""));
  return fail(Code::invalid_parameter_value, "Parameter '{}' must be an integer. Got: '{}'", name,
              text);
}

// Give a write's outcome, which counts from now on.
template <typename Closure>
auto change(Workspace& workspace, Closure&& closure) {
  auto outcome = workspace.store.write(std::forward<Closure>(closure));
  workspace.access->changed();
  return outcome;
}

Result<Json> create(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("name"));
  const auto where = TRY(call.text("workspace"));
  const auto description = TRY(call.maybe_text("description"));
  const auto role = TRY(change(workspace, [&](db::Connection& c) {
    return store::create_role(c, where, name, description);
  }));
  return JsonObject{{"role", to_json(role)}};
}

Result<Json> get(const Call& call, Workspace& workspace) {
  const auto key = TRY(key_of(call, "role_id"));
  const auto role =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_role(c, key); }));
  return JsonObject{{"role", to_json(role)}};
}

Result<Json> list(const Call& call, Workspace& workspace) {
  const auto workspaces = TRY(call.texts("workspace"));
  const auto roles = TRY(
      workspace.store.read([&](db::Connection& c) { return store::list_roles(c, workspaces); }));
  JsonArray rows;
  for (const auto& role : roles) rows.push_back(to_json(role));
  return JsonObject{{"roles", std::move(rows)}};
}

Result<Json> update(const Call& call, Workspace& workspace) {
  const auto key = TRY(key_of(call, "role_id"));
  const auto name = TRY(call.maybe_text("name"));
  const auto description = TRY(call.maybe_text("description"));
  if (!name && !description) {
    return fail(Code::invalid_parameter_value,
                "At least one of 'name' or 'description' must be provided to update a role.");
  }
  const auto role = TRY(change(
      workspace, [&](db::Connection& c) { return store::update_role(c, key, name, description); }));
  return JsonObject{{"role", to_json(role)}};
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  const auto key = TRY(key_of(call, "role_id"));
  TRY(change(workspace, [&](db::Connection& c) { return store::delete_role(c, key); }));
  return JsonObject();
}

Result<Json> add_permission(const Call& call, Workspace& workspace) {
  const auto key = TRY(key_of(call, "role_id"));
  const auto type = TRY(call.text("resource_type"));
  const auto pattern = TRY(call.text("resource_pattern"));
  const auto level = TRY(call.text("permission"));
  const auto permission = TRY(store::permission_from_name(level));
  const auto resource = TRY(store::resource_from_name(type));
  const auto grant = TRY(change(workspace, [&](db::Connection& c) {
    return store::add_grant(c, key, resource, pattern, permission);
  }));
  return JsonObject{{"role_permission", to_json(grant)}};
}

Result<Json> remove_permission(const Call& call, Workspace& workspace) {
  const auto key = TRY(key_of(call, "role_permission_id"));
  TRY(change(workspace, [&](db::Connection& c) { return store::remove_grant(c, key); }));
  return JsonObject();
}

Result<Json> list_permissions(const Call& call, Workspace& workspace) {
  const auto key = TRY(key_of(call, "role_id"));
  const auto role =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_role(c, key); }));
  JsonArray rows;
  for (const auto& grant : role.grants) rows.push_back(to_json(grant));
  return JsonObject{{"role_permissions", std::move(rows)}};
}

Result<Json> update_permission(const Call& call, Workspace& workspace) {
  const auto key = TRY(key_of(call, "role_permission_id"));
  const auto level = TRY(call.text("permission"));
  const auto permission = TRY(store::permission_from_name(level));
  const auto grant = TRY(change(
      workspace, [&](db::Connection& c) { return store::update_grant(c, key, permission); }));
  return JsonObject{{"role_permission", to_json(grant)}};
}

JsonObject assignment_json(const store::Assignment& assignment) {
  return {{"id", assignment.assignment_key},
          {"user_id", assignment.user_key},
          {"role_id", assignment.role_key}};
}

Result<Json> assign(const Call& call, Workspace& workspace) {
  const auto user = TRY(call.text("username"));
  const auto key = TRY(key_of(call, "role_id"));
  const auto made =
      TRY(change(workspace, [&](db::Connection& c) { return store::assign_role(c, user, key); }));
  return JsonObject{{"assignment", assignment_json(made)}};
}

Result<Json> unassign(const Call& call, Workspace& workspace) {
  const auto user = TRY(call.text("username"));
  const auto key = TRY(key_of(call, "role_id"));
  TRY(change(workspace, [&](db::Connection& c) { return store::unassign_role(c, user, key); }));
  return JsonObject();
}

Result<Json> roles_of_user(const Call& call, Workspace& workspace) {
  const auto user = TRY(call.text("username"));
  const auto roles =
      TRY(workspace.store.read([&](db::Connection& c) { return store::roles_of_user(c, user); }));
  JsonArray rows;
  for (const auto& role : roles) rows.push_back(to_json(role));
  return JsonObject{{"roles", std::move(rows)}};
}

Result<Json> users_of_role(const Call& call, Workspace& workspace) {
  const auto key = TRY(key_of(call, "role_id"));
  const auto found =
      TRY(workspace.store.read([&](db::Connection& c) { return store::users_of_role(c, key); }));
  JsonArray rows;
  for (const auto& assignment : found) rows.push_back(assignment_json(assignment));
  return JsonObject{{"assignments", std::move(rows)}};
}

constexpr Route kRoutes[] = {
    {"POST", "/api/3.0/mlflow/roles/create", create, Needs::manage_roles},
    {"GET", "/api/3.0/mlflow/roles/get", get, Needs::manage_roles},
    {"GET", "/api/3.0/mlflow/roles/list", list, Needs::manage_roles},
    {"PATCH", "/api/3.0/mlflow/roles/update", update, Needs::manage_roles},
    {"DELETE", "/api/3.0/mlflow/roles/delete", remove, Needs::manage_roles},
    {"POST", "/api/3.0/mlflow/roles/permissions/add", add_permission, Needs::manage_roles},
    {"DELETE", "/api/3.0/mlflow/roles/permissions/remove", remove_permission, Needs::manage_roles},
    {"GET", "/api/3.0/mlflow/roles/permissions/list", list_permissions, Needs::manage_roles},
    {"PATCH", "/api/3.0/mlflow/roles/permissions/update", update_permission, Needs::manage_roles},
    {"POST", "/api/3.0/mlflow/roles/assign", assign, Needs::manage_roles},
    {"DELETE", "/api/3.0/mlflow/roles/unassign", unassign, Needs::manage_roles},
    {"GET", "/api/3.0/mlflow/users/roles/list", roles_of_user, Needs::oneself},
    {"GET", "/api/3.0/mlflow/roles/users/list", users_of_role, Needs::manage_roles},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> role_routes() { return kRoutes; }

}  // namespace slipway::api
