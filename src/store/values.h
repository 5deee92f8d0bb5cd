// store/values.h — the small values that several resources share: tags, stages, pages.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/permission.h"

namespace slipway::store {

struct Tag {
  std::string key;
  std::string value;
  bool operator==(const Tag&) const = default;
};

struct Param {
  std::string key;
  std::string value;
  bool operator==(const Param&) const = default;
};

enum class LifecycleStage { active, deleted };

/// Give the wire's spelling: `active` or `deleted`.
std::string_view stage_name(LifecycleStage stage);

/// Which of active and deleted objects a search gives.
enum class ViewType { active_only, deleted_only, all };

/// Read `ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`; active_only for anything else.
ViewType view_type_from_name(std::string_view name);

/// One page of a search; `next_page_token` is empty on the last one.
template <typename T>
struct Page {
  std::vector<T> items;
  std::string next_page_token;
};

/// Write and read the token of a page that starts at `offset` (0 for an empty token).
/// Errors   invalid_parameter_value: `token` is none of ours.
std::string page_token(int64_t offset);
Result<int64_t> page_offset(std::string_view token);

/// What the searches of this room have in common. A max_results out of its limits is an
/// invalid_parameter_value, so is a broken filter, ordering or token.
struct SearchRequest {
  std::string filter;
  std::vector<std::string> order_by;
  int64_t max_results = 0;
  std::string page_token;
  Readable readable = {true, {}};  // for experiments, registered models and versions
};

}  // namespace slipway::store
