#include "data/filter_syntax.h"

#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "base/text.h"

namespace slipway::data {
namespace {

using Node = Condition::Node;
using NodePointer = std::shared_ptr<const Node>;

constexpr size_t kDeepest = 100;

enum class TokenKind { word, name, text, number, sign, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;  // of words and signs as written, of names and texts without their quotes
  size_t position = 0;
};

bool is_word_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' ||
         static_cast<unsigned char>(c) >= 0x80;
}

Error wrong_at(size_t position, std::string_view what) {
  return fail(Code::invalid_parameter_value, "the condition is wrong at position {}: {}", position,
              what);
}

// Cuts the text into tokens; the cursor stands before the next one.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<Token> next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    const size_t position = at_ + 1;
    if (at_ == text_.size()) return Token{TokenKind::end, "", position};
    const char c = text_[at_];
    if (c == '\'') return quoted(TokenKind::text);
    if (c == '"' || c == '`') return quoted(TokenKind::name);
    if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+' || c == '.') {
      return number();
    }
    if (is_word_char(c)) {
      const size_t begin = at_;
      while (at_ < text_.size() && is_word_char(text_[at_])) ++at_;
      return Token{TokenKind::word, std::string(text_.substr(begin, at_ - begin)), position};
    }
    for (const std::string_view sign :
         {"==", "!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","}) {
      if (!text_.substr(at_).starts_with(sign)) continue;
      at_ += sign.size();
      return Token{TokenKind::sign, std::string(sign), position};
    }
    return wrong_at(position, fmt::format("'{}' has no meaning here", c));
  }

 private:
  // A quote inside is written twice.
  Result<Token> quoted(TokenKind kind) {
    const size_t begin = at_;
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c != quote) {
        out += c;
      } else if (at_ < text_.size() && text_[at_] == quote) {
        out += text_[at_++];
      } else {
        return Token{kind, std::move(out), begin + 1};
      }
    }
    return wrong_at(begin + 1, fmt::format("the {} that opens here is never closed", quote));
  }

  Token number() {
    const size_t begin = at_++;
    while (at_ < text_.size()) {
      const char before = text_[at_ - 1];
      const bool exponent_sign =
          (text_[at_] == '-' || text_[at_] == '+') && (before == 'e' || before == 'E');
      if (!is_word_char(text_[at_]) && !exponent_sign) break;
      ++at_;
    }
    return {TokenKind::number, std::string(text_.substr(begin, at_ - begin)), begin + 1};
  }

  std::string_view text_;
  size_t at_ = 0;
};

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<NodePointer> whole() {
    auto node = TRY(any_of());
    if (token().kind != TokenKind::end) return expected("'and', 'or' or the end");
    return node;
  }

 private:
  const Token& token() const { return tokens_[at_]; }

  bool accept_word(std::string_view word) {
    if (token().kind != TokenKind::word || lower(token().text) != word) return false;
    ++at_;
    return true;
  }

  bool accept_sign(std::string_view sign) {
    if (token().kind != TokenKind::sign || token().text != sign) return false;
    ++at_;
    return true;
  }

  Error expected(std::string_view what) const {
    if (token().kind == TokenKind::end) {
      return wrong_at(token().position, fmt::format("expected {}, but it ends there", what));
    }
    return wrong_at(token().position, fmt::format("expected {}, not '{}'", what, token().text));
  }

  Result<NodePointer> any_of() {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::any_of;
    do {
      auto part = TRY(all_of());
      node->parts.push_back(std::move(part));
    } while (accept_word("or"));
    return NodePointer(std::move(node));
  }

  Result<NodePointer> all_of() {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::all_of;
    do {
      auto part = TRY(negation());
      node->parts.push_back(std::move(part));
    } while (accept_word("and"));
    return NodePointer(std::move(node));
  }

  Result<NodePointer> negation() {
    if (++depth_ > kDeepest) return expected("less than 100 levels of 'not' and '('");
    auto node = TRY(innermost());
    --depth_;
    return node;
  }

  Result<NodePointer> innermost() {
    if (accept_word("not")) {
      auto part = TRY(negation());
      return negated(std::move(part));
    }
    if (accept_sign("(")) {
      auto inner = TRY(any_of());
      if (!accept_sign(")")) return expected("')'");
      return inner;
    }
    return test();
  }

  static NodePointer negated(NodePointer part) {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::negation;
    node->parts.push_back(std::move(part));
    return node;
  }

  Result<NodePointer> test() {
    if (token().kind != TokenKind::word && token().kind != TokenKind::name) {
      return expected("a column, 'not' or '('");
    }
    auto node = std::make_shared<Node>();
    node->column = token().text;
    node->position = token().position;
    ++at_;
    if (accept_word("is")) {
      const bool is_not = accept_word("not");
      if (!accept_word("null")) return expected("'null'");
      node->kind = Node::Kind::is_null;
      return is_not ? negated(std::move(node)) : NodePointer(std::move(node));
    }
    const bool is_not = accept_word("not");
    if (accept_word("in")) {
      node->kind = Node::Kind::in;
      TRY(literal_list(*node));
      return is_not ? negated(std::move(node)) : NodePointer(std::move(node));
    }
    if (is_not) return expected("'in'");
    node->comparison = TRY(comparison());
    auto value = TRY(literal());
    node->literals.push_back(std::move(value));
    return NodePointer(std::move(node));
  }

  Result<Comparison> comparison() {
    struct Sign {
      std::string_view text;
      Comparison comparison;
    };
    constexpr std::array<Sign, 8> kSigns = {{{"=", Comparison::equal},
                                             {"==", Comparison::equal},
                                             {"!=", Comparison::unequal},
                                             {"<>", Comparison::unequal},
                                             {"<", Comparison::less},
                                             {"<=", Comparison::less_equal},
                                             {">", Comparison::greater},
                                             {">=", Comparison::greater_equal}}};
    for (const auto& sign : kSigns) {
      if (accept_sign(sign.text)) return sign.comparison;
    }
    return expected("=, !=, <, <=, >, >=, 'is' or 'in'");
  }

  Result<void> literal_list(Node& node) {
    if (!accept_sign("(")) return expected("'('");
    do {
      auto value = TRY(literal());
      node.literals.push_back(std::move(value));
    } while (accept_sign(","));
    if (!accept_sign(")")) return expected("',' or ')'");
    return {};
  }

  Result<Literal> literal() {
    const size_t position = token().position;
    if (accept_word("true")) return Literal{true, position};
    if (accept_word("false")) return Literal{false, position};
    if (token().kind == TokenKind::text) return Literal{tokens_[at_++].text, position};
    if (token().kind == TokenKind::number) {
      if (const auto integer = to_integer(token().text)) {
        ++at_;
        return Literal{*integer, position};
      }
      if (const auto number = to_number(token().text)) {
        ++at_;
        return Literal{*number, position};
      }
    }
    if (accept_word("null")) {
      return wrong_at(position, "nothing compares with null; write 'is null' or 'is not null'");
    }
    return expected("a number, 'text', true or false");
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t depth_ = 0;
};

}  // namespace

Result<NodePointer> parse_condition(std::string_view text) {
  Lexer lexer(text);
  std::vector<Token> tokens;
  do {
    auto token = TRY(lexer.next());
    tokens.push_back(std::move(token));
  } while (tokens.back().kind != TokenKind::end);
  return Parser(std::move(tokens)).whole();
}

}  // namespace slipway::data
