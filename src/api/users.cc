#include "store/users.h"

#include "api/access.h"
#include "api/routes.h"
#include "api/wire.h"
#include "store/password.h"
#include "store/roles.h"

namespace slipway::api {
namespace {

JsonObject user_json(const store::User& user) {
  return {{"id", user.user_key}, {"username", user.name}, {"is_admin", user.is_admin}};
}

// A server without users is opened to a team by who has its data folder, not by who comes first.
Result<void> require_users(Workspace& workspace) {
  const bool has_users = TRY(workspace.access->has_users());
  if (has_users) return {};
  return fail(Code::permission_denied,
              "This server has no users yet. Stop it and make the first admin with "
              "`slipway users create NAME --admin --data-dir DIR`");
}

Result<Json> create(const Call& call, Workspace& workspace) {
  TRY(require_users(workspace));
  const auto fields = TRY(call.fields());
  const auto name = TRY(fields.maybe_text("username"));
  const auto password = TRY(fields.maybe_text("password"));
  if (!name) return fields.missing("username");
  if (!password) return fields.missing("password");
  if (name->empty() || password->empty()) {
    return fail(Code::invalid_parameter_value, "Username and password cannot be empty.");
  }
  TRY(store::check_new_password(*name, *password));
  const auto hash = TRY(store::hash_password(*password));
  const auto user = TRY(workspace.store.write(
      [&](db::Connection& c) { return store::create_user(c, *name, hash, store::Admin::no); }));
  workspace.access->changed();
  return JsonObject{{"user", user_json(user)}};
}

Result<Json> get(const Call& call, Workspace& workspace) {
  const auto name = TRY(call.text("username"));
  const auto user =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_user(c, name); }));
  return JsonObject{{"user", user_json(user)}};
}

Result<Json> current(const Call& call, Workspace& workspace) {
  const auto& name = call.principal().user_id;
  if (name.empty()) {
    return fail(Code::resource_does_not_exist, "This server has no users: anyone may do anything");
  }
  const auto user =
      TRY(workspace.store.read([&](db::Connection& c) { return store::get_user(c, name); }));
  return JsonObject{{"user", user_json(user)}, {"is_basic_auth", true}};
}

// Everyone may see who there is, to grant them something; roles show to their managers alone.
Result<Json> list(const Call& call, Workspace& workspace) {
  JsonArray rows;
  TRY(workspace.store.read([&](db::Connection& c) -> Result<void> {
    const auto users = TRY(store::list_users(c));
    for (const auto& user : users) {
      auto row = user_json(user);
      JsonArray roles;
      if (call.principal().manages_roles() || user.name == call.principal().user_id) {
        const auto held = TRY(store::roles_of_user(c, user.name));
        for (const auto& role : held) roles.push_back(to_json(role));
      }
      row["roles"] = std::move(roles);
      rows.push_back(std::move(row));
    }
    return {};
  }));
  return JsonObject{{"users", std::move(rows)}};
}

// Who has only a user's token, or their open browser, cannot lock them out.
Result<void> check_current_password(const Call& call, const std::string& name,
                                    const std::string& password, Workspace& workspace) {
  const auto current = TRY(call.text_or("current_password", ""));
  if (current.empty()) {
    return fail(Code::invalid_parameter_value,
                "Current password is required when changing your own password.");
  }
  const bool right = TRY(workspace.access->check_password(name, current, call.request().peer));
  if (!right) return fail(Code::invalid_parameter_value, "Current password does not match.");
  if (password != current) return {};
  return fail(Code::invalid_parameter_value, "New password must differ from the current password.");
}

Result<Json> update_password(const Call& call, Workspace& workspace) {
  TRY(require_users(workspace));
  const auto name = TRY(call.text("username"));
  const auto password = TRY(call.text("password"));
  if (name == call.principal().user_id) {
    TRY(check_current_password(call, name, password, workspace));
  }
  TRY(workspace.store.read([&](db::Connection& c) { return store::get_user(c, name); }));
  TRY(store::check_new_password(name, password));
  const auto hash = TRY(store::hash_password(password));
  TRY(workspace.store.write([&](db::Connection& c) { return store::set_password(c, name, hash); }));
  workspace.access->changed();
  return JsonObject();
}

Result<Json> update_admin(const Call& call, Workspace& workspace) {
  TRY(require_users(workspace));
  const auto name = TRY(call.text("username"));
  const auto fields = TRY(call.fields());
  if (!fields.has("is_admin")) return fields.missing("is_admin");
  const bool wanted = TRY(fields.truth_or("is_admin", false));
  TRY(workspace.store.write([&](db::Connection& c) {
    return store::set_admin(c, name, wanted ? store::Admin::yes : store::Admin::no);
  }));
  workspace.access->changed();
  return JsonObject();
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  TRY(require_users(workspace));
  const auto name = TRY(call.text("username"));
  if (name == call.principal().user_id) {
    return fail(Code::bad_request,
                "Users cannot delete their own account. Ask another admin to delete this user "
                "instead.");
  }
  TRY(workspace.store.write([&](db::Connection& c) { return store::delete_user(c, name); }));
  workspace.access->changed();
  return JsonObject();
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/mlflow/users/create", create, Needs::manage_roles},
    {"GET", "/api/2.0/mlflow/users/get", get, Needs::oneself},
    {"GET", "/api/2.0/mlflow/users/current", current, Needs::known_user},
    {"GET", "/api/2.0/mlflow/users/list", list, Needs::known_user},
    {"PATCH", "/api/2.0/mlflow/users/update-password", update_password, Needs::oneself},
    {"PATCH", "/api/2.0/mlflow/users/update-admin", update_admin, Needs::admin},
    {"DELETE", "/api/2.0/mlflow/users/delete", remove, Needs::admin},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> user_routes() { return kRoutes; }

}  // namespace slipway::api
