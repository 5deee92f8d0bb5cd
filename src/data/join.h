// data/join.h — columns of another table brought to a table's rows by key.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/table.h"

namespace slipway::data {

struct JoinOptions {
  /// Columns to take from the right table, each with the name it gets; empty = all but the keys
  /// under their own names.
  std::vector<std::pair<std::string, std::string>> columns;
};

struct Joined {
  Table table;
  size_t n_matched = 0;  // left rows that found their key on the right
};

/// Bring `right`'s columns to the rows of `left` with the same `keys`; where there is no such row
/// they are missing. Rows and their order are those of `left`; a missing key matches nothing.
/// Errors   invalid_parameter_value: a key or column that is not there, keys of two types, a key
///          that is in `right` twice (the message names the first), a name that is in `left`
///          already.
Result<Joined> left_join(const Table& left, const Table& right,
                         const std::vector<std::string>& keys, const JoinOptions& options = {});

}  // namespace slipway::data
