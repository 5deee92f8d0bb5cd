// data/profile.h — what a table's columns look like: missing, distinct, spread, top values.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/table.h"

namespace slipway::data {

/// Numbers are those of a column's present values; NaN counts as missing.
struct NumberProfile {
  double min = 0;
  double mean = 0;
  double max = 0;
  double deviation = 0;  // of the sample (divided by n - 1); 0 for one value
  double quantile_25 = 0, quantile_50 = 0, quantile_75 = 0;  // linear between neighbours
};

struct ColumnProfile {
  std::string name;
  Type type = Type::float64;
  size_t n_rows = 0;
  size_t n_missing = 0;
  size_t n_distinct = 0;       // of the present values
  bool distinct_exact = true;  // false: there are at least n_distinct
  /// int64, float32, float64, boolean (0 and 1) and timestamp (microseconds) with a value at all.
  std::optional<NumberProfile> numbers;
  /// Strings: up to five most frequent values with their counts, most frequent first, then by
  /// text; empty where distinct_exact is false.
  std::vector<std::pair<std::string, size_t>> top;
};

/// Distinct values are counted exactly up to this many.
constexpr size_t kDistinctLimit = 1'000'000;

/// Profile every column. Errors as Table::column.
Result<std::vector<ColumnProfile>> profile(const Table& table);

/// {"n_rows", "columns": [{"name", "type", "rows", "missing", "distinct", "distinct_exact", and
/// where there are: "min", "mean", "max", "std", "25%", "50%", "75%", "top": [[value, count],
/// …]}]}. Timestamps' min, max and quantiles are ISO texts.
Json to_json(const std::vector<ColumnProfile>& columns);

}  // namespace slipway::data
