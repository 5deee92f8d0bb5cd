// data/table.h — an immutable table of named columns, held by Arrow.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/column.h"

namespace arrow {
class Table;
}

namespace slipway::data {

/// A column's name and type.
struct Field {
  std::string name;
  std::optional<Type> type;  // what column() gives; nothing where the type is not ours
  std::string stored_as;     // Arrow's own text, such as "dictionary<values=string, …>"
};

/// A cheap handle of an immutable table: copies share the data. Safe from any thread.
class Table {
 public:
  /// A table without columns and rows.
  Table();
  /// Wrap Arrow's table; only data/ makes and looks into these.
  explicit Table(std::shared_ptr<arrow::Table> table);
  /// Errors   invalid_parameter_value: two columns with one name, or columns of unequal lengths.
  static Result<Table> from_batch(const Batch& batch);

  size_t n_rows() const;
  size_t n_columns() const;
  std::vector<Field> schema() const;
  std::vector<std::string> names() const;
  bool has(std::string_view name) const;

  /// Copy a column out as one of our types: all integers become int64, decimals and halves
  /// float64, dates and timestamps of any unit timestamp (microseconds), dictionaries their
  /// values' type, a column of nulls float64.
  /// Errors   invalid_parameter_value: no such column (the message lists those there are), a type
  ///          that has no place among ours, or a value that int64 does not hold; the message names
  ///          the column and the type.
  Result<Column> column(std::string_view name) const;

  /// Copy all columns, or those named, in the order named. Errors as column().
  Result<Batch> batch() const;
  Result<Batch> batch(const std::vector<std::string>& names) const;

  /// Share `n_rows` rows from row `begin` on; what lies behind the end is left out.
  Table slice(size_t begin, size_t n_rows) const;

  /// Copy out the rows whose numbers are given, in that order; numbers must be < n_rows().
  /// Errors   internal_error: out of memory.
  Result<Table> take(const std::vector<size_t>& rows) const;

  /// Share the columns named, in the order named. Errors as column().
  Result<Table> select(const std::vector<std::string>& names) const;

  /// Share all columns and put `columns` behind them, such as the scores of a batch.
  /// Errors   invalid_parameter_value: another number of rows, or a name that is there already.
  Result<Table> with_columns(const Batch& columns) const;

  /// Digest the content: names, types as column() gives them, and values in order, as 16 hex
  /// digits. The same for the same content however it is stored, encoded or chunked.
  /// Errors   as column().
  Result<std::string> digest() const;

  const std::shared_ptr<arrow::Table>& arrow() const { return table_; }

 private:
  std::shared_ptr<arrow::Table> table_;
};

/// Give the version of the Arrow library in use, such as "25.0.1".
std::string arrow_version();

}  // namespace slipway::data
