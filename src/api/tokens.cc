#include "store/tokens.h"

#include "api/access.h"
#include "api/routes.h"
#include "api/wire.h"

namespace slipway::api {
namespace {

Result<Json> create(const Call& call, Workspace& workspace) {
  const auto comment = TRY(call.text_or("comment", ""));
  const auto lifetime_seconds = TRY(call.maybe_integer("lifetime_seconds"));
  const auto token = TRY(workspace.store.write([&](db::Connection& c) {
    return store::create_token(c, call.principal().user_id, comment, lifetime_seconds);
  }));
  workspace.access->changed();
  return JsonObject{{"token_value", token.value}, {"token_info", to_json(token.info)}};
}

// People see and delete their own tokens, admins everyone's.
std::optional<std::string> owner_of(const Call& call) {
  if (call.principal().is_admin()) return std::nullopt;
  return call.principal().user_id;
}

Result<Json> list(const Call& call, Workspace& workspace) {
  const auto owner = owner_of(call);
  const auto tokens =
      TRY(workspace.store.read([&](db::Connection& c) { return store::list_tokens(c, owner); }));
  return list_json("token_infos", tokens);
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  const auto token_id = TRY(call.text("token_id"));
  const auto owner = owner_of(call);
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_token(c, token_id, owner); }));
  workspace.access->changed();
  return JsonObject();
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/token/create", create, Needs::known_user},
    {"GET", "/api/2.0/token/list", list, Needs::known_user},
    {"POST", "/api/2.0/token/delete", remove, Needs::known_user},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> token_routes() { return kRoutes; }

}  // namespace slipway::api
