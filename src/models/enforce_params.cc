// enforce_params() of models/signature.h.
#include "base/python.h"
#include "models/signature.h"

namespace slipway::models {
namespace {

Error unsafe(const ParamSpec& spec, const Json& value) {
  return fail(Code::invalid_parameter_value,
              "Invalid parameters found: '{}': Can not safely convert `<class '{}'>` to `{}` for "
              "value `{}`",
              spec.name, python_type(value), column_type_name(spec.type),
              to_text(value).substr(0, 80));
}

// As MLflow: integers widen to floats; nothing else changes its type.
Result<Json> enforced(const ParamSpec& spec, const Json& value) {
  if (value.is_null()) return value;
  switch (spec.type) {
    case ColumnType::boolean:
      if (value.is_bool()) return value;
      break;
    case ColumnType::integer:
      if (value.is_int64() && value.get_int64() == static_cast<int32_t>(value.get_int64())) {
        return value;
      }
      break;
    case ColumnType::long_:
      if (value.is_int64()) return value;
      break;
    case ColumnType::float_:
    case ColumnType::double_:
      if (value.is_double()) return value;
      if (value.is_int64()) return Json(static_cast<double>(value.get_int64()));
      break;
    case ColumnType::string:
    case ColumnType::binary:
    case ColumnType::datetime:  // ISO 8601
      if (value.is_string()) return value;
      break;
  }
  return unsafe(spec, value);
}

Result<Json> enforced_list(const ParamSpec& spec, const Json& value) {
  if (!value.is_array()) {
    return fail(Code::invalid_parameter_value,
                "Invalid parameters found: '{}': Value must be a 1D array with shape (-1,), "
                "received {}",
                spec.name, python_type(value));
  }
  JsonArray out;
  for (const auto& item : value.get_array()) {
    auto ready = TRY(enforced(spec, item));
    out.push_back(std::move(ready));
  }
  return Json(std::move(out));
}

}  // namespace

Result<JsonObject> enforce_params(const Signature& signature, const JsonObject& params) {
  JsonObject out;
  for (const auto& spec : signature.params) {
    const auto given = params.find(spec.name);
    if (given == params.end()) {
      out[spec.name] = spec.default_value;
      continue;
    }
    auto ready =
        spec.is_list ? enforced_list(spec, given->value()) : enforced(spec, given->value());
    if (!ready.ok()) return ready.error();
    out[spec.name] = std::move(ready).value();
  }
  return out;
}

}  // namespace slipway::models
