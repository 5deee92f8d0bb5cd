// models/ubjson.h — read UBJSON (draft 12), the binary JSON that XGBoost writes its models in.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::models {

struct UbjsonMember;

/// A UBJSON value. Typed arrays stay compact: they are nearly all of a tree model.
struct UbjsonValue {
  using Array = std::vector<UbjsonValue>;
  using Object = std::vector<UbjsonMember>;
  std::variant<bool, int64_t, double, std::string, Array, Object, std::vector<int64_t>,
               std::vector<float>, std::vector<double>>
      data;

  /// Errors   invalid_parameter_value: no object, or it has no such member.
  Result<const UbjsonValue*> member(std::string_view key) const;
  /// Find a member, or null.
  const UbjsonValue* find(std::string_view key) const;
  /// Give an array's numbers as T (int64_t, double or float); an empty array gives none.
  /// Errors   invalid_parameter_value: not an array, or one of other things.
  template <typename T>
  Result<std::vector<T>> numbers() const;
};

struct UbjsonMember {
  std::string name;
  UbjsonValue value;
};

/// Parse one UBJSON document.
///
/// Errors   invalid_parameter_value: cut off, an unknown marker, a count larger than the bytes that
///          are left, nested deeper than 64 levels, more than 4 million values outside typed
///          arrays, or bytes after the end; says at which byte.
/// Source   ubjson.org, draft 12; the subset observed in models of xgboost 3.2.0 (no nulls, no
///          typed objects, no typed arrays of anything but numbers).
Result<UbjsonValue> parse_ubjson(std::string_view bytes);

/// Take over a JSON document, so that one reader serves the text form too.
/// Errors   invalid_parameter_value: it has a null.
Result<UbjsonValue> ubjson_from(const Json& json);

}  // namespace slipway::models
