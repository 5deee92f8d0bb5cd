#include "models/signature.h"

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

// A tensor stands for a column without a name: {"type": "tensor", "tensor-spec": {"dtype": …}}.
Result<ColumnType> tensor_type(const Json& tensor) {
  const Json* spec = find(tensor, "tensor-spec");
  const auto dtype = TRY(text_member(spec == nullptr ? tensor : *spec, "dtype"));
  if (dtype == "float64") return ColumnType::double_;
  if (dtype == "float32") return ColumnType::float_;
  if (dtype == "int64") return ColumnType::long_;
  if (dtype == "int32") return ColumnType::integer;
  if (dtype == "bool") return ColumnType::boolean;
  return unknown_type("a tensor", dtype);
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
    column.type = TRY(tensor_type(json));
    return column;
  }
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] != type) continue;
    column.type = static_cast<ColumnType>(i);
    return column;
  }
  return unknown_type(fmt::format("column '{}'", column.name), type);
}

Result<std::vector<ColumnSpec>> parse_columns(std::string_view text, Side side) {
  std::vector<ColumnSpec> columns;
  if (trim(text).empty()) return columns;
  const auto json = TRY(parse_json(text));
  if (!json.is_array()) {
    return fail(Code::invalid_parameter_value, "signature: not a list of columns: {}", text);
  }
  for (const auto& item : json.get_array()) {
    // one tensor without a name is the whole matrix of features: it says nothing of columns
    const auto* type = find(item, "type");
    const bool tensor = type && type->is_string() && type->get_string() == "tensor";
    if (side == Side::inputs && tensor && !find(item, "name")) continue;
    auto column = TRY(parse_column(item, side));
    columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace

Result<Signature> parse_signature(std::string_view inputs, std::string_view outputs) {
  Signature signature;
  signature.inputs = TRY(parse_columns(inputs, Side::inputs));
  signature.outputs = TRY(parse_columns(outputs, Side::outputs));
  return signature;
}

std::string signature_text(const std::vector<ColumnSpec>& columns) {
  JsonArray list;
  for (const auto& column : columns) {
    JsonObject item;
    item["type"] = column_type_name(column.type);
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
