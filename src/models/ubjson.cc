#include "models/ubjson.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "base/text.h"

namespace slipway::models {
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxValues = 4'000'000;

size_t number_size(char marker) {
  switch (marker) {
    case 'i':
    case 'U': return 1;
    case 'I': return 2;
    case 'l':
    case 'd': return 4;
    case 'L':
    case 'D': return 8;
    default: return 0;
  }
}

template <typename T>
T big_endian(const char* bytes) {
  std::array<char, sizeof(T)> swapped;
  std::reverse_copy(bytes, bytes + sizeof(T), swapped.begin());
  return std::bit_cast<T>(swapped);
}

int64_t integer_at(char marker, const char* bytes) {
  switch (marker) {
    case 'i': return static_cast<int8_t>(*bytes);
    case 'U': return static_cast<uint8_t>(*bytes);
    case 'I': return big_endian<int16_t>(bytes);
    case 'l': return big_endian<int32_t>(bytes);
    default: return big_endian<int64_t>(bytes);
  }
}

struct Reader {
  std::string_view bytes;
  size_t at = 0;
  size_t n_values = 0;

  size_t left() const { return bytes.size() - at; }
  Error broken(std::string_view why) const {
    return fail(Code::invalid_parameter_value, "not valid UBJSON at byte {}: {}", at, why);
  }

  Result<char> marker() {
    while (left() > 0 && bytes[at] == 'N') ++at;  // no-op
    if (left() == 0) return broken("the file ends too early");
    return bytes[at++];
  }
  bool next_is(char c) {
    if (left() == 0 || bytes[at] != c) return false;
    ++at;
    return true;
  }
  Result<const char*> take(size_t n) {
    if (n > left()) return broken("the file ends too early");
    at += n;
    return bytes.data() + at - n;
  }

  Result<size_t> count() {
    const char type = TRY(marker());
    if (number_size(type) == 0 || type == 'd' || type == 'D') return broken("a count is missing");
    const char* raw = TRY(take(number_size(type)));
    const int64_t n = integer_at(type, raw);
    // each item takes a byte at least, so no count can ask for more memory than the file is worth
    if (n < 0 || static_cast<size_t>(n) > left()) return broken("a count is too large");
    return static_cast<size_t>(n);
  }

  Result<std::string> text() {
    const size_t n = TRY(count());
    const char* raw = TRY(take(n));
    return std::string(raw, n);
  }

  Result<UbjsonValue> text_value() {
    auto read = TRY(text());
    return UbjsonValue{std::move(read)};
  }

  Result<UbjsonValue> value(char type, int depth) {
    if (++n_values > kMaxValues) return broken("too many values");
    if (depth > kMaxDepth) return broken("nested too deep");
    switch (type) {
      case 'T': return UbjsonValue{true};
      case 'F': return UbjsonValue{false};
      case 'S': return text_value();
      case '[': return array(depth);
      case '{': return object(depth);
      default: break;
    }
    const size_t size = number_size(type);
    if (size == 0) return broken("unknown marker");
    const char* raw = TRY(take(size));
    if (type == 'd') return UbjsonValue{static_cast<double>(big_endian<float>(raw))};
    if (type == 'D') return UbjsonValue{big_endian<double>(raw)};
    return UbjsonValue{integer_at(type, raw)};
  }

  Result<UbjsonValue> array(int depth) {
    if (next_is('$')) return typed_array();
    std::optional<size_t> n;
    if (next_is('#')) {
      n = TRY(count());
    }
    UbjsonValue::Array items;
    while (n ? items.size() < *n : !next_is(']')) {
      const char type = TRY(marker());
      auto item = TRY(value(type, depth + 1));
      items.push_back(std::move(item));
    }
    return UbjsonValue{std::move(items)};
  }

  Result<UbjsonValue> typed_array() {
    const char type = TRY(marker());
    const size_t size = number_size(type);
    if (size == 0) return broken("a typed array of something else than numbers");
    if (!next_is('#')) return broken("a typed array without a count");
    const size_t n = TRY(count());
    if (n > left() / size) return broken("a count is too large");
    const char* raw = TRY(take(n * size));
    if (type == 'd') return numbers<float>(raw, n);
    if (type == 'D') return numbers<double>(raw, n);
    std::vector<int64_t> items(n);
    for (size_t i = 0; i < n; ++i) items[i] = integer_at(type, raw + i * size);
    return UbjsonValue{std::move(items)};
  }

