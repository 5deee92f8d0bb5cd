// models/sklearn/categories.h — the categories of one column, and which of them a cell is.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/column.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {

/// Categories as scikit-learn's encoders keep them: texts, numbers, and at most one that stands
/// for "missing" (NaN or None; both are found by any missing cell, as JSON has but one null).
class Categories {
 public:
  static constexpr size_t kUnknown = SIZE_MAX;

  static Result<Categories> make(const objects::Object& values);

  size_t size() const { return size_; }
  /// Give the place of each cell's category, or kUnknown.
  std::vector<size_t> places(const data::Column& column) const;

 private:
  size_t size_ = 0;
  size_t missing_ = kUnknown;
  std::unordered_map<std::string, size_t> texts_;
  std::unordered_map<double, size_t> numbers_;
};

/// Categories of several columns, from a list of arrays; and what is done with rare ones.
struct CategoryColumns {
  std::vector<Categories> columns;
  std::vector<std::vector<int64_t>> groups;  // of a column's categories; empty: each its own
  std::vector<size_t> rare;                  // the first rare category; kUnknown: none is rare
  bool unknown_is_rare = false;              // an unknown category counts as rare
  bool unknown_is_error = false;

  static Result<CategoryColumns> make(const State& state);
  /// How many places column `c` has once rare categories are one.
  size_t n_groups(size_t c) const;
  /// Give each cell's place in column `c`, rare ones grouped, or kUnknown.
  /// Errors   invalid_parameter_value: an unknown category where that is an error.
  Result<std::vector<size_t>> places(size_t c, const data::Column& column) const;
};

}  // namespace slipway::models::sklearn
