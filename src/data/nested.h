// data/nested.h — Parquet columns of lists and structures, as other programs save their models.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/column.h"

namespace slipway::data {

/// A column whose values may be made of others.
struct Nested {
  enum class Kind { values, list, structure };

  std::string name;
  Kind kind = Kind::values;
  size_t n_rows = 0;
  Column values;                 // of kind values
  std::vector<size_t> starts;    // list: n_rows + 1 places into its one child
  std::vector<Nested> children;  // structure: its fields, n_rows long; list: what it is a list of;
                                 // a map is a list of structures of key and value
  std::vector<uint8_t> valid;    // 1 = there is a value; empty = in every row

  bool is_valid(size_t row) const { return valid.empty() || valid[row] != 0; }
  /// Find a field, or null.
  const Nested* find(std::string_view field) const;
};

/// Read Parquet files of one schema, the rows of each behind those of the one before, all columns.
///
/// files    their bytes; at least one.
/// Returns  a structure of the columns.
/// Errors   invalid_parameter_value: not Parquet, damaged, columns that differ, a type that has no
///          place among ours, nested deeper than 16, or more values than the files' size explains.
Result<Nested> read_nested_parquet(const std::vector<std::string_view>& files);

}  // namespace slipway::data