  template <typename T>
  static UbjsonValue numbers(const char* raw, size_t n) {
    std::vector<T> items(n);
    for (size_t i = 0; i < n; ++i) items[i] = big_endian<T>(raw + i * sizeof(T));
    return UbjsonValue{std::move(items)};
  }

  Result<UbjsonValue> object(int depth) {
    std::optional<size_t> n;
    if (next_is('#')) {
      n = TRY(count());
    }
    UbjsonValue::Object members;
    while (n ? members.size() < *n : !next_is('}')) {
      auto key = TRY(text());
      const char type = TRY(marker());
      auto item = TRY(value(type, depth + 1));
      members.push_back({std::move(key), std::move(item)});
    }
    return UbjsonValue{std::move(members)};
  }
};

// JSON has no NaN: parse_json() gives it as a text.
std::optional<double> number_in(const UbjsonValue& value) {
  if (const auto* number = std::get_if<double>(&value.data)) return *number;
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr || (*text != "NaN" && *text != "Infinity" && *text != "-Infinity")) {
    return std::nullopt;
  }
  return to_number(lower(*text));
}

}  // namespace

const UbjsonValue* UbjsonValue::find(std::string_view key) const {
  const auto* members = std::get_if<Object>(&data);
  if (members == nullptr) return nullptr;
  for (const auto& [name, value] : *members) {
    if (name == key) return &value;
  }
  return nullptr;
}

Result<const UbjsonValue*> UbjsonValue::member(std::string_view key) const {
  if (const auto* value = find(key)) return value;
  return fail(Code::invalid_parameter_value, "'{}' is missing", key);
}

template <typename T>
Result<std::vector<T>> UbjsonValue::numbers() const {
  const auto converted = [](const auto& items) {
    std::vector<T> out;
    out.reserve(items.size());
    for (const auto item : items) out.push_back(static_cast<T>(item));
    return out;
  };
  if (const auto* items = std::get_if<std::vector<int64_t>>(&data)) return converted(*items);
  if constexpr (std::is_floating_point_v<T>) {
    if (const auto* items = std::get_if<std::vector<float>>(&data)) return converted(*items);
    if (const auto* items = std::get_if<std::vector<double>>(&data)) return converted(*items);
  }
  const auto* items = std::get_if<Array>(&data);
  if (items == nullptr) return fail(Code::invalid_parameter_value, "not an array of numbers");
  std::vector<T> out;
  out.reserve(items->size());
  for (const auto& item : *items) {
    if (const auto* integer = std::get_if<int64_t>(&item.data)) {
      out.push_back(static_cast<T>(*integer));
      continue;
    }
    const auto number = number_in(item);
    if (!number || !std::is_floating_point_v<T>) {
      return fail(Code::invalid_parameter_value, "an array has something else than {}",
                  std::is_floating_point_v<T> ? "numbers" : "whole numbers");
    }
    out.push_back(static_cast<T>(*number));
  }
  return out;
}
template Result<std::vector<int64_t>> UbjsonValue::numbers() const;
template Result<std::vector<float>> UbjsonValue::numbers() const;
template Result<std::vector<double>> UbjsonValue::numbers() const;

Result<UbjsonValue> parse_ubjson(std::string_view bytes) {
  Reader reader{bytes};
  const char type = TRY(reader.marker());
  auto value = TRY(reader.value(type, 0));
  if (reader.left() > 0) return reader.broken("bytes after the end");
  return value;
}

Result<UbjsonValue> ubjson_from(const Json& json) {
  switch (json.kind()) {
    case boost::json::kind::bool_: return UbjsonValue{json.get_bool()};
    case boost::json::kind::int64: return UbjsonValue{json.get_int64()};
    case boost::json::kind::uint64: return UbjsonValue{static_cast<double>(json.get_uint64())};
    case boost::json::kind::double_: return UbjsonValue{json.get_double()};
    case boost::json::kind::string: return UbjsonValue{std::string(json.get_string())};
    case boost::json::kind::null: break;
    case boost::json::kind::array: {
      UbjsonValue::Array items;
      items.reserve(json.get_array().size());
      for (const auto& item : json.get_array()) {
        auto value = TRY(ubjson_from(item));
        items.push_back(std::move(value));
      }
      return UbjsonValue{std::move(items)};
    }
    case boost::json::kind::object: {
      UbjsonValue::Object members;
      for (const auto& member : json.get_object()) {
        auto value = TRY(ubjson_from(member.value()));
        members.push_back({std::string(member.key()), std::move(value)});
      }
      return UbjsonValue{std::move(members)};
    }
  }
  return fail(Code::invalid_parameter_value, "null where a value is expected");
}

}  // namespace slipway::models
