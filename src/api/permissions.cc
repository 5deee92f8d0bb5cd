#include "api/access.h"
#include "api/routes.h"
#include "api/wire.h"
#include "store/roles.h"

namespace slipway::api {
namespace {

using store::Permission;
using store::Resource;

// What a request is about: by MLflow's routes of today, or by those of its 2.x releases.
struct Named {
  std::string user;
  Resource resource = Resource::experiment;
  std::string id;
};

Result<Resource> read_resource(const Call& call) {
  const auto type = TRY(call.text("resource_type"));
  const auto resource = TRY(store::resource_from_name(type));
  if (resource != Resource::workspace) return resource;
  return fail(Code::invalid_parameter_value,
              "resource_type 'workspace' is not supported for one user alone: grant it to a role");
}

Result<Named> read_named(const Call& call) {
  Named named;
  named.user = TRY(call.text("username"));
  named.resource = TRY(read_resource(call));
  named.id = TRY(call.text("resource_id"));
  return named;
}

Result<Named> read_experiment(const Call& call) {
  Named named;
  named.user = TRY(call.text("username"));
  named.id = TRY(call.text("experiment_id"));
  return named;
}

Result<Named> read_model(const Call& call) {
  Named named;
  named.user = TRY(call.text("username"));
  named.resource = Resource::registered_model;
  named.id = TRY(call.text("name"));
  return named;
}

Result<Permission> read_permission(const Call& call) {
  const auto level = TRY(call.text("permission"));
  return store::permission_from_name(level);
}

Result<void> add(const Named& named, Permission permission, Workspace& workspace) {
  TRY(workspace.store.write([&](db::Connection& c) {
    return store::grant_to_user(c, named.user, named.resource, named.id, permission);
  }));
  workspace.access->changed();
  return {};
}

Result<void> take(const Named& named, Workspace& workspace) {
  TRY(workspace.store.write([&](db::Connection& c) {
    return store::revoke_from_user(c, named.user, named.resource, named.id);
  }));
  workspace.access->changed();
  return {};
}

Result<Json> grant(const Call& call, Workspace& workspace) {
  const auto permission = TRY(read_permission(call));
  const auto named = TRY(read_named(call));
  TRY(add(named, permission, workspace));
  return JsonObject();
}

Result<Json> revoke(const Call& call, Workspace& workspace) {
  const auto named = TRY(read_named(call));
  TRY(take(named, workspace));
  return JsonObject();
}

// What holds for a user in the end: grants, roles and the default folded together.
Result<Json> effective(const Call& call, Workspace& workspace) {
  const auto named = TRY(read_named(call));
  const auto rights = TRY(workspace.access->rights_of(named.user));
  const auto permission = rights->on(named.resource, named.id);
  return JsonObject{{"allowed", permission >= Permission::use},
                    {"permission", store::permission_name(permission)}};
}

Result<Json> grants_of(const std::string& user_name, Workspace& workspace) {
  JsonArray rows;
  bool is_admin = false;
  TRY(workspace.store.read([&](db::Connection& c) -> Result<void> {
    const auto user = TRY(store::get_user(c, user_name));
    is_admin = user.is_admin;
    const auto roles = TRY(store::roles_of_user(c, user_name));
    for (const auto& role : roles) {
      for (const auto& held : role.grants) {
        rows.push_back(JsonObject{{"role_id", role.role_key},
                                  {"role_name", role.name},
                                  {"workspace", role.workspace},
                                  {"resource_type", store::resource_name(held.resource)},
                                  {"resource_pattern", held.pattern},
                                  {"permission", store::permission_name(held.permission)}});
      }
    }
    return {};
  }));
  return JsonObject{{"is_admin", is_admin}, {"permissions", std::move(rows)}};
}

Result<Json> list(const Call& call, Workspace& workspace) {
  const auto user = TRY(call.text("username"));
  return grants_of(user, workspace);
}

Result<Json> list_own(const Call& call, Workspace& workspace) {
  return grants_of(call.principal().user_id, workspace);
}

// The routes of MLflow 2.x: one user, one experiment or registered model.

using ReadNamed = Result<Named> (*)(const Call&);

Json old_json(const Named& named, const store::User& user, Permission permission) {
  const bool of_experiment = named.resource == Resource::experiment;
  JsonObject held{{"user_id", user.user_key}, {"permission", store::permission_name(permission)}};
  held[of_experiment ? "experiment_id" : "name"] = named.id;
  return JsonObject{
      {of_experiment ? "experiment_permission" : "registered_model_permission", std::move(held)}};
}

Result<store::Grant> own_grant(db::Connection& c, const Named& named) {
  auto found = TRY(store::find_own_grant(c, named.user, named.resource, named.id));
  if (found) return *std::move(found);
  return fail(Code::resource_does_not_exist, "{} permission with {}={} and username={} not found",
              named.resource == Resource::experiment ? "Experiment" : "Registered model",
              named.resource == Resource::experiment ? "experiment_id" : "name", named.id,
              named.user);
}

template <ReadNamed read>
Result<Json> old_create(const Call& call, Workspace& workspace) {
  const auto named = TRY(read(call));
  const auto permission = TRY(read_permission(call));
  TRY(add(named, permission, workspace));
  const auto user =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_user(c, named.user); }));
  return old_json(named, user, permission);
}

