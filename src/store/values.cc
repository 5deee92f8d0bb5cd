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

namespace {

/// The bytes as Python shows them, `b'k\xff'`.
std::string python_bytes(std::string_view bytes) {
  const char quote = bytes.find('\'') != bytes.npos && bytes.find('"') == bytes.npos ? '"' : '\'';
  std::string out = std::string("b") + quote;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\\': out += "\\\\"; break;
      default:
        if (c == quote) {
          out += fmt::format("\\{}", c);
        } else if (byte < 0x20 || byte >= 0x7f) {
          out += fmt::format("\\x{:02x}", byte);
        } else {
          out += c;
        }
    }
  }
  return out + quote;
}

/// Decodes what is of base64 and drops all else, as Python does.
std::optional<std::string> loosely_decoded(std::string_view token) {
  std::string kept;
  for (const char c : token) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_letter || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=') kept += c;
  }
  return base64_decode(kept);
}

}  // namespace

Result<int64_t> page_offset(std::string_view token) {
  if (token.empty()) return 0;
  const auto decoded = loosely_decoded(token);
  if (!decoded) {
    return fail(Code::invalid_parameter_value, "Invalid page token, could not base64-decode");
  }
  const auto parsed = parse_json(*decoded);
  if (!parsed.ok()) {
    return fail(Code::invalid_parameter_value, "Invalid page token, decoded value={}",
                python_bytes(*decoded));
  }
  const auto offset = integer_member(*parsed, "offset");
  if (!offset.ok() || *offset < 0) {
    return fail(Code::invalid_parameter_value, "Invalid page token, parsed value={}", *decoded);
  }
  return *offset;
}

}  // namespace slipway::store
