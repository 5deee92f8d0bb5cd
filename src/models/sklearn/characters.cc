// Reading and lowering characters, of models/sklearn/unicode_words.h.
#include <algorithm>

#include "models/sklearn/unicode_words.h"

namespace slipway::models::sklearn {
namespace {

template <size_t N>
bool is_within(const std::array<CharacterRange, N>& ranges, char32_t c) {
  const auto after = std::ranges::upper_bound(ranges, uint32_t{c}, {}, &CharacterRange::first);
  return after != ranges.begin() && (after - 1)->last >= c;
}

// How many bytes follow the first of a character; -1 where it cannot be a first.
int n_following(uint8_t byte) {
  if (byte < 0x80) return 0;
  if (byte >= 0xC2 && byte < 0xE0) return 1;
  if (byte >= 0xE0 && byte < 0xF0) return 2;
  return byte >= 0xF0 && byte < 0xF5 ? 3 : -1;
}

char32_t small_letter(char32_t c) {
  if (c < 128) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  for (const auto& run : kLowerRuns) {
    if (c >= run.first && c <= run.last && (c - run.first) % run.step == 0) {
      return static_cast<char32_t>(static_cast<int64_t>(c) + run.apart);
    }
  }
  return c;
}

bool is_letter(char32_t c) { return is_word_character(c) && c != '_' && !(c >= '0' && c <= '9'); }

}  // namespace

bool is_word_character(char32_t c) { return is_within(kWordRanges, c); }

bool is_blank_character(char32_t c) { return is_within(kBlankRanges, c); }

std::u32string characters_of(std::string_view utf8) {
  std::u32string out;
  for (size_t i = 0; i < utf8.size();) {
    const auto first = static_cast<uint8_t>(utf8[i++]);
    const int following = n_following(first);
    if (following <= 0) {
      out += following == 0 ? char32_t{first} : U'\uFFFD';
      continue;
    }
    char32_t c = first & (0x3Fu >> following);
    int n = 0;
    for (; n < following && i < utf8.size() && (static_cast<uint8_t>(utf8[i]) & 0xC0) == 0x80;
         ++n) {
      c = c << 6 | (static_cast<uint8_t>(utf8[i++]) & 0x3Fu);
    }
    out += n == following && c < 0x110000 ? c : U'\uFFFD';
  }
  return out;
}

std::string utf8_of(std::u32string_view characters) {
  std::string out;
  const auto more = [&](char32_t c, int shift) {
    out += static_cast<char>(0x80 | (c >> shift & 0x3F));
  };
  for (const char32_t c : characters) {
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xC0 | c >> 6);
      more(c, 0);
    } else if (c < 0x10000) {
      out += static_cast<char>(0xE0 | c >> 12);
      more(c, 6);
      more(c, 0);
    } else {
      out += static_cast<char>(0xF0 | c >> 18);
      more(c, 12);
      more(c, 6);
      more(c, 0);
    }
  }
  return out;
}

std::u32string lower_case(std::u32string_view text) {
  constexpr char32_t kSigma = 0x3A3;
  constexpr char32_t kFinalSigma = 0x3C2;
  std::u32string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == 0x130) {  // the one capital whose small letter is two characters
      out += U"i\u0307";
      continue;
    }
    const bool ends = text[i] == kSigma && i > 0 && is_letter(text[i - 1]) &&
                      (i + 1 == text.size() || !is_letter(text[i + 1]));
    out += ends ? kFinalSigma : small_letter(text[i]);
  }
  return out;
}

}  // namespace slipway::models::sklearn
