#include "store/users.h"

#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "cli/password.h"
#include "cli/place.h"
#include "client/access.h"
#include "store/password.h"

namespace slipway::cli {
namespace {

Result<void> create_in_folder(const PlaceFlags& place, const std::string& name,
                              const std::string& password, bool is_admin) {
  TRY(store::check_new_password(name, password));
  const auto hash = TRY(store::hash_password(password));
  const auto store = TRY(place.store());
  return store->write([&](db::Connection& c) -> Result<void> {
    const auto state = TRY(store::access_state(c));
    if (!state.has_users && !is_admin) {
      return fail(Code::invalid_parameter_value,
                  "the first user must be an admin: add --admin, or no one could make others");
    }
    TRY(store::create_user(c, name, hash, is_admin ? store::Admin::yes : store::Admin::no));
    return {};
  });
}

}  // namespace

Result<int> users_create(Invocation& call) {
  PlaceFlags place;
  std::string name;
  std::string password_file;
  bool is_admin = false;
  Flags flags(call);
  flags.positional(name, "NAME", "The new user");
  flags.on(is_admin, "--admin", "Who may do everything");
  flags.text(password_file, "--password-file", "File with the password; -: standard input");
  place.declare(flags);
  TRY(flags.parse());
  const auto password =
      TRY(read_password(password_file, fmt::format("Password of {}", name), Ask::twice));
  if (place.in_folder()) {
    TRY(create_in_folder(place, name, password, is_admin));
    print_line(fmt::format("created user {}", name));
    return 0;
  }
  auto server = TRY(place.server());
  TRY(client::create_user(server, name, password));
  if (is_admin) {
    TRY(client::set_admin(server, name, true));
  }
  print_line(fmt::format("created user {}", name));
  return 0;
}

Result<int> users_list(Invocation& call) {
  Format format = Format::table;
  Flags flags(call);
  auto server = TRY(connect(flags, format));
  const auto users = TRY(client::list_users(server));
  Listing listing{{{"name"}, {"admin"}, {"groups"}}, {}};
  for (const auto& user : users) {
    listing.rows.push_back({user.name, user.is_admin ? "yes" : "no", join(user.groups, " ")});
  }
  print(listing, format);
  return 0;
}

Result<int> users_whoami(Invocation& call) {
  Format format = Format::table;
  Flags flags(call);
  auto server = TRY(connect(flags, format));
  const auto user = TRY(client::current_user(server));
  if (format == Format::json) {
    print(Json(JsonObject{{"name", user.name}, {"admin", user.is_admin}}));
  } else {
    print_line(user.name);
  }
  return 0;
}

Result<int> users_delete(Invocation& call) {
  return send(call, "DELETE", "mlflow/users/delete", {{"username", "NAME", "The user"}});
}

Result<int> users_set_password(Invocation& call) {
  PlaceFlags place;
  std::string name;
  std::string password_file;
  std::string current_file;
  Flags flags(call);
  flags.positional(name, "NAME", "The user");
  flags.text(password_file, "--password-file", "File with the new password; -: standard input");
  flags.text(current_file, "--current-password-file",
             "For your own: file with the password so far");
  place.declare(flags);
  TRY(flags.parse());
  std::string current;
  if (!current_file.empty()) current = TRY(read_password(current_file, "", Ask::once));
  const auto password =
      TRY(read_password(password_file, fmt::format("New password of {}", name), Ask::twice));
  if (!place.in_folder()) {
    auto server = TRY(place.server());
    TRY(client::set_password(server, name, password, current));
    return 0;
  }
  TRY(store::check_new_password(name, password));
  const auto hash = TRY(store::hash_password(password));
  const auto store = TRY(place.store());
  TRY(store->write([&](db::Connection& c) { return store::set_password(c, name, hash); }));
  return 0;
}

Result<int> users_set_admin(Invocation& call) {
  std::string name;
  bool no = false;
  Flags flags(call);
  flags.positional(name, "NAME", "The user");
  flags.on(no, "--no", "No longer an admin");
  auto server = TRY(connect(flags));
  TRY(client::set_admin(server, name, !no));
  return 0;
}

}  // namespace slipway::cli
