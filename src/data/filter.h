// data/filter.h — conditions on rows, such as `arr_delay >= 15 and not carrier in ('UA', 'AA')`.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/table.h"

namespace slipway::data {

/// What a condition says of a row; unknown where a missing value leaves it open.
enum class Truth : uint8_t { no, yes, unknown };

/// A parsed condition. Immutable, cheap to copy.
///
///   condition := condition (and|or) condition | not condition | ( condition ) | test
///   test      := column (= | == | != | <> | < | <= | > | >=) literal
///              | column is [not] null | column [not] in ( literal, … )
///   column    := name | "any name" | `any name`     literal := 12 | -1.5e3 | 'text' | true | false
///
/// `not` binds tighter than `and`, `and` tighter than `or`; words in any case. Missing values
/// follow SQL: a comparison with one is unknown. Timestamps are compared with '2013-01-31' or
/// '2013-01-31T05:00:00' (UTC).
class Condition {
 public:
  /// Errors   invalid_parameter_value: the message names the position (from 1) and what was
  ///          expected there.
  static Result<Condition> parse(std::string_view text);

  /// Judge every row.
  /// Errors   invalid_parameter_value: no such column, or a literal of another type than its
  ///          column; the message names the position.
  Result<std::vector<Truth>> judge(const Table& table) const;

  /// Keep the rows for which the condition is true, in order. Errors as judge().
  Result<Table> filter(const Table& table) const;

  struct Node;

 private:
  explicit Condition(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

}  // namespace slipway::data
