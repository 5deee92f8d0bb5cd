// data/filter_syntax.h — the tree that the text of a condition stands for.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "data/filter.h"

namespace slipway::data {

struct Literal {
  std::variant<int64_t, double, std::string, bool> value;
  size_t position = 0;  // in the condition's text, from 1
};

enum class Comparison { equal, unequal, less, less_equal, greater, greater_equal };

struct Condition::Node {
  enum class Kind { all_of, any_of, negation, comparison, is_null, in };

  Kind kind = Kind::comparison;
  std::vector<std::shared_ptr<const Node>> parts;  // all_of, any_of, negation (one)
  std::string column;                              // the tests
  size_t position = 0;                             // of the column's name, from 1
  Comparison comparison = Comparison::equal;
  std::vector<Literal> literals;  // comparison (one), in
};

/// Parse a condition by the grammar in filter.h. Errors as Condition::parse.
Result<std::shared_ptr<const Condition::Node>> parse_condition(std::string_view text);

}  // namespace slipway::data
