// store/search_parser.h — the search language as text: a filter or an ordering to a syntax tree.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::store {

/// What stands left of an operator: `metrics.loss` has entity "metrics" and key "loss"; a name
/// without a dot has no entity. Quotes and backticks are taken off the key.
struct Identifier {
  std::string entity;
  std::string key;
};

enum class LiteralKind { none, number, text, bare, list, other };

/// What stands right of an operator. A bare word and what is `other` (an expression, a keyword)
/// are errors that the translation words.
struct Literal {
  LiteralKind kind = LiteralKind::none;
  std::string written;             // as in the filter, with its quotes
  std::string text;                // of `text`, without its quotes
  std::vector<std::string> texts;  // of `list`
  std::string problem;             // of `list`: why what is in it is refused; mostly empty
};

/// Give the number of a `number`; one beyond a double's range is infinite.
double number_of(const Literal& literal);

/// One clause. The operator is in upper case: `=`, `LIKE`, `NOT IN`, `IS NULL`; it need not be one
/// that the field accepts.
struct Comparison {
  Identifier identifier;
  std::string comparator;
  Literal literal;
};

/// What is searched: the languages differ in how names are quoted and in their messages, and
/// experiments take operators in upper case only.
enum class Language { runs, experiments, registry, logged_models };

/// Parse clauses joined by AND; an empty filter has none.
///
/// Errors   invalid_parameter_value, with MLflow's words.
/// Source   mlflow 3.17.2's filter language as observed on the real server, with the quirks of
///          its tokeniser (search_tokens.h): `tags.a.b` is one key, `params.a-b`, `metrics.a/b` and
///          `params.1` are none, an AND may be left out, a doubled or escaped quote stays as it is
///          written.
Result<std::vector<Comparison>> parse_filter(std::string_view filter,
                                             Language language = Language::runs);

enum class Direction { ascending, descending };

struct Ordering {
  std::string written;  // the name as in the text
  Identifier identifier;
  Direction direction = Direction::ascending;
};

/// Parse `identifier [ASC|DESC]`. Errors as parse_filter.
Result<Ordering> parse_ordering(std::string_view ordering);

}  // namespace slipway::store
