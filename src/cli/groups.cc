#include <algorithm>

#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/access.h"

namespace slipway::cli {
namespace {

enum class Membership { add, remove };

Result<int> change_member(Invocation& call, Membership change) {
  std::string name;
  std::string user;
  Flags flags(call);
  flags.positional(name, "GROUP", "The group");
  flags.positional(user, "USER", "The user");
  auto server = TRY(connect(flags));
  const auto group = TRY(client::find_group(server, name));
  TRY(change == Membership::add ? client::add_member(server, group.id, user)
                                : client::remove_member(server, group.id, user));
  return 0;
}

}  // namespace

Result<int> groups_create(Invocation& call) {
  std::string name;
  std::string description;
  Flags flags(call);
  flags.positional(name, "NAME", "The new group");
  flags.text(description, "--description", "Who they are");
  auto server = TRY(connect(flags));
  TRY(client::create_group(server, name, description));
  print_line(fmt::format("created group {}", name));
  return 0;
}

Result<int> groups_list(Invocation& call) {
  Format format = Format::table;
  Flags flags(call);
  auto server = TRY(connect(flags, format));
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
  std::string name;
  Flags flags(call);
  flags.positional(name, "NAME", "The group");
  auto server = TRY(connect(flags));
  const auto group = TRY(client::find_group(server, name));
  TRY(client::delete_group(server, group.id));
  return 0;
}

Result<int> groups_add(Invocation& call) { return change_member(call, Membership::add); }
Result<int> groups_remove(Invocation& call) { return change_member(call, Membership::remove); }

}  // namespace slipway::cli
