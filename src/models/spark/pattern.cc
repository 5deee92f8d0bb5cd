#include "models/spark/pattern.h"

#include <algorithm>

#include "models/sklearn/unicode_words.h"

namespace slipway::models::spark {
namespace {

constexpr size_t kMany = size_t{1} << 30;
constexpr size_t kMaxSteps = 10'000'000;
constexpr char32_t kLastCharacter = 0x10FFFF;

Error unread(std::string_view what) {
  return fail(Code::not_implemented, "the pattern has {}, which is not read", what);
}

}  // namespace

class PatternReader {
 public:
  explicit PatternReader(std::u32string text) : text_(std::move(text)) {}

  Result<std::vector<Pattern::Sequence>> read() {
    std::vector<Pattern::Sequence> out(1);
    while (at_ < text_.size()) {
      if (text_[at_] == U'|') {
        ++at_;
        out.emplace_back();
        continue;
      }
      auto piece = TRY(read_piece());
      TRY(read_quantifier(piece));
      out.back().push_back(std::move(piece));
    }
    return out;
  }

 private:
  using Range = Pattern::Range;
  using Piece = Pattern::Piece;

  Result<Piece> read_piece() {
    const auto c = text_[at_++];
    if (c == U'[') return read_set();
    if (c == U'\\') return read_escape();
    if (c == U'.')
      return Piece{{{U'\n', U'\n'}, {U'\r', U'\r'}, {0x85, 0x85}, {0x2028, 0x2029}}, true};
    if (std::u32string_view(U"(){}*+?^$").find(c) != std::u32string_view::npos) {
      return unread(fmt::format("'{}'", static_cast<char>(c)));
    }
    return Piece{{{c, c}}};
  }

  Result<Piece> read_set() {
    Piece out;
    if (at_ < text_.size() && text_[at_] == U'^') {
      out.negated = true;
      ++at_;
    }
    for (bool first = true;; first = false) {
      if (at_ >= text_.size()) return unread("a '[' without its ']'");
      const auto c = text_[at_++];
      if (c == U']' && !first) return out;
      if (c == U'[' || c == U'&' || (c == U']' && first)) return unread("a set of sets");
      if (c == U'\\') {
        const auto inner = TRY(read_escape());
        if (inner.negated) return unread("a negated class in a set");
        out.ranges.insert(out.ranges.end(), inner.ranges.begin(), inner.ranges.end());
        continue;
      }
      if (at_ + 1 < text_.size() && text_[at_] == U'-' && text_[at_ + 1] != U']') {
        const auto last = text_[at_ + 1];
        if (last == U'\\' || last == U'[' || last < c) return unread("a range of a set");
        at_ += 2;
        out.ranges.push_back({c, last});
        continue;
      }
      out.ranges.push_back({c, c});
    }
  }

