#include "objects/object.h"

#include <limits>

namespace slipway::objects {

std::optional<double> number_of(const Object& object) {
  switch (object.kind) {
    case Kind::none: return std::numeric_limits<double>::quiet_NaN();
    case Kind::boolean:
    case Kind::integer: return static_cast<double>(object.integer);
    case Kind::real: return object.real;
    case Kind::array: {
      if (object.array->size() != 1 || object.array->dtype.kind == 'O') return {};
      const auto values = numbers(*object.array);
      if (!values.ok()) return {};
      return (*values)[0];
    }
    default: return {};
  }
}

const Object* find(const Object& dict, std::string_view key) {
  if (dict.kind != Kind::dict) return nullptr;
  const Object* found = nullptr;
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const auto& at = *dict.items[i];
    if (at.kind == Kind::text && at.text == key) found = dict.items[i + 1];  // the last one counts
  }
  return found;
}

const Object* attribute(const Object& instance, std::string_view name) {
  if (instance.kind != Kind::instance || instance.state == nullptr) return nullptr;
  if (instance.state->kind != Kind::tuple) return find(*instance.state, name);
  for (const auto* part : instance.state->items) {  // (dict or None, slots)
    if (const auto* found = find(*part, name)) return found;
  }
  return nullptr;
}

std::string_view class_name(const Object& instance) {
  const std::string_view full = instance.text;
  const auto dot = full.rfind('.');
  return dot == full.npos ? full : full.substr(dot + 1);
}

std::string describe(const Object& object) {
  constexpr std::string_view kNames[] = {"None",   "a truth value", "an integer", "a number",
                                         "a text", "bytes",         "a list",     "a tuple",
                                         "a set",  "a dict",        "an array",   "a numpy type"};
  if (object.kind == Kind::instance || object.kind == Kind::name) return object.text;
  return std::string(kNames[static_cast<size_t>(object.kind)]);
}

}  // namespace slipway::objects
