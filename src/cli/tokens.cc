#include "store/tokens.h"

#include "base/clock.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "cli/place.h"
#include "client/registry.h"
#include "store/users.h"

namespace slipway::cli {
namespace {

// Straight into the folder of a server that does not run: the first token of a team's server.
Result<client::CreatedToken> create_in_folder(const PlaceFlags& place, const std::string& user,
                                              const std::string& comment, int64_t lifetime_s) {
  const auto store = TRY(place.store());
  TRY(store->read([&](db::Connection& c) -> Result<void> {
    const auto state = TRY(store::access_state(c));
    if (!user.empty()) {
      TRY(store::get_user(c, user));
    } else if (state.has_users) {
      return fail(Code::invalid_parameter_value, "say whose token it is, with --user NAME");
    }
    return {};
  }));
  const auto lifetime = lifetime_s > 0 ? std::optional<int64_t>(lifetime_s) : std::nullopt;
  const auto made = TRY(store->write(
      [&](db::Connection& c) { return store::create_token(c, user, comment, lifetime); }));
  return client::CreatedToken{made.value, {made.info.token_id, comment, 0, -1}};
}

}  // namespace

Result<int> tokens_create(Invocation& call) {
  PlaceFlags place;
  std::string comment;
  std::string user;
  int64_t lifetime_s = 0;
  Format format = Format::table;
  Flags flags(call);
  flags.text(comment, "--comment", "What it is for");
  flags.integer(lifetime_s, "--lifetime", "Seconds until it ends; 0: never", 0, INT64_MAX / 1000);
  flags.text(user, "--user", "With --data-dir: whose token it is");
  place.declare(flags);
  flags.format(format);
  TRY(flags.parse());
  client::CreatedToken made;
  if (place.in_folder()) {
    made = TRY(create_in_folder(place, user, comment, lifetime_s));
  } else {
    auto server = TRY(place.server());
    made = TRY(client::create_token(server, comment, lifetime_s));
  }
  if (format == Format::json) {
    print(Json(JsonObject{{"token_value", made.value}, {"token_id", made.token.token_id}}));
  } else {
    print_line(made.value);
  }
  return 0;
}

Result<int> tokens_list(Invocation& call) {
  Format format = Format::table;
  Flags flags(call);
  auto server = TRY(connect(flags, format));
  const auto tokens = TRY(client::list_tokens(server));
  Listing listing{{{"token_id"}, {"comment"}, {"created"}, {"expires"}}, {}};
  for (const auto& token : tokens) {
    const auto expires = token.expiry_time_ms > 0 ? utc_text(token.expiry_time_ms) : "never";
    listing.rows.push_back(
        {token.token_id, token.comment, utc_text(token.creation_time_ms), expires});
  }
  print(listing, format);
  return 0;
}

Result<int> tokens_delete(Invocation& call) {
  return send(call, "POST", "token/delete",
              {{"token_id", "TOKEN_ID", "Id of the token, as `tokens list` shows it"}});
}

}  // namespace slipway::cli
