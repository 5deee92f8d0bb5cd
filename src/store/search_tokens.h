// store/search_tokens.h — the search language's text cut into tokens, and the tokens into pieces.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

namespace slipway::store {

/// The first are single tokens, those from `identifier` on are made of several (an identifier also
/// of one). Words that the tokeniser keeps for SQL, such as AND or NULL, are keywords.
enum class PieceKind {
  name,    // bare or in backticks
  symbol,  // in double quotes
  text,    // in single quotes
  integer,
  real,
  hexadecimal,
  placeholder,  // `?`, `%s`, `$1`, `:x`
  keyword,
  direction,  // ASC, DESC, also with NULLS FIRST or LAST
  comparator,
  sign,  // of arithmetic
  punctuation,
  other,  // also words that are SQL's types
  identifier,
  parenthesis,
  function,
  operation,
  comparison,
  list,
};

/// A token or a group of tokens: the text from `start` to `end`.
struct Piece {
  PieceKind kind = PieceKind::other;
  size_t start = 0;
  size_t end = 0;
  std::vector<Piece> parts = {};  // of a comparison: left, comparator, right
};

/// Cut a filter or an ordering into statements (a semicolon ends one) of tokens; blanks go.
///
/// Source   mlflow 3.17.2's tokeniser (sqlparse 0.5) as observed: `a.1` is a name and a number,
///          `a.from` a name, a dot and a keyword, `a.select` a name.
std::vector<std::vector<Piece>> search_tokens(std::string_view text);

/// Group the tokens of a statement as that tokeniser does: names with dots between them to
/// identifiers, what stands in parentheses, arithmetic, comparisons, two identifiers without a
/// comma to one, and what commas join to lists.
std::vector<Piece> grouped(std::string_view text, std::vector<Piece> tokens);

}  // namespace slipway::store
