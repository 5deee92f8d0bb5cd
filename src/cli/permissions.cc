#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/access.h"

namespace slipway::cli {
namespace {

// One thing, or all of a kind, that a permission is about; and who holds it.
struct GrantFlags {
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

Result<int> permissions_grant(Invocation& call) {
  GrantFlags named;
  std::string level;
  Flags flags(call);
  flags.positional(level, "PERMISSION",
                   "read, use, edit, manage-staging, manage-production, manage or deny");
  named.declare(flags);
  auto server = TRY(connect(flags));
  TRY(named.check_holder());
  const auto permission = TRY(named.permission(level));
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
  auto server = TRY(connect(flags));
  TRY(named.check_holder());
  const auto permission = TRY(named.permission(""));
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
  auto server = TRY(connect(flags, format));
  TRY(named.check_holder());
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
