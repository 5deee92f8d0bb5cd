// data/column.h — typed columns in memory: what tables, models and scoring requests are made of.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace slipway::data {

enum class Type { boolean, int64, float32, float64, string, binary, timestamp };

/// Give the type's name, such as "int64"; timestamps are microseconds since 1970 UTC.
std::string_view type_name(Type type);

/// Find a type by its name, or by what other programs call it (bool, int, long, float, double,
/// str, datetime, date).
/// Errors   invalid_parameter_value: none of ours; the message lists them.
Result<Type> type_from_name(std::string_view name);

/// Many strings in one buffer.
class Strings {
 public:
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }
  void push_back(std::string_view text) {
    bytes_ += text;
    ends_.push_back(bytes_.size());
  }
  void reserve(size_t n_strings) { ends_.reserve(n_strings); }

 private:
  std::string bytes_;
  std::vector<size_t> ends_;
};

/// One column: a value a row, or where it has a shape, a tensor of that shape a row (row-major).
/// Values at rows that are not valid are 0, NaN or "", and mean nothing.
struct Column {
  using Values = std::variant<std::vector<uint8_t>,  // boolean: 0 or 1
                              std::vector<int64_t>,  // int64, timestamp
                              std::vector<float>, std::vector<double>,
                              Strings>;  // string (UTF-8), binary

  std::string name;
  Type type = Type::float64;
  Values values = std::vector<double>();
  std::vector<uint8_t> valid;          // 1 = there is a value; empty = there is one in every row
  std::vector<size_t> shape;           // of one row's tensor, each size > 0; empty = single values
  std::vector<std::string> keys = {};  // names of a row's values, in a model's answer

  /// Count the rows.
  size_t size() const { return n_values() / width(); }
  size_t n_values() const {
    return std::visit([](const auto& v) { return v.size(); }, values);
  }
  /// Count the values of one row.
  size_t width() const {
    size_t n = 1;
    for (const size_t size : shape) n *= size;
    return n;
  }
  bool is_valid(size_t row) const { return valid.empty() || valid[row] != 0; }
  size_t n_missing() const;

  const std::vector<int64_t>& int64s() const { return std::get<std::vector<int64_t>>(values); }
  const std::vector<double>& float64s() const { return std::get<std::vector<double>>(values); }
  const std::vector<float>& float32s() const { return std::get<std::vector<float>>(values); }
  const std::vector<uint8_t>& booleans() const { return std::get<std::vector<uint8_t>>(values); }
  const Strings& strings() const { return std::get<Strings>(values); }

  // of a column of single values:
  /// The value at `row` as a number; NaN where missing, or where the column is not numeric.
  double number_at(size_t row) const;
  /// The value at `row` as text: numbers shortest, timestamps ISO 8601 in UTC; "null" where
  /// missing.
  std::string text_at(size_t row) const;
  bool is_numeric() const { return type != Type::string && type != Type::binary; }
};

/// Write microseconds since 1970 UTC as ISO 8601, such as 2013-01-31T05:00:00Z, with a fraction of
/// six digits only where there is one.
std::string timestamp_text(int64_t time_us);

/// Read ISO 8601 as microseconds since 1970 UTC: a date, or with a blank or "T" behind it a time to
/// the minute, second or fraction, with "Z" or an offset such as "+02:00"; nothing where it is
/// none.
std::optional<int64_t> timestamp_from_text(std::string_view text);

/// Make a column without missing values.
Column float64_column(std::string name, std::vector<double> values);
Column int64_column(std::string name, std::vector<int64_t> values);
Column string_column(std::string name, const std::vector<std::string>& values);

/// Columns of equal length.
struct Batch {
  std::vector<Column> columns;
  size_t n_rows = 0;

  /// Find a column by name, or null.
  const Column* find(std::string_view name) const;
  /// Errors   invalid_parameter_value: no such column; the message lists those there are.
  Result<const Column*> column(std::string_view name) const;
  /// Put the rows of `other`, which has the same columns in the same order, behind these.
  void append(const Batch& other);
  /// Copy out the rows whose numbers are given, in that order.
  Batch take(const std::vector<size_t>& rows) const;
};

}  // namespace slipway::data
