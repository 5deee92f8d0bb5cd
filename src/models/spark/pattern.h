// models/spark/pattern.h — the regular expressions that tokenizers use: sequences of characters.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::models::spark {

/// A regular expression of Java's, of characters and sets with quantifiers, and `|` between
/// sequences; no groups. Immutable.
class Pattern {
 public:
  /// Errors   not_implemented: a group, an anchor, a lazy quantifier or another thing we do not
  ///          read, named.
  static Result<Pattern> parse(std::string_view text);

  /// As Java's Pattern.split, without the empty texts at the end.
  /// Errors   resource_exhausted: too many ways to match.
  Result<std::vector<std::u32string>> split(std::u32string_view text) const;
  /// All that it fits, from left to right.
  Result<std::vector<std::u32string>> find_all(std::u32string_view text) const;

 private:
  friend class PatternReader;
  struct Range {
    char32_t first;
    char32_t last;
  };
  struct Piece {
    std::vector<Range> ranges;
    bool negated = false;
    size_t least = 1;
    size_t most = 1;

    bool fits(char32_t c) const;
  };
  struct Found {
    size_t begin;
    size_t end;
  };
  using Sequence = std::vector<Piece>;

  Result<std::vector<Found>> find_places(std::u32string_view text) const;
  static bool fits(const Sequence& pieces, size_t piece, std::u32string_view text, size_t at,
                   size_t& end, size_t& steps);

  std::vector<Sequence> sequences_;
};

}  // namespace slipway::models::spark
