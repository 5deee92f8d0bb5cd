#include "store/search_tokens.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace slipway::store {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hexadecimal(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Words that may stand where an attribute's name could, but that the tokeniser keeps for SQL.
bool is_keyword(std::string_view word) {
  return is_one_of(word,
                   {"and",       "or",     "not",     "null",   "is",       "between", "true",
                    "false",     "none",   "exists",  "any",    "all",      "user",    "type",
                    "key",       "source", "version", "time",   "start",    "end",     "path",
                    "parameter", "result", "size",    "owner",  "location", "level",   "parameters",
                    "length",    "count",  "sum",     "min",    "max",      "avg",     "current",
                    "first",     "last",   "where",   "select", "group",    "order",   "limit"});
}

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}

  std::vector<std::vector<Piece>> statements() {
    std::vector<std::vector<Piece>> out;
    int depth = 0;  // of parentheses, in which a semicolon ends nothing
    bool is_new = true;
    while (position_ < text_.size()) {
      if (is_blank(text_[position_])) {
        position_ += 1;
        continue;
      }
      if (is_new) out.emplace_back();
      const size_t start = position_;
      const PieceKind kind = take();
      out.back().push_back({kind, start, position_});
      if (kind == PieceKind::punctuation) depth += (text_[start] == '(') - (text_[start] == ')');
      is_new = kind == PieceKind::punctuation && text_[start] == ';' && depth <= 0;
    }
    return out;
  }

 private:
  char at(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }

  /// A letter of the tokeniser's own: A to Z, À to Ü, and the same in lower case.
  bool letter_at(size_t position) const {
    const char c = at(position);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    const auto second = static_cast<unsigned char>(at(position + 1));
    return c == '\xc3' &&
           ((second >= 0x80 && second <= 0x9c) || (second >= 0xa0 && second <= 0xbc));
  }

  size_t after_digits(size_t position) const {
    while (is_digit(at(position))) position += 1;
    return position;
  }

  size_t after_blanks(size_t position) const {
    while (position < text_.size() && is_blank(text_[position])) position += 1;
    return position;
  }

  size_t after_word(size_t position) const {
    while (position < text_.size() && is_word(text_[position])) position += 1;
    return position;
  }

  PieceKind take_to(size_t end, PieceKind kind) {
    position_ = end;
    return kind;
  }

  PieceKind take() {
    const char c = text_[position_];
    const char next = at(position_ + 1);
    if ((c == '-' && next == '-') || (c == '#' && next == ' ')) {
      return take_to(std::min(text_.find_first_of("\r\n", position_), text_.size()),
                     PieceKind::other);
    }
    if (c == '`' || c == '\'' || c == '"') {
      const auto end = after_quoted();
      if (!end) return take_to(position_ + 1, PieceKind::other);
      return take_to(*end, c == '`'    ? PieceKind::name
                           : c == '\'' ? PieceKind::text
                                       : PieceKind::symbol);
    }
    if (const auto placeholder = placeholder_end()) {
      return take_to(*placeholder, PieceKind::placeholder);
    }
    if (is_digit(c) || c == '-' || c == '.') {
      if (const auto number = take_number()) return *number;
    }
    if (is_word(c)) return take_word();
    return take_sign();
  }

  /// The end of a quoted token; a doubled or escaped quote does not end it, unless none else does.
  std::optional<size_t> after_quoted() const {
    const char quote = text_[position_];
    std::optional<size_t> escaped;
    for (size_t i = position_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\' && quote != '`' && at(i + 1) == quote) {
        i += 1;
        escaped = i + 1;
      } else if (text_[i] == quote) {
        if (at(i + 1) != quote) return i + 1;
        i += 1;
        escaped = i;
      }
    }
    return escaped;
  }

  std::optional<size_t> placeholder_end() const {
    const char c = text_[position_];
    if (c == '?') return position_ + 1;
    if (c == '%' && (at(position_ + 1) == 's' || at(position_ + 1) == 'S')) return position_ + 2;
    const bool follows_word = position_ > 0 && is_word(text_[position_ - 1]);
    if ((c != '$' && c != ':') || follows_word || !is_word(at(position_ + 1))) return std::nullopt;
    return after_word(position_ + 1);
  }

  /// A number; none where a letter follows, but `12a` is 1 and a name.
  std::optional<PieceKind> take_number() {
    const size_t first = position_ + (text_[position_] == '-' ? 1 : 0);
    const size_t whole = after_digits(first);
    if (whole == first + 1 && at(first) == '0' && (at(whole) == 'x' || at(whole) == 'X') &&
        is_hexadecimal(at(whole + 1))) {
      size_t end = whole + 1;
      while (is_hexadecimal(at(end))) end += 1;
      return take_to(end, PieceKind::hexadecimal);
    }
    if (const auto end = exponent_end(first, whole)) return take_to(*end, PieceKind::real);
    if (at(whole) == '.' && (whole > first || is_digit(at(whole + 1)))) {
      const size_t end = before_letter(after_digits(whole + 1), whole + (whole > first ? 1 : 2));
      if (end != 0) return take_to(end, PieceKind::real);
    }
    const size_t end = whole > first ? before_letter(whole, first + 1) : 0;
    if (end == 0) return std::nullopt;
    return take_to(end, PieceKind::integer);
  }

  /// Where digits that end at `end` end as a number: a letter behind takes the last one away, but
  /// not from `least`; 0 where it would.
  size_t before_letter(size_t end, size_t least) const {
    if (!letter_at(end) && at(end) != '_') return end;
    return end > least ? end - 1 : 0;
  }

  /// The end of `1e5`, `1.5E-3`: no plus before the exponent, no bare dot before the `e`.
  std::optional<size_t> exponent_end(size_t first, size_t whole) const {
    if (whole == first) return std::nullopt;
    size_t position = whole;
    if (at(whole) == '.' && is_digit(at(whole + 1))) position = after_digits(whole + 1);
    if (at(position) != 'e' && at(position) != 'E') return std::nullopt;
    position += at(position + 1) == '-' ? 2 : 1;
    if (!is_digit(at(position))) return std::nullopt;
    return after_digits(position);
  }

  /// The lower-case word at `position`, and whether more blanks and `words` follow: their end.
  std::optional<size_t> words_end(size_t position,
                                  std::initializer_list<std::string_view> words) const {
    bool is_first = true;
    for (const std::string_view word : words) {
      if (!is_first) {
        const size_t blanks = after_blanks(position);
        if (blanks == position) return std::nullopt;
        position = blanks;
      }
      if (lower(text_.substr(position, word.size())) != word) return std::nullopt;
      position += word.size();
      is_first = false;
    }
    return is_word(at(position)) ? std::nullopt : std::optional(position);
  }

  PieceKind take_word() {
    const size_t end = after_word(position_);
    const std::string word = lower(text_.substr(position_, end - position_));
    const bool follows_dot = position_ > 0 && text_[position_ - 1] == '.';
    if (is_one_of(word, {"case", "in", "values", "using", "from", "as"})) {
      return take_to(end, PieceKind::keyword);
    }
    if (letter_at(position_)) {
      const size_t dot = after_blanks(end);
      const bool before_dot = at(dot) == '.' && !is_digit(at(dot + 1));
      if (before_dot || follows_dot || at(end) == '(') return take_to(end, PieceKind::name);
    }
    if (const auto spelling = comparator_end()) return take_to(*spelling, PieceKind::comparator);
    if (const auto null = words_end(position_, {"not", "null"})) {
      return take_to(*null, PieceKind::keyword);
    }
    if (word == "asc" || word == "desc") {
      auto nulls = words_end(position_, {word, "nulls", "first"});
      if (!nulls) nulls = words_end(position_, {word, "nulls", "last"});
      return take_to(nulls.value_or(end), PieceKind::direction);
    }
    if (word == "timestamp" || word == "date") return take_to(end, PieceKind::other);  // types
    size_t wide = end;
    while (is_word(at(wide)) || at(wide) == '$' || at(wide) == '#') wide += 1;
    return take_to(wide, wide == end && is_keyword(word) ? PieceKind::keyword : PieceKind::name);
  }

  std::optional<size_t> comparator_end() const {
    for (const std::string_view word : {"like", "ilike", "rlike", "regexp"}) {
      if (const auto end = words_end(position_, {word})) return end;
      if (const auto end = words_end(position_, {"not", word})) return end;
    }
    return std::nullopt;
  }

  PieceKind take_sign() {
    const char c = text_[position_];
    constexpr std::string_view kComparators = "<>=!~";
    constexpr std::string_view kSigns = "+/@#%^&|-";
    const auto run_of = [&](std::string_view characters) {
      return std::min(text_.find_first_not_of(characters, position_), text_.size());
    };
    if (kComparators.find(c) != std::string_view::npos) {
      return take_to(run_of(kComparators), PieceKind::comparator);
    }
    if (c == '-' || c == '*') return take_to(position_ + 1, PieceKind::sign);
    if (kSigns.find(c) != std::string_view::npos) return take_to(run_of(kSigns), PieceKind::sign);
    position_ += 1;
    constexpr std::string_view kPunctuation = ";:()[],.";
    return kPunctuation.find(c) == std::string_view::npos ? PieceKind::other
                                                          : PieceKind::punctuation;
  }

  std::string_view text_;
  size_t position_ = 0;
};

using Pieces = std::vector<Piece>;

bool is_number(PieceKind kind) { return kind == PieceKind::integer || kind == PieceKind::real; }

bool is_word_or_text(PieceKind kind) {
  return kind == PieceKind::name || kind == PieceKind::symbol || kind == PieceKind::text ||
         kind == PieceKind::placeholder;
}

bool is_operand(PieceKind kind) {
  return is_number(kind) || is_word_or_text(kind) || kind == PieceKind::identifier ||
         kind == PieceKind::parenthesis || kind == PieceKind::function ||
         kind == PieceKind::operation;
}

Pieces group_parentheses(std::string_view text, Pieces tokens) {
  Pieces out;
  std::vector<size_t> opens;  // places in `out`
  for (Piece& token : tokens) {
    out.push_back(std::move(token));
    const bool is_punctuation = out.back().kind == PieceKind::punctuation;
    if (is_punctuation && text[out.back().start] == '(') opens.push_back(out.size() - 1);
    if (!is_punctuation || text[out.back().start] != ')' || opens.empty()) continue;
    const size_t open = opens.back();
    opens.pop_back();
    out[open] = {PieceKind::parenthesis, out[open].start, out.back().end};
    out.resize(open + 1);
  }
  return out;
}

/// Joins a piece and the one after it where `fits` says so.
template <typename Fits>
Pieces join_pairs(Pieces pieces, PieceKind kind, Fits fits) {
  Pieces out;
  for (size_t i = 0; i < pieces.size(); ++i) {
    out.push_back(std::move(pieces[i]));
    if (i + 1 == pieces.size() || !fits(out.back(), pieces[i + 1])) continue;
    out.back() = {kind, out.back().start, pieces[i + 1].end};
    i += 1;
  }
  return out;
}

/// Joins what stands at both sides of a middle piece. Chains grow to the left: of `a = b = c` the
/// second comparison's left is the first.
template <typename IsMiddle, typename IsSide>
Pieces join_around(Pieces pieces, PieceKind kind, IsMiddle is_middle, IsSide is_side) {
  Pieces out;
  bool is_side_before = false;  // of the piece that stood left, though it was joined
  for (size_t i = 0; i < pieces.size(); ++i) {
    const bool joins =
        is_side_before && is_middle(pieces[i]) && i + 1 < pieces.size() && is_side(pieces[i + 1]);
    if (!joins) {
      is_side_before = is_side(pieces[i]);
      out.push_back(std::move(pieces[i]));
      continue;
    }
    Piece joined{kind, out.back().start, pieces[i + 1].end};
    if (kind == PieceKind::comparison) {
      joined.parts = {std::move(out.back()), std::move(pieces[i]), std::move(pieces[i + 1])};
    }
    out.back() = std::move(joined);
    i += 1;
  }
  return out;
}

/// `a.b.c`; a dot that nothing follows belongs to what stands before it.
Pieces group_dots(std::string_view text, Pieces pieces) {
  Pieces out;
  PieceKind before = PieceKind::other;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const bool is_dot = pieces[i].kind == PieceKind::punctuation && text[pieces[i].start] == '.';
    const bool joins = is_dot && !out.empty() &&
                       (before == PieceKind::name || before == PieceKind::symbol ||
                        before == PieceKind::identifier);
    if (!joins) {
      before = pieces[i].kind;
      out.push_back(std::move(pieces[i]));
      continue;
    }
    const PieceKind next = i + 1 < pieces.size() ? pieces[i + 1].kind : PieceKind::other;
    const bool takes_next = next == PieceKind::name || next == PieceKind::symbol ||
                            next == PieceKind::text || next == PieceKind::function;
    const size_t last = takes_next ? i + 1 : i;
    out.back() = {PieceKind::identifier, out.back().start, pieces[last].end};
    before = takes_next ? next : PieceKind::identifier;
    i = last;
  }
  for (Piece& piece : out) {
    if (piece.kind == PieceKind::name || piece.kind == PieceKind::symbol) {
      piece.kind = PieceKind::identifier;
    }
  }
  return out;
}

}  // namespace

std::vector<std::vector<Piece>> search_tokens(std::string_view text) {
  return Tokenizer(text).statements();
}

std::vector<Piece> grouped(std::string_view text, std::vector<Piece> tokens) {
  using Kind = PieceKind;
  Pieces pieces = group_parentheses(text, std::move(tokens));
  pieces = join_pairs(std::move(pieces), Kind::function, [](const Piece& a, const Piece& b) {
    return (a.kind == Kind::name || a.kind == Kind::placeholder) && b.kind == Kind::parenthesis;
  });
  pieces = group_dots(text, std::move(pieces));
  pieces = join_pairs(std::move(pieces), Kind::identifier, [](const Piece& a, const Piece& b) {
    return (a.kind == Kind::identifier || is_number(a.kind)) && b.kind == Kind::direction;
  });
  pieces = join_around(
      std::move(pieces), Kind::operation, [](const Piece& p) { return p.kind == Kind::sign; },
      [](const Piece& p) { return is_operand(p.kind); });
  pieces = join_around(
      std::move(pieces), Kind::comparison,
      [](const Piece& p) { return p.kind == Kind::comparator; },
      [&](const Piece& p) {
        const bool is_null =
            p.kind == Kind::keyword && lower(text.substr(p.start, p.end - p.start)) == "null";
        return is_null || is_operand(p.kind);
      });
  pieces = join_pairs(std::move(pieces), Kind::identifier, [](const Piece& a, const Piece& b) {
    const bool may_have_alias = a.kind == Kind::parenthesis || a.kind == Kind::function ||
                                a.kind == Kind::identifier || a.kind == Kind::operation ||
                                a.kind == Kind::comparison || is_number(a.kind);
    return may_have_alias && b.kind == Kind::identifier;
  });
  return join_around(
      std::move(pieces), Kind::list,
      [&](const Piece& p) { return p.kind == Kind::punctuation && text[p.start] == ','; },
      [](const Piece& p) {
        return is_number(p.kind) || is_word_or_text(p.kind) || p.kind == Kind::function ||
               p.kind == Kind::identifier || p.kind == Kind::comparison || p.kind == Kind::list ||
               p.kind == Kind::operation || p.kind == Kind::keyword;
      });
}

}  // namespace slipway::store
