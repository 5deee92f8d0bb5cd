#include "api/fields.h"

#include <cmath>
#include <cstdlib>

#include "base/python.h"
#include "base/text.h"

namespace slipway::api {
namespace {

constexpr size_t kMaxShownBytes = 10'000;
constexpr std::string_view kSeeDocs =
    " See the API docs for more information about request parameters.";

std::string as_text(const Json& value) {
  return {value.get_string().data(), value.get_string().size()};
}

// As to_number, but beyond the range of a double it is infinite, and zero below the smallest.
std::optional<double> to_any_number(const std::string& text) {
  if (const auto number = to_number(text)) return number;
  if (text.find_first_not_of("0123456789+-.eE") != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) return std::nullopt;
  return number;
}

std::optional<int64_t> whole(std::optional<double> number) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (!number || std::floor(*number) != *number) return std::nullopt;
  if (*number < -kLimit || *number >= kLimit) return std::nullopt;
  return static_cast<int64_t>(*number);
}

std::optional<int64_t> as_integer(const Json& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_double()) return whole(value.get_double());
  if (!value.is_string()) return std::nullopt;
  const auto text = as_text(value);
  if (const auto integer = to_integer(text)) return integer;
  return whole(to_any_number(text));  // R writes 100000 as 1e+05
}

std::optional<double> as_number(const Json& value) {
  if (value.is_number()) return value.to_number<double>();
  if (value.is_string()) return to_any_number(as_text(value));
  if (value.is_bool()) return value.get_bool() ? 1.0 : 0.0;
  return std::nullopt;
}

}  // namespace

Fields::Fields(const JsonObject& members, Source source, std::string prefix)
    : members_(&members), source_(source), prefix_(std::move(prefix)) {}

const Json* Fields::member(std::string_view key) const {
  const auto* found = members_->if_contains({key.data(), key.size()});
  return found && !found->is_null() ? found : nullptr;
}

const Json* Fields::single(std::string_view key) const {
  const auto* value = member(key);
  return value && source_ == Source::query && value->is_array() ? &value->get_array().front()
                                                                : value;
}

Error Fields::missing(std::string_view key) const {
  return fail(Code::invalid_parameter_value, "Missing value for required parameter '{}{}'.{}",
              prefix_, key, kSeeDocs);
}

Error Fields::wrong(std::string_view key, const Json& value) const {
  auto shown = to_ascii_text(value);
  if (shown.size() > kMaxShownBytes) shown.resize(kMaxShownBytes);
  return fail(Code::invalid_parameter_value,
              "Invalid value {} for parameter '{}{}' supplied:  Hint: Value was of type '{}'.{}",
              shown, prefix_, key, python_type(value), kSeeDocs);
}

Result<std::optional<std::string>> Fields::maybe_text(std::string_view key) const {
  const auto* value = single(key);
  if (!value) return std::optional<std::string>();
  if (!value->is_string()) return wrong(key, *value);
  return std::optional<std::string>(as_text(*value));
}

Result<std::string> Fields::text(std::string_view key) const {
  auto value = TRY(maybe_text(key));
  if (!value || value->empty()) return missing(key);
  return *std::move(value);
}

Result<std::string> Fields::text_or(std::string_view key, std::string_view otherwise) const {
  auto value = TRY(maybe_text(key));
  return value ? *std::move(value) : std::string(otherwise);
}

Result<std::optional<int64_t>> Fields::maybe_integer(std::string_view key) const {
  const auto* value = single(key);
  if (!value) return std::optional<int64_t>();
  const auto integer = as_integer(*value);
  if (!integer) return wrong(key, *value);
  return integer;
}

Result<int64_t> Fields::integer(std::string_view key) const {
  const auto value = TRY(maybe_integer(key));
  if (!value) return missing(key);
  return *value;
}

Result<int64_t> Fields::integer_or(std::string_view key, int64_t otherwise) const {
  const auto value = TRY(maybe_integer(key));
  return value.value_or(otherwise);
}

Result<double> Fields::number(std::string_view key) const {
  const auto* value = single(key);
  if (!value || (value->is_string() && value->get_string().empty())) return missing(key);
  const auto number = as_number(*value);
  if (!number) return wrong(key, *value);
  return *number;
}

Result<bool> Fields::truth_or(std::string_view key, bool otherwise) const {
  const auto* value = single(key);
  if (!value) return otherwise;
  if (value->is_bool()) return value->get_bool();
  if (value->is_string()) {  // R writes TRUE and FALSE as text
    const auto text = as_text(*value);
    if (text == "TRUE" || (source_ == Source::query && lower(text) == "true")) return true;
    if (text == "FALSE" || (source_ == Source::query && lower(text) == "false")) return false;
  }
  return wrong(key, *value);
}

Result<std::vector<std::string>> Fields::texts(std::string_view key) const {
  std::vector<std::string> out;
  const auto* value = member(key);
  if (!value) return out;
  if (source_ == Source::query && value->is_string()) return std::vector{as_text(*value)};
  if (!value->is_array()) return wrong(key, *value);
  for (const auto& item : value->get_array()) {
    if (!item.is_string()) return wrong(key, *value);
    out.push_back(as_text(item));
  }
  return out;
}

Result<std::vector<Fields>> Fields::items(std::string_view key) const {
  std::vector<Fields> out;
  const auto* value = member(key);
  if (!value) return out;
  if (!value->is_array()) return wrong(key, *value);
  for (const auto& item : value->get_array()) {
    if (!item.is_object()) return wrong(fmt::format("{}[{}]", key, out.size()), item);
    out.emplace_back(item.get_object(), source_,
                     fmt::format("{}{}[{}].", prefix_, key, out.size()));
  }
  return out;
}

Result<Fields> Fields::object(std::string_view key) const {
  static const JsonObject kEmpty;
  const auto* value = member(key);
  if (value && !value->is_object()) return wrong(key, *value);
  return Fields(value ? value->get_object() : kEmpty, source_, fmt::format("{}{}.", prefix_, key));
}

}  // namespace slipway::api
