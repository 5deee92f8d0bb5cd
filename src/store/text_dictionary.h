// store/text_dictionary.h — texts as small integers: each distinct one is kept once.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::store {

/// Distinct texts by codes 1, 2, 3, … in the order they came; code 0 stands for none.
class TextDictionary {
 public:
  static constexpr uint32_t kNone = 0;

  /// Give the code of a text, a new one where it is not known.
  uint32_t intern(std::string_view text);
  /// Give the code of a text, or kNone.
  uint32_t find(std::string_view text) const;
  /// The text of a code that is not kNone; valid until the next intern().
  std::string_view text(uint32_t code) const {
    return std::string_view(letters_).substr(ends_[code - 1], ends_[code] - ends_[code - 1]);
  }
  /// The first 8 bytes of a text as a number that sorts as the texts do.
  uint64_t prefix(uint32_t code) const { return prefixes_[code - 1]; }
  size_t n_texts() const { return prefixes_.size(); }
  size_t size_bytes() const;

 private:
  size_t place_of(std::string_view text) const;
  void grow();

  std::string letters_;
  std::vector<uint64_t> ends_{0};
  std::vector<uint64_t> prefixes_;
  std::vector<uint32_t> places_ = std::vector<uint32_t>(16);  // a hash table of codes, half empty
};

/// The first 8 bytes of a text as TextDictionary::prefix() gives them.
uint64_t text_prefix(std::string_view text);

}  // namespace slipway::store
