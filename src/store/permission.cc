#include "store/permission.h"

#include <algorithm>
#include <array>
#include <utility>

namespace slipway::store {
namespace {

constexpr std::string_view kAny = "*";

constexpr std::array<std::pair<Permission, std::string_view>, 8> kPermissions = {{
    {Permission::read, "READ"},
    {Permission::use, "USE"},
    {Permission::edit, "EDIT"},
    {Permission::manage_staging, "MANAGE_STAGING"},
    {Permission::manage_production, "MANAGE_PRODUCTION"},
    {Permission::manage, "MANAGE"},
    {Permission::none, "NO_PERMISSIONS"},
    {Permission::deny, "DENY"},
}};

constexpr std::array<std::pair<Resource, std::string_view>, 7> kResources = {{
    {Resource::cluster, "cluster"},
    {Resource::endpoint, "endpoint"},
    {Resource::experiment, "experiment"},
    {Resource::job, "job"},
    {Resource::registered_model, "registered_model"},
    {Resource::serving_endpoint, "serving_endpoint"},
    {Resource::workspace, "workspace"},
}};

template <typename Table>
std::string quoted_names(const Table& table) {
  std::string out;
  for (const auto& [key, name] : table) {
    out += fmt::format("{}'{}'", out.empty() ? "" : ", ", name);
  }
  return out;
}

}  // namespace

std::string_view permission_name(Permission permission) {
  for (const auto& [key, name] : kPermissions) {
    if (key == permission) return name;
  }
  return "NO_PERMISSIONS";
}

std::string_view resource_name(Resource resource) {
  for (const auto& [key, name] : kResources) {
    if (key == resource) return name;
  }
  return "workspace";
}

Result<Permission> permission_from_name(std::string_view name) {
  for (const auto& [key, known] : kPermissions) {
    if (known == name) return key;
  }
  return fail(Code::invalid_parameter_value, "Invalid permission '{}'. Valid permissions are: ({})",
              name, quoted_names(kPermissions));
}

Result<Resource> resource_from_name(std::string_view name) {
  for (const auto& [key, known] : kResources) {
    if (known == name) return key;
  }
  return fail(Code::invalid_parameter_value,
              "Invalid resource type '{}'. Valid resource types are: ({})", name,
              quoted_names(kResources));
}

Result<void> check_grant(Resource resource, std::string_view pattern, Permission permission) {
  if (pattern.empty() || (resource == Resource::workspace && pattern != kAny)) {
    return fail(
        Code::invalid_parameter_value, "Invalid resource_pattern '{}' for resource_type='{}'. {}",
        pattern, resource_name(resource),
        resource == Resource::workspace ? "This resource type supports only wildcard ('*') grants."
                                        : "It must be the id or name of one, or '*'.");
  }
  const auto refuse = [&](std::string_view accepted) {
    return fail(Code::invalid_parameter_value,
                "Invalid permission '{}' for resource_type='{}'. Resource-level grants accept "
                "only: ({}).",
                permission_name(permission), resource_name(resource), accepted);
  };
  const bool of_stages =
      permission == Permission::manage_staging || permission == Permission::manage_production;
  switch (resource) {
    case Resource::workspace:
      if (permission != Permission::use && permission != Permission::manage) {
        return refuse("'MANAGE', 'USE'");
      }
      return {};
    case Resource::registered_model:
      if (permission == Permission::none) {
        return refuse(
            "'DENY', 'EDIT', 'MANAGE', 'MANAGE_PRODUCTION', 'MANAGE_STAGING', 'READ', 'USE'");
      }
      return {};
    default:
      if (permission == Permission::none || of_stages) {
        return refuse("'DENY', 'EDIT', 'MANAGE', 'READ', 'USE'");
      }
      return {};
  }
}

void Rights::add(Resource resource, std::string_view pattern, Permission permission) {
  if (resource == Resource::workspace) {
    manages_workspace_ = manages_workspace_ || permission == Permission::manage;
    return;
  }
  auto& known = grants_[resource];
  const auto [place, is_new] = known.emplace(pattern, permission);
  if (is_new || place->second == Permission::deny) return;
  place->second = permission == Permission::deny ? permission : std::max(place->second, permission);
}

Permission Rights::on(Resource resource, std::string_view id) const {
  if (manages_roles()) return Permission::manage;
  const auto known = grants_.find(resource);
  if (known == grants_.end()) return otherwise_;
  auto folded = Permission::none;
  for (const auto pattern : {kAny, id}) {
    const auto found = known->second.find(pattern);
    if (found == known->second.end()) continue;
    if (found->second == Permission::deny) return Permission::none;
    folded = std::max(folded, found->second);
  }
  return std::max(folded, otherwise_);
}

Readable Rights::readable(Resource resource) const {
  Readable readable;
  readable.all = on(resource, kAny) >= Permission::read;
  const auto known = grants_.find(resource);
  if (manages_roles() || known == grants_.end()) return readable;
  for (const auto& [pattern, permission] : known->second) {
    const bool is_readable = on(resource, pattern) >= Permission::read;
    if (pattern != kAny && is_readable != readable.all) readable.listed.push_back(pattern);
  }
  return readable;
}

}  // namespace slipway::store