  Result<Piece> read_escape() {
    if (at_ >= text_.size()) return unread("a '\\' at its end");
    const auto c = text_[at_++];
    const std::vector<Range> blanks = {{U' ', U' '}, {U'\t', U'\r'}};
    const std::vector<Range> words = {{U'a', U'z'}, {U'A', U'Z'}, {U'0', U'9'}, {U'_', U'_'}};
    switch (c) {
      case U's': return Piece{blanks};
      case U'S': return Piece{blanks, true};
      case U'w': return Piece{words};
      case U'W': return Piece{words, true};
      case U'd': return Piece{{{U'0', U'9'}}};
      case U'D': return Piece{{{U'0', U'9'}}, true};
      case U't': return Piece{{{U'\t', U'\t'}}};
      case U'n': return Piece{{{U'\n', U'\n'}}};
      case U'r': return Piece{{{U'\r', U'\r'}}};
      case U'f': return Piece{{{U'\f', U'\f'}}};
      case U'p': return read_class();
      default: break;
    }
    const bool letter = (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z');
    if (letter || (c >= U'0' && c <= U'9')) {
      return unread(fmt::format("'\\{}'", static_cast<char>(c)));
    }
    return Piece{{{c, c}}};
  }

  // \p{Punct} and the like, of ASCII.
  Result<Piece> read_class() {
    const auto end = text_.find(U'}', at_);
    if (at_ >= text_.size() || text_[at_] != U'{' || end == std::u32string::npos) {
      return unread("a '\\p' without its braces");
    }
    const auto name = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (name == U"Punct") {
      return Piece{{{U'!', U'/'}, {U':', U'@'}, {U'[', U'`'}, {U'{', U'~'}}};
    }
    if (name == U"Alpha") return Piece{{{U'a', U'z'}, {U'A', U'Z'}}};
    if (name == U"Alnum") return Piece{{{U'a', U'z'}, {U'A', U'Z'}, {U'0', U'9'}}};
    if (name == U"Digit") return Piece{{{U'0', U'9'}}};
    if (name == U"Lower") return Piece{{{U'a', U'z'}}};
    if (name == U"Upper") return Piece{{{U'A', U'Z'}}};
    if (name == U"Space") return Piece{{{U' ', U' '}, {U'\t', U'\r'}}};
    return unread(fmt::format("'\\p{{{}}}'", sklearn::utf8_of(name)));
  }

  Result<void> read_quantifier(Piece& piece) {
    if (at_ >= text_.size()) return {};
    const auto c = text_[at_];
    if (c == U'*' || c == U'+' || c == U'?') {
      piece.least = c == U'+' ? 1 : 0;
      piece.most = c == U'?' ? 1 : kMany;
      ++at_;
    } else if (c == U'{') {
      ++at_;
      piece.least = TRY(read_count());
      piece.most = piece.least;
      if (at_ < text_.size() && text_[at_] == U',') {
        ++at_;
        piece.most = kMany;
        if (at_ < text_.size() && text_[at_] != U'}') piece.most = TRY(read_count());
      }
      if (at_ >= text_.size() || text_[at_] != U'}' || piece.most < piece.least) {
        return unread("a quantifier in braces that is none");
      }
      ++at_;
    } else {
      return {};
    }
    if (at_ < text_.size() && (text_[at_] == U'?' || text_[at_] == U'+' || text_[at_] == U'*')) {
      return unread("a lazy or possessive quantifier");
    }
    return {};
  }

  Result<size_t> read_count() {
    size_t out = 0;
    const auto begin = at_;
    while (at_ < text_.size() && text_[at_] >= U'0' && text_[at_] <= U'9' && out < 10'000) {
      out = out * 10 + (text_[at_++] - U'0');
    }
    if (at_ == begin) return unread("a quantifier in braces that is none");
    return out;
  }

  std::u32string text_;
  size_t at_ = 0;
};

bool Pattern::Piece::fits(char32_t c) const {
  const bool in = std::ranges::any_of(ranges, [c](Range r) { return c >= r.first && c <= r.last; });
  return in != negated && c <= kLastCharacter;
}

Result<Pattern> Pattern::parse(std::string_view text) {
  if (text.size() > 1000) return unread("more than 1,000 characters");
  Pattern out;
  out.sequences_ = TRY(PatternReader(sklearn::characters_of(text)).read());
  return out;
}

// Greedy: as many as fit, then fewer.
bool Pattern::fits(const Sequence& pieces, size_t piece, std::u32string_view text, size_t at,
                   size_t& end, size_t& steps) {
  if (piece == pieces.size()) {
    end = at;
    return true;
  }
  const auto& one = pieces[piece];
  size_t n = 0;
  while (n < one.most && at + n < text.size() && one.fits(text[at + n])) ++n;
  steps += n + 1;
  for (; n + 1 > one.least && steps < kMaxSteps; --n) {
    if (fits(pieces, piece + 1, text, at + n, end, steps)) return true;
    if (n == 0) break;
  }
  return false;
}

Result<std::vector<Pattern::Found>> Pattern::find_places(std::u32string_view text) const {
  std::vector<Found> out;
  size_t steps = 0;
  for (size_t at = 0; at <= text.size();) {
    size_t end = at;
    const bool found = std::ranges::any_of(sequences_, [&](const Sequence& sequence) {
      return fits(sequence, 0, text, at, end, steps);
    });
    if (steps >= kMaxSteps) {
      return fail(Code::resource_exhausted, "the pattern takes too long on a text of {} characters",
                  text.size());
    }
    if (found) out.push_back({at, end});
    at = found && end > at ? end : at + 1;
  }
  return out;
}

Result<std::vector<std::u32string>> Pattern::find_all(std::u32string_view text) const {
  const auto places = TRY(find_places(text));
  std::vector<std::u32string> out;
  for (const auto& place : places) {
    out.emplace_back(text.substr(place.begin, place.end - place.begin));
  }
  return out;
}

Result<std::vector<std::u32string>> Pattern::split(std::u32string_view text) const {
  const auto places = TRY(find_places(text));
  std::vector<std::u32string> out;
  size_t begin = 0;
  for (const auto& place : places) {
    if (begin == 0 && place.end == 0) continue;
    out.emplace_back(text.substr(begin, place.begin - begin));
    begin = place.end;
  }
  if (begin == 0) return std::vector<std::u32string>{std::u32string(text)};
  out.emplace_back(text.substr(begin));
  while (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

}  // namespace slipway::models::spark
