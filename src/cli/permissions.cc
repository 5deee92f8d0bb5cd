#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/access.h"

namespace slipway::cli {
namespace {

// Who holds a permission.
struct HolderFlags {
  std::string user;
  std::string group;

  void declare(Flags& flags) {
    flags.text(user, "--user", "The user who may");
    flags.text(group, "--group", "The group that may");
  }

  Result<void> check(Flags& flags) const {
    if (user.empty() != group.empty()) return {};
    return flags.reject("say who: either --user NAME or --group NAME");
  }
};

// One thing, or all of a kind, that a permission is about.
struct ThingFlags {
  std::string experiment;
  std::string model;
  std::string endpoint;
  std::string serving_endpoint;
  std::string job;
  std::string cluster;
  bool workspace = false;

  void declare(Flags& flags) {
    flags.text(experiment, "--experiment", "Id of an experiment, or '*' for all");
    flags.text(model, "--model", "Name of a registered model, or '*'");
    flags.text(endpoint, "--endpoint", "Name of an endpoint's model, or '*'");
    flags.text(serving_endpoint, "--serving-endpoint", "Name of a serving endpoint, or '*'");
    flags.text(job, "--job", "Id of a job, or '*'");
    flags.text(cluster, "--cluster", "Id of a cluster, or '*'");
    flags.on(workspace, "--workspace", "Everything there is (groups only; manage)");
  }

  // `level` is as people write it, such as manage-staging.
  Result<client::Permission> permission(Flags& flags, const std::string& level) const {
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
    take("serving_endpoint", serving_endpoint);
    take("job", job);
    take("cluster", cluster);
    take("workspace", workspace ? "*" : "");
    if (n != 1) {
      return flags.reject(
          "say on what: one of --experiment ID, --model NAME, --endpoint NAME, "
          "--serving-endpoint NAME, --job ID, --cluster ID or --workspace");
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

Result<int> permissions_grant(Invocation& call) {
  HolderFlags holder;
  ThingFlags thing;
  std::string level;
  Flags flags(call);
  flags.choice(level, "PERMISSION", "What they may",
               {"read", "use", "edit", "manage-staging", "manage-production", "manage", "deny"},
               Need::required);
  holder.declare(flags);
  thing.declare(flags);
  auto server = TRY(connect(flags));
  TRY(holder.check(flags));
  const auto permission = TRY(thing.permission(flags, level));
  if (!holder.user.empty()) {
    TRY(client::grant_to_user(server, holder.user, permission));
    return 0;
  }
  const auto group = TRY(client::find_group(server, holder.group));
  TRY(client::grant_to_group(server, group, permission));
  return 0;
}

Result<int> permissions_revoke(Invocation& call) {
  HolderFlags holder;
  ThingFlags thing;
  Flags flags(call);
  holder.declare(flags);
  thing.declare(flags);
  auto server = TRY(connect(flags));
  TRY(holder.check(flags));
  const auto permission = TRY(thing.permission(flags, ""));
  if (!holder.user.empty()) {
    TRY(client::revoke_from_user(server, holder.user, permission));
    return 0;
  }
  const auto group = TRY(client::find_group(server, holder.group));
  TRY(client::revoke_from_group(server, group, permission));
  return 0;
}

Result<int> permissions_list(Invocation& call) {
  HolderFlags holder;
  Format format = Format::table;
  Flags flags(call);
  holder.declare(flags);
  auto server = TRY(connect(flags, format));
  TRY(holder.check(flags));
  if (!holder.user.empty()) {
    const auto permissions = TRY(client::permissions_of_user(server, holder.user));
    print(permission_listing(permissions), format);
    return 0;
  }
  const auto group = TRY(client::find_group(server, holder.group));
  print(permission_listing(group.permissions), format);
  return 0;
}

Result<int> permissions_check(Invocation& call) {
  ThingFlags thing;
  std::string user;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(user, "USER", "The user");
  thing.declare(flags);
  auto server = TRY(connect(flags, format));
  const auto about = TRY(thing.permission(flags, ""));
  const auto level = TRY(client::effective_permission(server, user, about));
  print_made("permission", lower(level), format);
  return 0;
}

}  // namespace slipway::cli
