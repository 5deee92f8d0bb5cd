#include "store/search_parser.h"

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace slipway::store {
namespace {

enum class TokenKind { word, number, text, comparison, open, close, comma, semicolon, other };

constexpr size_t kMaxClauses = 200;  // both well under what SQLite takes in one statement
constexpr size_t kMaxListed = 10'000;

struct Token {
  TokenKind kind;
  std::string written;
  size_t start;  // in the filter

  size_t end() const { return start + written.size(); }
};

template <typename... Args>
Error invalid(fmt::format_string<Args...> format, Args&&... args) {
  return Error{Code::invalid_parameter_value, fmt::format(format, std::forward<Args>(args)...)};
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_quote(char c) { return c == '\'' || c == '"' || c == '`'; }

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}

  std::vector<Token> tokens() {
    std::vector<Token> out;
    while (true) {
      while (position_ < text_.size() && is_blank(text_[position_])) position_ += 1;
      if (position_ == text_.size()) return out;
      const size_t start = position_;
      const TokenKind kind = take();
      out.push_back({kind, std::string(text_.substr(start, position_ - start)), start});
    }
  }

 private:
  char at(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }

  TokenKind take() {
    const char c = text_[position_];
    if (c == '\'') return take_quoted() ? TokenKind::text : TokenKind::other;
    if (starts_word(c) || is_quote(c)) return take_word();
    const bool is_signed = c == '-' && (is_digit(at(position_ + 1)) || at(position_ + 1) == '.');
    if (is_digit(c) || is_signed || (c == '.' && is_digit(at(position_ + 1)))) {
      return take_number();
    }
    constexpr std::string_view kComparison = "<>=!~";
    if (kComparison.find(c) != std::string_view::npos) {
      while (kComparison.find(at(position_)) != std::string_view::npos) position_ += 1;
      return TokenKind::comparison;
    }
    position_ += 1;
    switch (c) {
      case '(': return TokenKind::open;
      case ')': return TokenKind::close;
      case ',': return TokenKind::comma;
      case ';': return TokenKind::semicolon;
      default: return TokenKind::other;
    }
  }

  /// Steps over a quoted piece; a doubled or escaped quote does not end it. False: it never ends.
  bool take_quoted() {
    const char quote = text_[position_++];
    while (position_ < text_.size()) {
      const char c = text_[position_++];
      if (c == '\\' && quote != '`' && position_ < text_.size()) {
        position_ += 1;
      } else if (c == quote) {
        if (at(position_) != quote) return true;
        position_ += 1;
      }
    }
    return false;
  }

  /// A name: pieces between dots, each bare or in quotes. One that is a single piece in double
  /// quotes may turn out to be a value.
  TokenKind take_word() {
    while (true) {
      const char c = at(position_);
      if (c == '"' || c == '`') {
        if (!take_quoted()) return TokenKind::other;
      } else {
        while (starts_word(at(position_)) || is_digit(at(position_))) position_ += 1;
      }
      if (at(position_) != '.') return TokenKind::word;
      position_ += 1;
    }
  }

  TokenKind take_number() {
    const size_t start = position_;
    if (!is_digit(text_[position_]) && text_[position_] != '.') position_ += 1;
    while (is_digit(at(position_)) || at(position_) == '.') position_ += 1;
    if (at(position_) == 'e' || at(position_) == 'E') {
      const size_t sign = at(position_ + 1) == '-' || at(position_ + 1) == '+' ? 1 : 0;
      if (is_digit(at(position_ + 1 + sign))) position_ += 1 + sign;
      while (is_digit(at(position_))) position_ += 1;
    }
    const std::string written(text_.substr(start, position_ - start));
    char* end = nullptr;
    std::strtod(written.c_str(), &end);  // beyond a double's range it is infinite
    const bool reads = end == written.c_str() + written.size();
    return reads && !starts_word(at(position_)) ? TokenKind::number : TokenKind::other;
  }

  std::string_view text_;
  size_t position_ = 0;
};

bool is_quoted(std::string_view text, char quote) {
  return text.size() >= 2 && text.front() == quote && text.back() == quote;
}

std::string unquoted(std::string_view text) {
  const bool quoted = is_quoted(text, '"') || is_quoted(text, '`') || is_quoted(text, '\'');
  return std::string(quoted ? text.substr(1, text.size() - 2) : text);
}

/// Splits at the first dot, though it stand in quotes.
Identifier identifier_of(std::string_view word) {
  const size_t dot = word.find('.');
  if (dot == std::string_view::npos) return {"", unquoted(word)};
  const std::string_view entity = word.substr(0, dot);
  return {is_quoted(entity, '`') ? unquoted(entity) : std::string(entity),
          unquoted(word.substr(dot + 1))};
}

class Parser {
 public:
  Parser(std::string_view filter, std::vector<Token> tokens, ClauseStyle style)
      : filter_(filter), tokens_(std::move(tokens)), style_(style) {}

  Result<std::vector<Comparison>> comparisons() {
    if (tokens_.empty() && !filter_.empty()) {
      return invalid("Invalid filter '{}'. Could not be parsed.", filter_);
    }
    TRY(check_single());
    std::vector<Comparison> out;
    while (true) {
      while (is_keyword(0, "AND")) position_ += 1;
      if (position_ == tokens_.size()) return out;
      Comparison comparison = TRY(take_comparison());
      out.push_back(std::move(comparison));
      if (out.size() > kMaxClauses) {
        return invalid("The search filter has more than {} clauses; split it up", kMaxClauses);
      }
      if (position_ < tokens_.size() && !is_keyword(0, "AND")) return invalid_clause();
    }
  }

 private:
  const Token* peek(size_t ahead) const {
    return position_ + ahead < tokens_.size() ? &tokens_[position_ + ahead] : nullptr;
  }
  bool is(size_t ahead, TokenKind kind) const {
    return peek(ahead) != nullptr && peek(ahead)->kind == kind;
  }
  bool is_keyword(size_t ahead, std::string_view keyword) const {
    return is(ahead, TokenKind::word) && upper(peek(ahead)->written) == keyword;
  }

  Result<void> check_single() const {
    const auto semicolon = std::find_if(tokens_.begin(), tokens_.end(), [](const Token& token) {
      return token.kind == TokenKind::semicolon;
    });
    if (semicolon == tokens_.end()) return {};
    if (semicolon + 1 == tokens_.end()) {
      return invalid("Invalid clause(s) in filter string: {}", shown(";"));
    }
    return invalid(
        "Search filter contained multiple expression '{}'. Provide AND-ed expression list.",
        filter_);
  }

  std::string shown(std::string_view piece) const {
    return style_ == ClauseStyle::quoted ? fmt::format("'{}'", piece) : std::string(piece);
  }

  /// Names what stands at the position, up to the next AND.
  Error invalid_clause() const {
    std::string clauses;
    for (size_t ahead = 0; peek(ahead) != nullptr && !is_keyword(ahead, "AND"); ++ahead) {
      clauses += (ahead == 0 ? "" : ", ") + shown(peek(ahead)->written);
    }
    return invalid("Invalid clause(s) in filter string: {}", clauses);
  }

  /// What stands left of an operator but is no name, such as `metrics.a-b`, where it is in one
  /// piece; else empty.
  std::string_view false_identifier() const {
    size_t ahead = 1;
    while (peek(ahead) != nullptr && !is(ahead, TokenKind::comparison)) {
      if (peek(ahead)->start != peek(ahead - 1)->end()) return {};
      ahead += 1;
    }
    if (peek(ahead) == nullptr || !is(0, TokenKind::word)) return {};
    return filter_.substr(peek(0)->start, peek(ahead - 1)->end() - peek(0)->start);
  }

  Result<Comparison> take_comparison() {
    Comparison out;
    const size_t n_operator_tokens = operator_at(1, out.comparator);
    if (n_operator_tokens == 0) {
      const std::string_view name = false_identifier();
      if (name.empty()) return invalid_clause();
      return invalid("Invalid comparison clause. Expected 'Identifier' found '{}'", name);
    }
    if (!is(0, TokenKind::word) || peek(0)->written.ends_with('.')) {
      return invalid("Invalid comparison clause. Expected 'Identifier' found '{}'",
                     peek(0)->written);
    }
    out.identifier = identifier_of(peek(0)->written);
    const size_t start = position_;
    position_ += 1 + n_operator_tokens;
    if (out.comparator.starts_with("IS ")) return out;
    if (peek(0) == nullptr || is_keyword(0, "AND")) {
      position_ = start;
      return invalid_clause();
    }
    out.literal = TRY(take_literal(start));
    return out;
  }

  /// Gives how many tokens the operator at `ahead` has, and its spelling; 0 where there is none.
  size_t operator_at(size_t ahead, std::string& comparator) const {
    if (is(ahead, TokenKind::comparison)) {
      comparator = peek(ahead)->written;
      return 1;
    }
    struct Spelling {
      std::string_view words[3];
    };
    constexpr Spelling kSpellings[] = {
        {{"LIKE", "", ""}},      {{"ILIKE", "", ""}},    {{"RLIKE", "", ""}},
        {{"NOT", "LIKE", ""}},   {{"NOT", "ILIKE", ""}}, {{"NOT", "RLIKE", ""}},
        {{"IN", "", ""}},        {{"NOT", "IN", ""}},    {{"IS", "NULL", ""}},
        {{"IS", "NOT", "NULL"}}, {{"REGEXP", "", ""}},
    };
    for (const Spelling& spelling : kSpellings) {
      size_t n_words = 0;
      comparator.clear();
      while (n_words < 3 && !spelling.words[n_words].empty() &&
             is_keyword(ahead + n_words, spelling.words[n_words])) {
        comparator += (n_words == 0 ? "" : " ") + std::string(spelling.words[n_words]);
        n_words += 1;
      }
      if (n_words == 3 || spelling.words[n_words].empty()) return n_words;
    }
    return 0;
  }

  /// `start`: where the clause begins, of which an error names all.
  Result<Literal> take_literal(size_t start) {
    const Token& token = tokens_[position_];
    Literal out;
    out.written = token.written;
    switch (token.kind) {
      case TokenKind::open: return take_list();
      case TokenKind::number: out.kind = LiteralKind::number; break;
      case TokenKind::text: out.kind = LiteralKind::text; break;
      case TokenKind::word:
        out.kind = is_quoted(token.written, '"') ? LiteralKind::text : LiteralKind::bare;
        break;
      default: position_ = start; return invalid_clause();
    }
    position_ += 1;
    if (out.kind == LiteralKind::text) out.text = unquoted(token.written);
    return out;
  }

  /// A list is read to its end; what is wrong with its content is told where lists are accepted.
  Result<Literal> take_list() {
    Literal out;
    out.kind = LiteralKind::list;
    const size_t start = tokens_[position_].start;
    std::string elements;
    bool has_other = false;
    bool expects_value = true;
    for (position_ += 1; position_ < tokens_.size(); position_ += 1) {
      const Token& token = tokens_[position_];
      if (token.kind == TokenKind::close) {
        out.written = filter_.substr(start, token.end() - start);
        position_ += 1;
        if (out.problem.empty()) out.problem = problem_of(out, elements, has_other);
        return out;
      }
      const bool is_text = token.kind == TokenKind::text ||
                           (token.kind == TokenKind::word && is_quoted(token.written, '"'));
      has_other = has_other || token.kind == TokenKind::number;
      const bool is_value = is_text || token.kind == TokenKind::number;
      if (expects_value ? !is_value : token.kind != TokenKind::comma) {
        out.problem = fmt::format(
            "{} expected a non-empty list of string values, but got "
            "ill-formed list.",
            kWhileParsing);
      }
      if (is_text) out.texts.push_back(unquoted(token.written));
      if (is_value) elements += (elements.empty() ? "" : ", ") + token.written;
      if (out.texts.size() > kMaxListed) {
        return invalid("{} more than {} values", kWhileParsing, kMaxListed);
      }
      expects_value = !expects_value;
    }
    return invalid("{} expected a non-empty list of string values, but got ill-formed list.",
                   kWhileParsing);
  }

  static std::string problem_of(const Literal& list, std::string_view elements, bool has_other) {
    if (has_other) {
      return fmt::format(
          "{} expected string value, punctuation, or whitespace, but got different "
          "type in list: ({}{})",
          kWhileParsing, elements, elements.find(", ") == elements.npos ? "," : "");
    }
    if (!list.texts.empty()) return "";
    return fmt::format("{} expected a non-empty list of string values, but got empty list",
                       kWhileParsing);
  }

  static constexpr std::string_view kWhileParsing = "While parsing a list in the query,";

  std::string_view filter_;
  std::vector<Token> tokens_;
  ClauseStyle style_;
  size_t position_ = 0;
};

}  // namespace

