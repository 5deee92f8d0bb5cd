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

// A new name or a new description.
Result<int> change_text(Invocation& call, const Part& what) {
  std::string name;
  std::string text;
  Flags flags(call);
  flags.positional(name, "NAME", "The group");
  flags.positional(text, what.shown, what.help);
  auto server = TRY(connect(flags));
  const auto group = TRY(client::find_group(server, name));
  const bool is_name = what.member == kNewName.member;
  TRY(client::update_group(server, group.id, is_name ? std::optional(text) : std::nullopt,
                           is_name ? std::nullopt : std::optional(text)));
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

Result<int> groups_rename(Invocation& call) { return change_text(call, kNewName); }

Result<int> groups_describe(Invocation& call) {
  return change_text(call, {"description", "TEXT", "Who they are"});
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
