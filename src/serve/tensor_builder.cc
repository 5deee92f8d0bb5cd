#include "serve/tensor_builder.h"

#include <cmath>
#include <limits>

namespace slipway::serve {
namespace {

using data::Type;
using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr size_t kMaxDepth = 16;

data::Column::Values empty_values(Type type) {
  switch (type) {
    case Type::boolean: return std::vector<uint8_t>();
    case Type::int64:
    case Type::timestamp: return std::vector<int64_t>();
    case Type::float32: return std::vector<float>();
    case Type::float64: return std::vector<double>();
    case Type::string:
    case Type::binary: break;
  }
  return data::Strings();
}

}  // namespace

TensorBuilder::TensorBuilder(std::string name, const std::optional<models::TensorSpec>& spec)
    : name_(std::move(name)), declared_(spec.has_value()), knows_type_(declared_) {
  column_.name = name_;
  column_.type = spec ? spec->type() : Type::float64;
  column_.values = empty_values(column_.type);
}

Error TensorBuilder::misfit(element value, std::string_view why) const {
  return fail(Code::invalid_parameter_value, "input '{}', row {}: {} {}", name_, n_rows_,
              std::string(simdjson::minify(value)).substr(0, 80), why);
}

Result<void> TensorBuilder::add(element row) {
  TRY(add_nested(row, 0));
  ++n_rows_;
  return {};
}

Result<void> TensorBuilder::add_nested(element value, size_t depth) {
  auto& shape = column_.shape;
  if (value.is_object()) return misfit(value, "is an object where a tensor has values");
  if (!value.is_array()) {
    if (depth != shape.size()) return misfit(value, "is a value where others are lists");
    knows_shape_ = true;
    return add_value(value);
  }
  const simdjson::dom::array list(value);
  const size_t n = list.size();
  if (n == 0) return misfit(value, "is an empty list");
  if (depth == shape.size()) {
    if (knows_shape_) return misfit(value, "is a list where others are values");
    if (depth == kMaxDepth) return misfit(value, "is nested too deep");
    shape.push_back(n);
  }
  if (shape[depth] != n) {
    return misfit(value, fmt::format("has {} items where others have {}", n, shape[depth]));
  }
  for (const element item : list) TRY(add_nested(item, depth + 1));
  return {};
}

void TensorBuilder::take_type_of(element value) {
  knows_type_ = true;
  switch (value.type()) {
    case element_type::BOOL: column_.type = Type::boolean; break;
    case element_type::STRING: column_.type = Type::string; break;
    case element_type::INT64: column_.type = Type::int64; break;
    default: column_.type = Type::float64; break;
  }
  column_.values = empty_values(column_.type);
}

Result<void> TensorBuilder::add_value(element value) {
  if (!knows_type_) take_type_of(value);
  if (column_.type == Type::boolean) {
    bool truth = false;
    if (value.get(truth)) return misfit(value, "is not true or false");
    std::get<std::vector<uint8_t>>(column_.values).push_back(truth);
    return {};
  }
  if (column_.type == Type::string || column_.type == Type::binary) {
    std::string_view text;
    if (value.get(text)) return misfit(value, "is not a string");
    std::get<data::Strings>(column_.values).push_back(text);
    return {};
  }
  return add_number(value);
}

Result<void> TensorBuilder::add_number(element value) {
  double number = std::numeric_limits<double>::quiet_NaN();
  if (!value.is_null() && value.get(number)) return misfit(value, "is not a number");
  if (auto* integers = std::get_if<std::vector<int64_t>>(&column_.values)) {
    int64_t integer = 0;
    if (!value.get(integer)) {
      integers->push_back(integer);
      return {};
    }
    const bool whole = number == std::floor(number) && std::abs(number) < 0x1p63;
    if (declared_) {
      if (!whole) return misfit(value, "is not an integer");
      integers->push_back(static_cast<int64_t>(number));
      return {};
    }
    column_.type = Type::float64;
    column_.values = std::vector<double>(integers->begin(), integers->end());
  }
  if (auto* floats = std::get_if<std::vector<float>>(&column_.values)) {
    floats->push_back(static_cast<float>(number));
  } else {
    std::get<std::vector<double>>(column_.values).push_back(number);
  }
  return {};
}

data::Column TensorBuilder::finish() { return std::move(column_); }

}  // namespace slipway::serve
