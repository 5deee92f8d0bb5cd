#include "models/signature.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace slipway::models {
namespace {

constexpr std::string_view kNames[] = {"boolean", "integer", "long",   "float",
                                       "double",  "string",  "binary", "datetime"};

Error unknown_type(std::string_view what, std::string_view name) {
  return fail(Code::not_implemented, "signature: {} has type '{}'; read are {}", what, name,
              "boolean, integer, long, float, double, string, binary and datetime");
}

// numpy's types: those of a column's, and what they are read as.
constexpr std::pair<std::string_view, ColumnType> kDtypes[] = {
    {"float64", ColumnType::double_}, {"float32", ColumnType::float_},
    {"float16", ColumnType::float_},  {"int64", ColumnType::long_},
    {"int32", ColumnType::integer},   {"int16", ColumnType::integer},
    {"int8", ColumnType::integer},    {"uint64", ColumnType::long_},
    {"uint32", ColumnType::long_},    {"uint16", ColumnType::integer},
    {"uint8", ColumnType::integer},   {"bool", ColumnType::boolean},
    {"str", ColumnType::string},      {"object", ColumnType::string},
    {"bytes", ColumnType::binary}};

Result<ColumnType> type_of(const TensorSpec& tensor) {
  for (const auto& [dtype, type] : kDtypes) {
    if (dtype == tensor.dtype) return type;
  }
  return fail(Code::not_implemented,
              "signature: a tensor has dtype '{}'; read are floats, "
              "integers, bool, str, object and bytes",
              tensor.dtype);
}

// {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 28, 28]}}
Result<TensorSpec> parse_tensor(const Json& json) {
  constexpr int64_t kMaxSize = int64_t{1} << 26;
  const Json* inner = find(json, "tensor-spec");
  const Json& spec = inner == nullptr ? json : *inner;
  TensorSpec tensor;
  tensor.dtype = TRY(text_member(spec, "dtype"));
  const Json* shape = find(spec, "shape");
  int64_t n_values = 1;
  for (const auto& size : shape && shape->is_array() ? shape->get_array() : JsonArray()) {
    const int64_t n = size.is_int64() ? size.get_int64() : 0;
    if (n < -1 || n == 0 || n > kMaxSize || (n_values *= std::abs(n)) > kMaxSize) {
      return fail(Code::invalid_parameter_value,
                  "signature: a tensor's shape is {}; accepted: "
                  "sizes from 1, or -1 for any",
                  to_text(*shape));
    }
    tensor.shape.push_back(n);
  }
  return tensor;
}

enum class Side { inputs, outputs };

Result<ColumnSpec> parse_column(const Json& json, Side side) {
  ColumnSpec column;
  if (find(json, "name") != nullptr) {
    column.name = TRY(text_member(json, "name"));
  }
  if (const Json* required = find(json, "required"); required != nullptr && required->is_bool()) {
    column.required = required->get_bool();
  }
  const auto type = TRY(text_member(json, "type"));
  if (type == "tensor" && (side == Side::outputs || !column.name.empty())) {
    column.tensor = TRY(parse_tensor(json));
    column.type = TRY(type_of(*column.tensor));
    return column;
  }
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] != type) continue;
    column.type = static_cast<ColumnType>(i);
    return column;
  }
  return unknown_type(fmt::format("column '{}'", column.name), type);
}

Result<JsonArray> parse_list(std::string_view text) {
  if (trim(text).empty()) return JsonArray();
  const auto json = TRY(parse_json(text));
  if (json.is_array()) return json.get_array();
  return fail(Code::invalid_parameter_value, "signature: not a list of columns: {}", text);
}

// one tensor without a name is the whole matrix of features: it says nothing of columns
bool is_unnamed_tensor(const Json& item) {
  const auto* type = find(item, "type");
  return type && type->is_string() && type->get_string() == "tensor" && !find(item, "name");
}

Result<void> parse_inputs(std::string_view text, Signature& signature) {
  const auto list = TRY(parse_list(text));
  for (const auto& item : list) {
    if (is_unnamed_tensor(item)) {
      signature.tensor = TRY(parse_tensor(item));
      continue;
    }
    auto column = TRY(parse_column(item, Side::inputs));
    signature.inputs.push_back(std::move(column));
  }
  return {};
}

Result<std::vector<ColumnSpec>> parse_outputs(std::string_view text) {
  std::vector<ColumnSpec> columns;
  const auto list = TRY(parse_list(text));
  for (const auto& item : list) {
    auto column = TRY(parse_column(item, Side::outputs));
    columns.push_back(std::move(column));
  }
  return columns;
}

Result<std::vector<ParamSpec>> parse_params(std::string_view text) {
  std::vector<ParamSpec> params;
  const auto list = TRY(parse_list(text));
  for (const auto& item : list) {
    ParamSpec param;
    param.name = TRY(text_member(item, "name"));
    const auto type = TRY(text_member(item, find(item, "type") ? "type" : "dtype"));
    const auto* found = std::ranges::find(kNames, type);
    if (found == std::end(kNames)) return unknown_type(fmt::format("param '{}'", param.name), type);
    param.type = static_cast<ColumnType>(found - kNames);
    const Json* shape = find(item, "shape");
    param.is_list = shape != nullptr && shape->is_array();
    if (const Json* value = find(item, "default")) param.default_value = *value;
    params.push_back(std::move(param));
  }
  return params;
}

}  // namespace

data::Type TensorSpec::type() const {
  const auto type = type_of(*this);
  switch (type.ok() ? *type : ColumnType::double_) {
    case ColumnType::boolean: return data::Type::boolean;
    case ColumnType::integer:
    case ColumnType::long_: return data::Type::int64;
    case ColumnType::float_: return data::Type::float32;
    case ColumnType::string: return data::Type::string;
    case ColumnType::binary: return data::Type::binary;
    case ColumnType::double_:
    case ColumnType::datetime: break;
  }
  return data::Type::float64;
}

bool Signature::takes_tensors() const {
  return tensor.has_value() ||
         std::ranges::any_of(inputs, [](const auto& input) { return input.tensor.has_value(); });
}

Result<Signature> parse_signature(std::string_view inputs, std::string_view outputs,
                                  std::string_view params) {
  Signature signature;
  TRY(parse_inputs(inputs, signature));
  signature.outputs = TRY(parse_outputs(outputs));
  signature.params = TRY(parse_params(params));
  return signature;
}

std::string signature_text(const std::vector<ColumnSpec>& columns) {
  JsonArray list;
  for (const auto& column : columns) {
    JsonObject item;
    item["type"] = column.tensor ? "tensor" : column_type_name(column.type);
    if (column.tensor) {
      item["tensor-spec"] = JsonObject{
          {"dtype", column.tensor->dtype},
          {"shape", JsonArray(column.tensor->shape.begin(), column.tensor->shape.end())}};
    }
    if (!column.name.empty()) item["name"] = column.name;
    item["required"] = column.required;
    list.push_back(std::move(item));
  }
  return to_text(list);
}

ColumnType column_type(data::Type type) {
  switch (type) {
    case data::Type::boolean: return ColumnType::boolean;
    case data::Type::int64: return ColumnType::long_;
    case data::Type::float32: return ColumnType::float_;
    case data::Type::float64: return ColumnType::double_;
    case data::Type::string: return ColumnType::string;
    case data::Type::binary: return ColumnType::binary;
    case data::Type::timestamp: return ColumnType::datetime;
  }
  return ColumnType::string;
}

std::string_view column_type_name(ColumnType type) { return kNames[static_cast<int>(type)]; }

}  // namespace slipway::models
