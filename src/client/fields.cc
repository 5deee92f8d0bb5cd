#include "client/fields.h"

#include <limits>

#include "base/text.h"

namespace slipway::client {

std::string text_or(const Json& object, std::string_view key, std::string_view otherwise) {
  const auto* member = find(object, key);
  if (!member || !member->is_string()) return std::string(otherwise);
  return {member->get_string().data(), member->get_string().size()};
}

int64_t integer_or(const Json& object, std::string_view key) {
  const auto* member = find(object, key);
  if (member && member->is_int64()) return member->get_int64();
  return to_integer(text_or(object, key)).value_or(0);
}

double number_or(const Json& object, std::string_view key) {
  const auto* member = find(object, key);
  if (member && member->is_number()) return member->to_number<double>();
  return to_number(text_or(object, key)).value_or(std::numeric_limits<double>::quiet_NaN());
}

std::span<const Json> items(const Json& object, std::string_view key) {
  const auto* member = find(object, key);
  if (!member || !member->is_array()) return {};
  return {member->get_array().data(), member->get_array().size()};
}

JsonArray texts_json(const std::vector<std::string>& texts) {
  JsonArray array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace slipway::client
