// store/permission.h — what people may do with experiments, registered models and the like.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::store {

/// Each allows all before it; `deny` wins over anything that other grants allow.
enum class Permission : int8_t {
  deny = -1,
  none = 0,
  read,
  use,
  edit,
  manage_staging,     // move versions of a model to, from and between None, Staging and Archived
  manage_production,  // and to and from Production
  manage,
};

/// What a grant can be about. Runs, logged models, artifacts and traces are their experiment's,
/// versions and aliases their registered model's.
enum class Resource : uint8_t {
  experiment,
  registered_model,
  endpoint,          // of a registered model
  serving_endpoint,  // one with a config of its own
  job,
  cluster,
  workspace
};

/// Wire names, such as READ, MANAGE_STAGING, NO_PERMISSIONS and registered_model.
std::string_view permission_name(Permission permission);
std::string_view resource_name(Resource resource);
/// Errors   invalid_parameter_value: the message lists what is accepted, as mlflow 3.17.2 words it.
Result<Permission> permission_from_name(std::string_view name);
Result<Resource> resource_from_name(std::string_view name);

/// Check that a grant may say this: `workspace` takes the pattern `*` and USE or MANAGE alone, the
/// two that concern stages are for registered models alone, and NO_PERMISSIONS is what the lack of
/// a grant means. Errors invalid_parameter_value.
Result<void> check_grant(Resource resource, std::string_view pattern, Permission permission);

/// Which of a kind of things someone may see.
struct Readable {
  bool all = false;                 // all but `listed`; otherwise `listed` alone
  std::vector<std::string> listed;  // ids of experiments, names of models
};

/// What one user may do: the grants of all their roles folded together. Immutable once made.
class Rights {
 public:
  /// `otherwise` holds where no grant says anything, and is the least where one allows something.
  Rights(bool is_admin, Permission otherwise) : is_admin_(is_admin), otherwise_(otherwise) {}

  /// `pattern` is the id or name of one thing, or `*`. USE of the workspace says no more than that
  /// someone is in it; MANAGE of it is MANAGE of everything.
  void add(Resource resource, std::string_view pattern, Permission permission);

  /// Give what is allowed on one thing; `id` may name one that does not exist.
  Permission on(Resource resource, std::string_view id) const;
  Readable readable(Resource resource) const;

  bool is_admin() const { return is_admin_; }
  /// Admins, and who manages the workspace: they may change users' roles and all roles.
  bool manages_roles() const { return is_admin_ || manages_workspace_; }

 private:
  using ByPattern = std::map<std::string, Permission, std::less<>>;
  bool is_admin_;
  bool manages_workspace_ = false;
  Permission otherwise_;
  std::map<Resource, ByPattern> grants_;
};

}  // namespace slipway::store
