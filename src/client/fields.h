// client/fields.h — members of a server's answer, where a missing one is empty.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace slipway::client {

std::string text_or(const Json& object, std::string_view key, std::string_view otherwise = "");
/// Integers come as numbers or, from older servers, as texts; 0 otherwise.
int64_t integer_or(const Json& object, std::string_view key);
/// "NaN" comes as text; NaN where it is missing.
double number_or(const Json& object, std::string_view key);
/// Null where it is missing.
const Json& member(const Json& object, std::string_view key);
/// False where it is missing or anything but true.
bool is_true(const Json& object, std::string_view key);
/// The elements of an array member; none where it is missing.
std::span<const Json> items(const Json& object, std::string_view key);
/// A list of {"key": …, "value": …} as a map; the last of a key wins.
std::map<std::string, std::string> texts_by_key(const Json& object, std::string_view list);
JsonArray texts_json(const std::vector<std::string>& texts);
/// [{"key": …, "value": …}, …]
JsonArray pairs_json(std::span<const std::pair<std::string, std::string>> pairs);

}  // namespace slipway::client
