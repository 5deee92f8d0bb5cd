#include "store/tokens.h"

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
  return JsonObject{{"token_value", token.value}, {"token_info", to_json(token.info)}};
}

Result<Json> list(const Call&, Workspace& workspace) {
  const auto tokens =
      TRY(workspace.store.read([](db::Connection& c) { return store::list_tokens(c); }));
  return list_json("token_infos", tokens);
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  const auto token_id = TRY(call.text("token_id"));
  TRY(workspace.store.write([&](db::Connection& c) { return store::delete_token(c, token_id); }));
  return JsonObject();
}

constexpr Route kRoutes[] = {
    {"POST", "/api/2.0/token/create", create, Needs::manage_tokens},
    {"GET", "/api/2.0/token/list", list, Needs::manage_tokens},
    {"POST", "/api/2.0/token/delete", remove, Needs::manage_tokens},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> token_routes() { return kRoutes; }

}  // namespace slipway::api
