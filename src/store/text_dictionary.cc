#include "store/text_dictionary.h"

#include <functional>

namespace slipway::store {

uint64_t text_prefix(std::string_view text) {
  uint64_t prefix = 0;
  for (size_t i = 0; i < sizeof prefix; ++i) {
    const auto byte = i < text.size() ? static_cast<uint8_t>(text[i]) : 0;
    prefix = prefix << 8 | byte;
  }
  return prefix;
}

size_t TextDictionary::place_of(std::string_view text) const {
  const size_t mask = places_.size() - 1;
  size_t place = std::hash<std::string_view>()(text) & mask;
  while (places_[place] != kNone && this->text(places_[place]) != text) place = (place + 1) & mask;
  return place;
}

uint32_t TextDictionary::find(std::string_view text) const { return places_[place_of(text)]; }

uint32_t TextDictionary::intern(std::string_view text) {
  const size_t place = place_of(text);
  if (places_[place] != kNone) return places_[place];
  letters_ += text;
  ends_.push_back(letters_.size());
  prefixes_.push_back(text_prefix(text));
  const auto code = static_cast<uint32_t>(prefixes_.size());
  places_[place] = code;
  if (2 * prefixes_.size() > places_.size()) grow();
  return code;
}

void TextDictionary::grow() {
  places_.assign(places_.size() * 2, kNone);
  for (uint32_t code = 1; code <= prefixes_.size(); ++code) places_[place_of(text(code))] = code;
}

size_t TextDictionary::size_bytes() const {
  return letters_.capacity() + ends_.capacity() * sizeof ends_[0] +
         prefixes_.capacity() * sizeof prefixes_[0] + places_.capacity() * sizeof places_[0];
}

}  // namespace slipway::store
