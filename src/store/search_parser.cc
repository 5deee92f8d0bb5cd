#include "store/search_parser.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/text.h"
#include "store/search_lists.h"
#include "store/search_tokens.h"

namespace slipway::store {
namespace {

constexpr size_t kMaxClauses = 200;  // well under what SQLite takes in one statement

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

bool is_quoted(std::string_view text, char quote) {
  return text.size() >= 2 && text.front() == quote && text.back() == quote;
}

std::string without(std::string_view text, std::string_view quotes) {
  for (const char quote : quotes) {
    if (is_quoted(text, quote)) text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

std::string_view stripped(std::string_view text, char c) {
  while (!text.empty() && text.front() == c) text.remove_prefix(1);
  while (!text.empty() && text.back() == c) text.remove_suffix(1);
  return text;
}

/// Splits at the first dot, though it stand in quotes.
Identifier identifier_of(std::string_view word, Language language) {
  const size_t dot = word.find('.');
  const bool has_entity = dot != std::string_view::npos;
  const std::string_view entity = has_entity ? word.substr(0, dot) : "";
  const std::string_view key = has_entity ? word.substr(dot + 1) : word;
  switch (language) {
    case Language::runs: return {without(entity, "`"), without(key, "\"'`")};
    case Language::experiments: return {std::string(entity), without(key, "\"'`")};
    case Language::registry:
      return {std::string(entity),
              entity.starts_with("tag") ? without(key, "\"'`") : std::string(key)};
    case Language::logged_models: return {std::string(entity), std::string(stripped(key, '`'))};
  }
  return {};
}

/// A clause, or what stands where one should.
struct Clause {
  std::vector<Piece> parts;  // left, comparator, right; the latter not where it asks for presence
  std::string comparator;
  std::string shown;
  bool is_comparison = false;
};

class Parser {
 public:
  Parser(std::string_view filter, Language language) : filter_(filter), language_(language) {}

  Result<std::vector<Comparison>> comparisons() {
    auto statements = search_tokens(filter_);
    if (filter_.empty()) return std::vector<Comparison>();
    if (statements.size() != 1) return no_single(statements.empty());
    const auto clauses = joined(grouped(filter_, std::move(statements[0])));
    TRY(check_all(clauses));
    std::vector<Comparison> out;
    for (const Clause& clause : clauses) {
      if (!clause.is_comparison) continue;
      Comparison comparison = TRY(comparison_of(clause));
      out.push_back(std::move(comparison));
    }
    if (out.size() <= kMaxClauses) return out;
    return invalid("The search filter has more than {} clauses; split it up", kMaxClauses);
  }

 private:
  std::string_view shown(const Piece& piece) const {
    return filter_.substr(piece.start, piece.end - piece.start);
  }

  bool is_keyword(const Piece& piece, std::string_view keyword) const {
    return piece.kind == PieceKind::keyword && upper(shown(piece)) == keyword;
  }

  Error no_single(bool is_empty) const {
    if (language_ == Language::logged_models) {
      return invalid("Invalid filter string: {}. Expected a single SQL expression.",
                     python_text(filter_));
    }
    if (is_empty) return invalid("Invalid filter '{}'. Could not be parsed.", filter_);
    return invalid(
        "Search filter contained multiple expression {}. Provide AND-ed expression list.",
        python_text(filter_));
  }

  Clause plain(Piece piece) const {
    Clause out;
    out.shown = shown(piece);
    out.is_comparison = piece.kind == PieceKind::comparison;
    if (out.is_comparison) {
      out.parts = std::move(piece.parts);
      out.comparator = shown(out.parts[1]);
    } else {
      out.parts.push_back(std::move(piece));
    }
    return out;
  }

  Clause worded(std::vector<Piece> parts, std::string_view comparator) const {
    Clause out;
    out.is_comparison = true;
    out.comparator = comparator;
    out.shown = fmt::format("{}{}", shown(parts[0]), comparator);
    if (comparator.ends_with("IN")) out.shown += shown(parts.back());
    out.parts = std::move(parts);
    return out;
  }

  /// How many pieces from `i` on are a comparison in words, and which; 0 where none is.
  std::pair<size_t, std::string> words_at(const std::vector<Piece>& pieces, size_t i) const {
    const auto is_list = [&](size_t ahead) {
      return i + ahead < pieces.size() && pieces[i + ahead].kind == PieceKind::parenthesis;
    };
    const auto is_word = [&](size_t ahead, std::string_view word) {
      return is_keyword(pieces[i + ahead], word);
    };
    if (is_word(1, "IN") && is_list(2)) return {3, std::string(shown(pieces[i + 1]))};
    if (is_word(1, "IS") && is_word(2, "NULL")) return {3, "IS NULL"};
    if (is_word(1, "IS") && is_word(2, "NOT NULL")) return {3, "IS NOT NULL"};
    if (is_word(1, "NOT") && is_word(2, "IN") && is_list(3)) return {4, "NOT IN"};
    return {0, ""};
  }

  /// Makes comparisons of `x IN (…)`, `x IS NULL` and their like. As in MLflow, three or four
  /// pieces that begin with a name and are none of these are passed over together.
  std::vector<Clause> joined(std::vector<Piece> pieces) const {
    std::vector<Clause> out;
    size_t i = 0;
    while (i < pieces.size()) {
      if (pieces.size() - i < 3 || pieces[i].kind != PieceKind::identifier) {
        out.push_back(plain(std::move(pieces[i++])));
        continue;
      }
      const auto [n_pieces, comparator] = words_at(pieces, i);
      if (n_pieces > 0) {
        std::vector<Piece> parts{pieces[i]};
        if (upper(comparator).ends_with("IN")) parts.push_back(pieces[i + n_pieces - 1]);
        out.push_back(worded(std::move(parts), comparator));
        i += n_pieces;
        continue;
      }
      const size_t end = std::min(i + 4, pieces.size());
      while (i < end) out.push_back(plain(std::move(pieces[i++])));
    }
    return out;
  }

  /// Refuses what is neither a comparison nor AND.
  Result<void> check_all(const std::vector<Clause>& clauses) const {
    std::string wrong;
    for (const Clause& clause : clauses) {
      if (clause.is_comparison || is_keyword(clause.parts[0], "AND")) continue;
      const bool is_quoted = language_ == Language::runs;
      wrong += fmt::format("{}{}{}{}", wrong.empty() ? "" : ", ", is_quoted ? "'" : "",
                           clause.shown, is_quoted ? "'" : "");
    }
    if (wrong.empty()) return {};
    if (language_ != Language::logged_models) {
      return invalid("Invalid clause(s) in filter string: {}", wrong);
    }
    return invalid(
        "Invalid filter string: {}. Expected a list of comparisons separated by 'AND' "
        "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').",
        python_text(filter_));
  }

  Result<Comparison> comparison_of(const Clause& clause) const {
    const Piece& left = clause.parts[0];
    const bool has_literal = !upper(clause.comparator).starts_with("IS ");
    if (language_ == Language::logged_models && !has_literal) {
      return invalid("Invalid comparison: {}. Expected a comparison with 3 tokens.", clause.shown);
    }
    if (left.kind != PieceKind::identifier) {
      return invalid("Invalid comparison clause. Expected 'Identifier' found '{}'", shown(left));
    }
    if (language_ == Language::registry && !has_literal) {
      return invalid("Invalid comparison clause. Expected 3 tokens found 2");
    }
    Comparison out;
    out.identifier = identifier_of(shown(left), language_);
    out.comparator =
        language_ == Language::experiments ? clause.comparator : upper(clause.comparator);
    if (has_literal) out.literal = literal_of(clause.parts.back());
    return out;
  }

  Literal literal_of(const Piece& piece) const {
    Literal out;
    out.written = shown(piece);
    switch (piece.kind) {
      case PieceKind::integer:
      case PieceKind::real: out.kind = LiteralKind::number; break;
      case PieceKind::text: out.kind = LiteralKind::text; break;
      case PieceKind::identifier:
        out.kind = is_quoted(out.written, '"') ? LiteralKind::text : LiteralKind::bare;
        break;
      case PieceKind::parenthesis: {
        out.kind = LiteralKind::list;
        TextList list = read_list(out.written);
        out.texts = std::move(list.texts);
        out.problem = std::move(list.problem);
        break;
      }
      default: out.kind = LiteralKind::other; break;
    }
    if (out.kind == LiteralKind::text) out.text = out.written.substr(1, out.written.size() - 2);
    return out;
  }

  std::string_view filter_;
  Language language_;
};

/// The words of an ordering as a shell would cut them: quotes and backticks hold blanks and go.
std::vector<std::string> shell_words(std::string_view text) {
  std::vector<std::string> out;
  char quote = '\0';
  bool is_new = true;
  for (const char c : text) {
    const char mark = c == '`' ? '"' : c;
    if (quote == '\0' && (c == ' ' || (c >= '\t' && c <= '\r'))) {
      is_new = true;
      continue;
    }
    if (is_new) out.emplace_back();
    is_new = false;
    if (quote == '\0' && (mark == '"' || mark == '\'')) {
      quote = mark;
    } else if (mark == quote) {
      quote = '\0';
    } else {
      out.back() += c;
    }
  }
  return out;
}

/// Whether the text is a name, perhaps with a direction; `timestamp`, a type of SQL, is one too.
bool is_ordering(std::string_view text) {
  auto statements = search_tokens(text);
  if (statements.size() != 1) return false;
  const auto pieces = grouped(text, std::move(statements[0]));
  const Piece& first = pieces.front();
  if (first.start != 0 || pieces.back().end != text.size()) return false;
  if (pieces.size() == 1 && first.kind == PieceKind::identifier) return true;
  if (text.substr(0, first.end) != "timestamp") return false;
  return pieces.size() == 1 || (pieces.size() == 2 && pieces.back().kind == PieceKind::direction);
}

}  // namespace

double number_of(const Literal& literal) { return std::strtod(literal.written.c_str(), nullptr); }

Result<std::vector<Comparison>> parse_filter(std::string_view filter, Language language) {
  return Parser(filter, language).comparisons();
}

Result<Ordering> parse_ordering(std::string_view ordering) {
  const auto words = shell_words(ordering);
  if (!is_ordering(ordering) || words.empty() || words.size() > 2) {
    return invalid("Invalid order_by clause '{}'. Could not be parsed.", ordering);
  }
  Ordering out;
  out.written = words.size() == 1 ? std::string(ordering) : words[0];
  out.identifier = identifier_of(out.written, Language::runs);
  if (words.size() == 1) return out;
  const std::string direction = upper(words[1]);
  if (direction != "ASC" && direction != "DESC") {
    return invalid("Invalid ordering key in order_by clause '{}'.", ordering);
  }
  if (direction == "DESC") out.direction = Direction::descending;
  return out;
}

}  // namespace slipway::store