template <ReadNamed read>
Result<Json> old_get(const Call& call, Workspace& workspace) {
  const auto named = TRY(read(call));
  return workspace.store.read([&](db::Connection& c) -> Result<Json> {
    const auto held = TRY(own_grant(c, named));
    const auto user = TRY(store::get_user(c, named.user));
    return old_json(named, user, held.permission);
  });
}

template <ReadNamed read>
Result<Json> old_update(const Call& call, Workspace& workspace) {
  const auto named = TRY(read(call));
  const auto permission = TRY(read_permission(call));
  TRY(workspace.store.write([&](db::Connection& c) -> Result<void> {
    const auto held = TRY(own_grant(c, named));
    TRY(store::update_grant(c, held.grant_key, permission));
    return {};
  }));
  workspace.access->changed();
  return JsonObject();
}

template <ReadNamed read>
Result<Json> old_delete(const Call& call, Workspace& workspace) {
  const auto named = TRY(read(call));
  TRY(take(named, workspace));
  return JsonObject();
}

constexpr JsonHandler old_create_of_experiment = old_create<read_experiment>;
constexpr JsonHandler old_create_of_model = old_create<read_model>;
constexpr JsonHandler old_get_of_experiment = old_get<read_experiment>;
constexpr JsonHandler old_get_of_model = old_get<read_model>;
constexpr JsonHandler old_update_of_experiment = old_update<read_experiment>;
constexpr JsonHandler old_update_of_model = old_update<read_model>;
constexpr JsonHandler old_delete_of_experiment = old_delete<read_experiment>;
constexpr JsonHandler old_delete_of_model = old_delete<read_model>;

constexpr Route kRoutes[] = {
    {"POST", "/api/3.0/mlflow/users/permissions/grant", grant, Needs::manage_named},
    {"POST", "/api/3.0/mlflow/users/permissions/revoke", revoke, Needs::manage_named},
    {"GET", "/api/3.0/mlflow/users/permissions/get", effective, Needs::oneself},
    {"GET", "/api/3.0/mlflow/users/permissions/list", list, Needs::oneself},
    {"GET", "/api/3.0/mlflow/users/current/permissions", list_own, Needs::known_user},
    {"POST", "/api/2.0/mlflow/experiments/permissions/create", old_create_of_experiment,
     Needs::manage_named},
    {"GET", "/api/2.0/mlflow/experiments/permissions/get", old_get_of_experiment,
     Needs::manage_named},
    {"PATCH", "/api/2.0/mlflow/experiments/permissions/update", old_update_of_experiment,
     Needs::manage_named},
    {"DELETE", "/api/2.0/mlflow/experiments/permissions/delete", old_delete_of_experiment,
     Needs::manage_named},
    {"POST", "/api/2.0/mlflow/registered-models/permissions/create", old_create_of_model,
     Needs::manage_named},
    {"GET", "/api/2.0/mlflow/registered-models/permissions/get", old_get_of_model,
     Needs::manage_named},
    {"PATCH", "/api/2.0/mlflow/registered-models/permissions/update", old_update_of_model,
     Needs::manage_named},
    {"DELETE", "/api/2.0/mlflow/registered-models/permissions/delete", old_delete_of_model,
     Needs::manage_named},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> access_routes() { return kRoutes; }

}  // namespace slipway::api
