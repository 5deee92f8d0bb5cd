// serve/cell.h — one value of a request, and the columns that such values are gathered in.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"

namespace slipway::serve {

/// A value as it came: null, a truth value, an integer, another number, or text.
using Cell = std::variant<std::monostate, bool, int64_t, double, std::string_view>;

/// Write a cell for an error message, shortened to 80 bytes.
std::string cell_text(const Cell& cell);

/// Gathers the cells of one column as the type its signature says, or, without one, as what the
/// cells themselves turn out to be.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(std::string name) : name_(std::move(name)) {}
  explicit ColumnBuilder(const models::ColumnSpec& spec)
      : name_(spec.name), declared_(spec.type), by_signature_(true), required_(spec.required) {}

  /// Errors   invalid_parameter_value: the cell does not fit; names column, row and value.
  Result<void> add(const Cell& cell);

  const std::string& name() const { return name_; }
  bool required() const { return required_; }
  size_t size() const { return n_rows_; }
  data::Column finish();

 private:
  Cell cast(const Cell& cell) const;
  Result<void> add_number(const Cell& cell);
  Result<void> add_integer(const Cell& cell);
  Result<void> add_boolean(const Cell& cell);
  Result<void> add_text(const Cell& cell);
  Result<void> add_time(const Cell& cell);
  Error misfit(const Cell& cell, std::string_view accepted) const;

  std::string name_;
  std::optional<models::ColumnType> declared_;
  bool by_signature_ = false;
  bool required_ = true;
  size_t n_rows_ = 0;
  std::vector<double> numbers_;
  std::vector<int64_t> integers_;
  std::vector<uint8_t> booleans_;
  data::Strings strings_;
  std::vector<uint8_t> valid_;
  bool any_missing_ = false;
};

}  // namespace slipway::serve
