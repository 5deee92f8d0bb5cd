#include "data/filter.h"

#include <arrow/util/value_parsing.h>

#include <cmath>
#include <map>
#include <utility>

#include "data/filter_syntax.h"

namespace slipway::data {
namespace {

using Node = Condition::Node;
using Truths = std::vector<Truth>;

Truth truth(bool holds) { return holds ? Truth::yes : Truth::no; }

template <typename A, typename B>
bool holds(Comparison comparison, const A& a, const B& b) {
  switch (comparison) {
    case Comparison::equal: return a == b;
    case Comparison::unequal: return a != b;
    case Comparison::less: return a < b;
    case Comparison::less_equal: return a <= b;
    case Comparison::greater: return a > b;
    case Comparison::greater_equal: return a >= b;
  }
  return false;
}

bool is_missing(const Column& column, size_t row) {
  return !column.is_valid(row) || (column.is_numeric() && std::isnan(column.number_at(row)));
}

Error mismatch(const Literal& literal, const Column& column, std::string_view accepted) {
  return fail(Code::invalid_parameter_value,
              "the condition is wrong at position {}: column '{}' is {}; accepted: {}",
              literal.position, column.name, type_name(column.type), accepted);
}

// The literal as a value that the column's values compare with exactly.
Result<Literal> fitted(const Literal& literal, const Column& column) {
  switch (column.type) {
    case Type::boolean:
      if (std::holds_alternative<bool>(literal.value)) return literal;
      return mismatch(literal, column, "true or false");
    case Type::string:
    case Type::binary:
      if (std::holds_alternative<std::string>(literal.value)) return literal;
      return mismatch(literal, column, "a text in single quotes");
    case Type::timestamp: {
      const auto* text = std::get_if<std::string>(&literal.value);
      int64_t time_us = 0;
      if (text && arrow::internal::ParseTimestampISO8601(text->data(), text->size(),
                                                         arrow::TimeUnit::MICRO, &time_us)) {
        return Literal{time_us, literal.position};
      }
      return mismatch(literal, column, "a time such as '2013-01-31' or '2013-01-31T05:00:00'");
    }
    case Type::int64:
    case Type::float32:
    case Type::float64: break;
  }
  const bool is_number = std::holds_alternative<int64_t>(literal.value) ||
                         std::holds_alternative<double>(literal.value);
  if (is_number) return literal;
  return mismatch(literal, column, "a number");
}

void compare(const Column& column, Comparison comparison, const Literal& literal, Truths& out) {
  const auto judge = [&](const auto& values, const auto& value) {
    for (size_t row = 0; row < out.size(); ++row) {
      out[row] =
          is_missing(column, row) ? Truth::unknown : truth(holds(comparison, values[row], value));
    }
  };
  if (const auto* text = std::get_if<std::string>(&literal.value)) {
    judge(column.strings(), std::string_view(*text));
  } else if (const auto* flag = std::get_if<bool>(&literal.value)) {
    judge(column.booleans(), static_cast<uint8_t>(*flag));
  } else if (const auto* integer = std::get_if<int64_t>(&literal.value)) {
    std::visit(
        [&](const auto& values) {
          using Values = std::decay_t<decltype(values)>;
          if constexpr (std::is_same_v<Values, std::vector<int64_t>>) judge(values, *integer);
          if constexpr (std::is_same_v<Values, std::vector<float>> ||
                        std::is_same_v<Values, std::vector<double>>) {
            judge(values, static_cast<double>(*integer));
          }
        },
        column.values);
  } else {
    const double number = std::get<double>(literal.value);
    for (size_t row = 0; row < out.size(); ++row) {
      out[row] = is_missing(column, row) ? Truth::unknown
                                         : truth(holds(comparison, column.number_at(row), number));
    }
  }
}

// Evaluates a tree; columns are copied out of the table once each.
class Judge {
 public:
  explicit Judge(const Table& table) : table_(table) {}

  Result<Truths> judge(const Node& node) {
    switch (node.kind) {
      case Node::Kind::all_of: return merged(node, Truth::no);
      case Node::Kind::any_of: return merged(node, Truth::yes);
      case Node::Kind::negation: return negation(node);
      case Node::Kind::comparison:
      case Node::Kind::is_null:
      case Node::Kind::in: break;
    }
    return test(node);
  }

 private:
  // `strong` decides alone (no for "and", yes for "or"); otherwise unknown wins over the other.
  Result<Truths> merged(const Node& node, Truth strong) {
    auto out = TRY(judge(*node.parts.front()));
    for (size_t i = 1; i < node.parts.size(); ++i) {
      const auto part = TRY(judge(*node.parts[i]));
      for (size_t row = 0; row < out.size(); ++row) {
        if (out[row] == strong) continue;
        if (part[row] == strong || part[row] == Truth::unknown) out[row] = part[row];
      }
    }
    return out;
  }

  Result<Truths> negation(const Node& node) {
    auto out = TRY(judge(*node.parts.front()));
    for (auto& value : out) {
      if (value != Truth::unknown) value = truth(value == Truth::no);
    }
    return out;
  }

  Result<Truths> test(const Node& node) {
    const auto* column = TRY(this->column(node));
    Truths out(table_.n_rows());
    if (node.kind == Node::Kind::is_null) {
      for (size_t row = 0; row < out.size(); ++row) out[row] = truth(is_missing(*column, row));
      return out;
    }
    Truths one(out.size());
    for (const auto& literal : node.literals) {
      const auto value = TRY(fitted(literal, *column));
      compare(*column, node.comparison, value, one);
      for (size_t row = 0; row < out.size(); ++row) {
        if (out[row] == Truth::no) out[row] = one[row];
      }
    }
    return out;
  }

  Result<const Column*> column(const Node& node) {
    const auto found = columns_.find(node.column);
    if (found != columns_.end()) return &found->second;
    auto column = table_.column(node.column);
    if (!column.ok()) {
      return fail(column.error().code, "the condition is wrong at position {}: {}", node.position,
                  column.error().message);
    }
    return &columns_.emplace(node.column, std::move(column).value()).first->second;
  }

  const Table& table_;
  std::map<std::string, Column> columns_;
};

}  // namespace

Result<Condition> Condition::parse(std::string_view text) {
  auto root = TRY(parse_condition(text));
  return Condition(std::move(root));
}

Result<Truths> Condition::judge(const Table& table) const { return Judge(table).judge(*root_); }

Result<Table> Condition::filter(const Table& table) const {
  const auto truths = TRY(judge(table));
  std::vector<size_t> rows;
  for (size_t row = 0; row < truths.size(); ++row) {
    if (truths[row] == Truth::yes) rows.push_back(row);
  }
  return table.take(rows);
}

}  // namespace slipway::data
