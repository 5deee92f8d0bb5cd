// models/sklearn/unicode_words.h — characters as Python's regular expressions and str.lower see
// them.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace slipway::models::sklearn {

struct CharacterRange {
  uint32_t first;
  uint32_t last;
};

/// Capitals first, first + step … last, each with its small letter `apart` from it.
struct LowerRun {
  uint32_t first;
  uint32_t last;
  uint32_t step;
  int32_t apart;
};

extern const std::array<CharacterRange, 734> kWordRanges;
extern const std::array<CharacterRange, 10> kBlankRanges;
extern const std::array<LowerRun, 180> kLowerRuns;

/// Tell whether `\w` fits a character.
bool is_word_character(char32_t c);
/// Tell whether `\s` fits a character.
bool is_blank_character(char32_t c);

/// Read UTF-8; what is none becomes U+FFFD.
std::u32string characters_of(std::string_view utf8);
std::string utf8_of(std::u32string_view characters);

/// As str.lower, with a final sigma at the end of a word.
std::u32string lower_case(std::u32string_view text);

}  // namespace slipway::models::sklearn
