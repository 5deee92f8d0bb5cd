#include "client/access.h"

#include <algorithm>

#include "base/text.h"
#include "cli/command_list.h"
#include "cli/password.h"
#include "store/password.h"
#include "store/store.h"
#include "store/users.h"

namespace slipway::cli {
namespace {

// Where users are kept: on a server, or in a folder (and its database) whose server does not run.
struct PlaceFlags {
  std::string address;
  std::string data_dir;
  std::string database;

  void declare(Flags& flags) {
    flags.server(address);
    flags.text(data_dir, "--data-dir", "In this folder instead, whose server does not run");
    flags.text(database, "--db", "With --data-dir: the server's --db, where it has one");
  }
};

Result<void> create_in_folder(const PlaceFlags& place, const std::string& name,
                              const std::string& password, bool is_admin) {
  TRY(store::check_new_password(name, password));
  const auto hash = TRY(store::hash_password(password));
  const auto store = TRY(store::Store::open(place.data_dir, place.database));
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

// One thing, or all of a kind, that a permission is about; and who holds it.
struct GrantFlags {
  std::string address;
  std::string user;
  std::string group;
  std::string experiment;
  std::string model;
  std::string endpoint;
  std::string job;
  std::string cluster;
  bool workspace = false;

  void declare(Flags& flags) {
    declare_holder(flags);
    flags.text(experiment, "--experiment", "Id of an experiment, or '*' for all");
    flags.text(model, "--model", "Name of a registered model, or '*'");
    flags.text(endpoint, "--endpoint", "Name of an endpoint's model, or '*'");
    flags.text(job, "--job", "Id of a job, or '*'");
    flags.text(cluster, "--cluster", "Id of a cluster, or '*'");
    flags.on(workspace, "--workspace", "Everything there is (groups only; manage)");
  }

  void declare_holder(Flags& flags) {
    flags.server(address);
    flags.text(user, "--user", "The user who may");
    flags.text(group, "--group", "The group that may");
  }

  Result<void> check_holder() const {
    if (user.empty() != group.empty()) return {};
    return fail(Code::invalid_parameter_value, "say who: either --user NAME or --group NAME");
  }

  Result<client::Permission> permission(const std::string& level) const {
    client::Permission found;
    int n = 0;
    const auto take = [&](std::string_view resource, const std::string& pattern) {
      if (pattern.empty()) return;
      found.resource = resource;
      found.pattern = pattern;
      ++n;
    };
    take("experiment", experiment);
    take("registered_model", model);
    take("endpoint", endpoint);
    take("job", job);
    take("cluster", cluster);
    take("workspace", workspace ? "*" : "");
    if (n != 1) {
      return fail(Code::invalid_parameter_value,
                  "say on what: one of --experiment ID, --model NAME, --endpoint NAME, --job ID, "
                  "--cluster ID or --workspace");
    }
    for (const char c : level) {
      found.level +=
          c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return found;
  }
};

Listing permission_listing(const std::vector<client::Permission>& permissions) {
  Listing listing{{{"permission"}, {"on"}, {"name"}, {"by group"}}, {}};
  for (const auto& permission : permissions) {
    listing.rows.push_back(
        {lower(permission.level), permission.resource, permission.pattern, permission.holder});
  }
  return listing;
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
  if (!place.data_dir.empty()) {
    TRY(create_in_folder(place, name, password, is_admin));
    print_line(fmt::format("created user {}", name));
    return 0;
  }
  auto server = TRY(client::Server::at(place.address));
  TRY(client::create_user(server, name, password));
  if (is_admin) {
    TRY(client::set_admin(server, name, true));
  }
  print_line(fmt::format("created user {}", name));
  return 0;
}

Result<int> users_list(Invocation& call) {
  std::string address;
  Format format = Format::table;
  Flags flags(call);
  flags.server(address);
  flags.format(format);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  const auto users = TRY(client::list_users(server));
  Listing listing{{{"name"}, {"admin"}, {"groups"}}, {}};
  for (const auto& user : users) {
    listing.rows.push_back({user.name, user.is_admin ? "yes" : "no", join(user.groups, " ")});
  }
  print(listing, format);
  return 0;
}

Result<int> users_delete(Invocation& call) {
  std::string address;
  std::string name;
  Flags flags(call);
  flags.positional(name, "NAME", "The user");
  flags.server(address);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  TRY(client::delete_user(server, name));
  return 0;
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
  if (place.data_dir.empty()) {
    auto server = TRY(client::Server::at(place.address));
    TRY(client::set_password(server, name, password, current));
    return 0;
  }
  TRY(store::check_new_password(name, password));
  const auto hash = TRY(store::hash_password(password));
  const auto store = TRY(store::Store::open(place.data_dir, place.database));
  TRY(store->write([&](db::Connection& c) { return store::set_password(c, name, hash); }));
  return 0;
}

Result<int> users_set_admin(Invocation& call) {
  std::string address;
  std::string name;
  bool no = false;
  Flags flags(call);
  flags.positional(name, "NAME", "The user");
  flags.on(no, "--no", "No longer an admin");
  flags.server(address);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  TRY(client::set_admin(server, name, !no));
  return 0;
}

Result<int> groups_create(Invocation& call) {
  std::string address;
  std::string name;
  std::string description;
  Flags flags(call);
  flags.positional(name, "NAME", "The new group");
  flags.text(description, "--description", "Who they are");
  flags.server(address);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  TRY(client::create_group(server, name, description));
  print_line(fmt::format("created group {}", name));
  return 0;
}

Result<int> groups_list(Invocation& call) {
  std::string address;
  Format format = Format::table;
  Flags flags(call);
  flags.server(address);
  flags.format(format);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  const auto groups = TRY(client::list_groups(server));
  const auto users = TRY(client::list_users(server));
  Listing listing{{{"name"}, {"users"}, {"may"}, {"description"}}, {}};
  for (const auto& group : groups) {
    std::vector<std::string> members;
    for (const auto& user : users) {
      if (std::ranges::find(user.groups, group.name) != user.groups.end()) {
        members.push_back(user.name);
      }
    }
    std::vector<std::string> may;
    for (const auto& permission : group.permissions) {
      may.push_back(fmt::format("{} {} {}", lower(permission.level), permission.resource,
                                permission.pattern));
    }
    listing.rows.push_back({group.name, join(members, " "), join(may, ", "), group.description});
  }
  print(listing, format);
  return 0;
}

Result<int> groups_delete(Invocation& call) {
  std::string address;
  std::string name;
  Flags flags(call);
  flags.positional(name, "NAME", "The group");
  flags.server(address);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  const auto group = TRY(client::find_group(server, name));
  TRY(client::delete_group(server, group.id));
  return 0;
}

namespace {

enum class Membership { add, remove };

Result<int> change_member(Invocation& call, Membership change) {
  std::string address;
  std::string name;
  std::string user;
  Flags flags(call);
  flags.positional(name, "GROUP", "The group");
  flags.positional(user, "USER", "The user");
  flags.server(address);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  const auto group = TRY(client::find_group(server, name));
  TRY(change == Membership::add ? client::add_member(server, group.id, user)
                                : client::remove_member(server, group.id, user));
  return 0;
}

}  // namespace

Result<int> groups_add(Invocation& call) { return change_member(call, Membership::add); }
Result<int> groups_remove(Invocation& call) { return change_member(call, Membership::remove); }

Result<int> permissions_grant(Invocation& call) {
  GrantFlags named;
  std::string level;
  Flags flags(call);
  flags.positional(level, "PERMISSION",
                   "read, use, edit, manage-staging, manage-production, manage or deny");
  named.declare(flags);
  TRY(flags.parse());
  TRY(named.check_holder());
  const auto permission = TRY(named.permission(level));
  auto server = TRY(client::Server::at(named.address));
  if (!named.user.empty()) {
    TRY(client::grant_to_user(server, named.user, permission));
    return 0;
  }
  const auto group = TRY(client::find_group(server, named.group));
  TRY(client::grant_to_group(server, group, permission));
  return 0;
}

Result<int> permissions_revoke(Invocation& call) {
  GrantFlags named;
  Flags flags(call);
  named.declare(flags);
  TRY(flags.parse());
  TRY(named.check_holder());
  const auto permission = TRY(named.permission(""));
  auto server = TRY(client::Server::at(named.address));
  if (!named.user.empty()) {
    TRY(client::revoke_from_user(server, named.user, permission));
    return 0;
  }
  const auto group = TRY(client::find_group(server, named.group));
  TRY(client::revoke_from_group(server, group, permission));
  return 0;
}

Result<int> permissions_list(Invocation& call) {
  GrantFlags named;
  Format format = Format::table;
  Flags flags(call);
  named.declare_holder(flags);
  flags.format(format);
  TRY(flags.parse());
  TRY(named.check_holder());
  auto server = TRY(client::Server::at(named.address));
  if (!named.user.empty()) {
    const auto permissions = TRY(client::permissions_of_user(server, named.user));
    print(permission_listing(permissions), format);
    return 0;
  }
  const auto group = TRY(client::find_group(server, named.group));
  print(permission_listing(group.permissions), format);
  return 0;
}

}  // namespace slipway::cli
