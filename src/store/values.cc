#include "store/values.h"

#include "base/json.h"
#include "base/text.h"

namespace slipway::store {

std::string_view stage_name(LifecycleStage stage) {
  return stage == LifecycleStage::active ? "active" : "deleted";
}

ViewType view_type_from_name(std::string_view name) {
  if (name == "DELETED_ONLY") return ViewType::deleted_only;
  return name == "ALL" ? ViewType::all : ViewType::active_only;
}

std::string page_token(int64_t offset) {
  return base64_encode(fmt::format("{{\"offset\": {}}}", offset));
}

Result<int64_t> page_offset(std::string_view token) {
  if (token.empty()) return 0;
  const auto decoded = base64_decode(token);
  if (!decoded) {
    return fail(Code::invalid_parameter_value, "Invalid page token, could not base64-decode");
  }
  const auto parsed = parse_json(*decoded);
  if (!parsed.ok()) {
    return fail(Code::invalid_parameter_value, "Invalid page token, decoded value={}", *decoded);
  }
  const auto offset = integer_member(*parsed, "offset");
  if (!offset.ok() || *offset < 0) {
    return fail(Code::invalid_parameter_value, "Invalid page token, parsed value={}", *decoded);
  }
  return *offset;
}

}  // namespace slipway::store
