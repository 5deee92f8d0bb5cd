#include "serve/cell.h"

#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

using models::ColumnType;

bool is_null(const Cell& cell) { return std::holds_alternative<std::monostate>(cell); }

// The type that an undeclared column takes from its first value.
ColumnType type_of(const Cell& cell) {
  if (std::holds_alternative<bool>(cell)) return ColumnType::boolean;
  if (std::holds_alternative<std::string_view>(cell)) return ColumnType::string;
  return ColumnType::double_;
}

}  // namespace

std::string cell_text(const Cell& cell) {
  if (is_null(cell)) return "null";
  if (const auto* truth = std::get_if<bool>(&cell)) return *truth ? "true" : "false";
  if (const auto* integer = std::get_if<int64_t>(&cell)) return std::to_string(*integer);
  std::string text;
  if (const auto* number = std::get_if<double>(&cell)) {
    append_number(text, *number);
    return text;
  }
  append_quoted(text, std::get<std::string_view>(cell).substr(0, 80));
  return text;
}

Error ColumnBuilder::misfit(const Cell& cell, std::string_view accepted) const {
  return fail(Code::invalid_parameter_value, "column '{}', row {}: {} is not {}", name_, n_rows_,
              cell_text(cell), accepted);
}

Result<void> ColumnBuilder::add(const Cell& cell) {
  if (!declared_ && !is_null(cell)) declared_ = type_of(cell);
  valid_.push_back(!is_null(cell));
  any_missing_ |= is_null(cell);
  if (declared_) {
    switch (*declared_) {
      case ColumnType::boolean: TRY(add_boolean(cell)); break;
      case ColumnType::integer:
      case ColumnType::long_: TRY(add_integer(cell)); break;
      case ColumnType::float_:
      case ColumnType::double_: TRY(add_number(cell)); break;
      case ColumnType::string:
      case ColumnType::binary: TRY(add_text(cell)); break;
      case ColumnType::datetime: TRY(add_time(cell)); break;
    }
  }
  ++n_rows_;
  return {};
}

// As MLflow casts what a request says to what the signature says, where nothing is lost: truth
// values and texts of numbers are numbers. Without a signature a column is of one kind.
Cell ColumnBuilder::cast(const Cell& cell) const {
  if (!by_signature_) return cell;
  if (const auto* truth = std::get_if<bool>(&cell)) return int64_t{*truth};
  const auto* text = std::get_if<std::string_view>(&cell);
  if (text == nullptr) return cell;
  if (const auto integer = to_integer(trim(*text))) return *integer;
  if (const auto number = to_number(trim(*text))) return *number;
  return cell;
}

Result<void> ColumnBuilder::add_number(const Cell& cell) {
  numbers_.resize(n_rows_, std::numeric_limits<double>::quiet_NaN());
  const Cell value = cast(cell);
  if (is_null(value)) {
    numbers_.push_back(std::numeric_limits<double>::quiet_NaN());
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    numbers_.push_back(static_cast<double>(*integer));
  } else if (const auto* number = std::get_if<double>(&value)) {
    numbers_.push_back(*number);
  } else {
    return misfit(cell, "a number");
  }
  return {};
}

Result<void> ColumnBuilder::add_integer(const Cell& cell) {
  if (is_null(cell)) {
    return misfit(cell, "an integer; a column of integers takes no missing values");
  }
  const Cell given = cast(cell);
  const auto* number = std::get_if<double>(&given);
  const bool integral = number && std::trunc(*number) == *number && std::abs(*number) < 0x1p53;
  const auto* integer = std::get_if<int64_t>(&given);
  if (!integer && !integral) return misfit(cell, "an integer");
  const int64_t value = integer ? *integer : static_cast<int64_t>(*number);
  if (*declared_ == ColumnType::integer && value != static_cast<int32_t>(value)) {
    return misfit(cell, "an integer of 32 bits");
  }
  integers_.push_back(value);
  return {};
}

Result<void> ColumnBuilder::add_boolean(const Cell& cell) {
  booleans_.resize(n_rows_, 0);
  const auto* truth = std::get_if<bool>(&cell);
  const auto* integer = std::get_if<int64_t>(&cell);
  const auto* number = std::get_if<double>(&cell);
  const bool is_one = (integer && *integer == 1) || (number && *number == 1);
  const bool is_zero = (integer && *integer == 0) || (number && *number == 0);
  const bool is_cast = by_signature_ && (is_one || is_zero);
  if (!truth && !is_null(cell) && !is_cast) return misfit(cell, "true or false");
  booleans_.push_back(truth ? *truth : is_one);
  return {};
}

Result<void> ColumnBuilder::add_time(const Cell& cell) {
  const auto* text = std::get_if<std::string_view>(&cell);
  const auto time = text ? data::timestamp_from_text(*text) : std::nullopt;
  if (!time && !is_null(cell)) return misfit(cell, "a date and time as ISO 8601 writes it");
  integers_.resize(n_rows_, 0);
  integers_.push_back(time.value_or(0));
  return {};
}

Result<void> ColumnBuilder::add_text(const Cell& cell) {
  while (strings_.size() < n_rows_) strings_.push_back("");
  const auto* text = std::get_if<std::string_view>(&cell);
  if (!text && !is_null(cell)) return misfit(cell, "a string");
  if (*declared_ != ColumnType::binary || !text) {
    strings_.push_back(text ? *text : std::string_view());
    return {};
  }
  const auto bytes = base64_decode(*text);
  if (!bytes) return misfit(cell, "base64");
  strings_.push_back(*bytes);
  return {};
}

data::Column ColumnBuilder::finish() {
  data::Column column;
  column.name = name_;
  if (any_missing_) column.valid = std::move(valid_);
  switch (declared_.value_or(ColumnType::double_)) {
    case ColumnType::boolean:
      column.type = data::Type::boolean;
      column.values = std::move(booleans_);
      break;
    case ColumnType::integer:
    case ColumnType::long_:
      column.type = data::Type::int64;
      column.values = std::move(integers_);
      break;
    case ColumnType::float_:
    case ColumnType::double_:
      column.type = data::Type::float64;
      numbers_.resize(n_rows_, std::numeric_limits<double>::quiet_NaN());
      column.values = std::move(numbers_);
      break;
    case ColumnType::binary:
      column.type = data::Type::binary;
      column.values = std::move(strings_);
      break;
    case ColumnType::datetime:
      column.type = data::Type::timestamp;
      column.values = std::move(integers_);
      break;
    case ColumnType::string:
      column.type = data::Type::string;
      column.values = std::move(strings_);
      break;
  }
  return column;
}

}  // namespace slipway::serve
