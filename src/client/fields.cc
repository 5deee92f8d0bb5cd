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

const Json& member(const Json& object, std::string_view key) {
  static const Json kNothing;
  const auto* found = find(object, key);
  return found ? *found : kNothing;
}

bool is_true(const Json& object, std::string_view key) {
  const auto& found = member(object, key);
  return found.is_bool() && found.get_bool();
}

std::span<const Json> items(const Json& object, std::string_view key) {
  const auto* member = find(object, key);
  if (!member || !member->is_array()) return {};
  return {member->get_array().data(), member->get_array().size()};
}

std::map<std::string, std::string> texts_by_key(const Json& object, std::string_view list) {
  std::map<std::string, std::string> texts;
  for (const auto& item : items(object, list)) texts[text_or(item, "key")] = text_or(item, "value");
  return texts;
}

JsonArray texts_json(const std::vector<std::string>& texts) {
  JsonArray array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

JsonArray pairs_json(std::span<const std::pair<std::string, std::string>> pairs) {
  JsonArray array;
  for (const auto& [key, value] : pairs) {
    array.push_back(JsonObject{{"key", key}, {"value", value}});
  }
  return array;
}

}  // namespace slipway::client