double number_of(const Literal& literal) { return std::strtod(literal.written.c_str(), nullptr); }

Result<std::vector<Comparison>> parse_filter(std::string_view filter, ClauseStyle style) {
  return Parser(filter, Tokenizer(filter).tokens(), style).comparisons();
}

Result<Ordering> parse_ordering(std::string_view ordering) {
  const std::vector<Token> tokens = Tokenizer(ordering).tokens();
  const bool is_name =
      !tokens.empty() && tokens[0].kind == TokenKind::word && !tokens[0].written.ends_with('.');
  const bool fills = is_name && tokens[0].start == 0 && tokens.back().end() == ordering.size();
  const bool is_word = tokens.size() == 1 &&
                       (upper(tokens[0].written) == "ASC" || upper(tokens[0].written) == "DESC");
  if (!fills || is_word || tokens.size() > 2 || tokens.back().kind == TokenKind::semicolon) {
    return invalid("Invalid order_by clause '{}'. Could not be parsed.", ordering);
  }
  Ordering out;
  out.written = tokens[0].written;
  out.identifier = identifier_of(out.written);
  if (tokens.size() == 1) return out;
  const std::string direction = upper(tokens[1].written);
  if (direction != "ASC" && direction != "DESC") {
    return invalid("Invalid ordering key in order_by clause '{}'.", ordering);
  }
  if (direction == "DESC") out.direction = Direction::descending;
  return out;
}

}  // namespace slipway::store
