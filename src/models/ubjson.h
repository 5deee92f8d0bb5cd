// models/ubjson.h — read UBJSON (draft 12), the binary JSON that XGBoost writes its models in.
#pragma once
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace slipway::models {

/// Parse one UBJSON document into JSON values; typed arrays become arrays of numbers.
///
/// Errors   invalid_parameter_value: cut off, an unknown marker, a count larger than the bytes that
///          are left, nested deeper than 64 levels, or bytes after the end; says at which byte.
/// Source   ubjson.org, draft 12; the subset observed in models of xgboost 3.2.0.
Result<Json> parse_ubjson(std::string_view bytes);

}  // namespace slipway::models
