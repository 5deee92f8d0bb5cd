#include "store/search_page.h"

#include "base/json.h"
#include "base/text.h"
#include "store/values.h"

namespace slipway::store {
namespace {

// null is missing, [] is NaN, [x] is the value x.
Json cell_json(const SortCell& cell) {
  if (cell.state == SortCell::State::missing) return nullptr;
  JsonArray out;
  if (cell.state == SortCell::State::nan) return out;
  std::visit([&](const auto& value) { out.emplace_back(value); }, cell.value);
  return out;
}

std::optional<SortCell> read_cell(const Json& json, SortKind kind) {
  if (json.is_null()) return SortCell{SortCell::State::missing, 0.0};
  if (!json.is_array()) return std::nullopt;
  const JsonArray& list = json.get_array();
  if (list.empty()) return SortCell{SortCell::State::nan, 0.0};
  const Json& value = list[0];
  if (kind == SortKind::text && value.is_string()) {
    return SortCell{SortCell::State::value, std::string(value.get_string())};
  }
  if (kind == SortKind::integer && value.is_int64()) {
    return SortCell{SortCell::State::value, value.get_int64()};
  }
  if (kind == SortKind::number && value.is_number()) {
    return SortCell{SortCell::State::value, value.to_number<double>()};
  }
  return std::nullopt;
}

}  // namespace

std::string page_token(const PageStart& start) {
  JsonArray after;
  for (const SortCell& cell : start.after) after.push_back(cell_json(cell));
  JsonObject token{{"offset", start.offset}};
  if (!after.empty()) token["after"] = std::move(after);
  return base64_encode(to_text(token));
}

Result<PageStart> read_page_token(std::string_view token, const std::vector<SortKind>& kinds) {
  PageStart start;
  start.offset = TRY(page_offset(token));
  if (token.empty()) return start;
  const std::string text = base64_decode(token).value_or("");
  const auto parsed = parse_json(text);
  const Json* const after = parsed.ok() ? find(*parsed, "after") : nullptr;
  if (after == nullptr) return start;
  const auto broken =
      fail(Code::invalid_parameter_value, "Invalid page token, parsed value={}", text);
  if (!after->is_array() || after->get_array().size() != kinds.size()) return broken;
  for (size_t i = 0; i < kinds.size(); ++i) {
    auto cell = read_cell(after->get_array()[i], kinds[i]);
    if (!cell) return broken;
    start.after.push_back(*std::move(cell));
  }
  return start;
}

}  // namespace slipway::store
