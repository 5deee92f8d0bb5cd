// models/catboost/flat.h — read FlatBuffers: tables of fields at offsets, all held within the
// bytes.
#pragma once
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace slipway::models::catboost {

/// The bytes of one FlatBuffers document. What lies outside reads as 0 and makes it bad; so do more
/// vectors than its size explains, as tables may share theirs.
class Flat {
 public:
  explicit Flat(std::string_view bytes) : bytes_(bytes), n_left_(4 * bytes.size() + 4096) {}

  template <typename T>
  T at(size_t place) {
    T out{};
    if (place > bytes_.size() || bytes_.size() - place < sizeof(T)) {
      bad_ = true;
    } else {
      std::memcpy(&out, bytes_.data() + place, sizeof(T));
    }
    return out;
  }
  /// Take `size` bytes at `place`; none where they lie outside or are too many together.
  std::string_view take(size_t place, size_t size) {
    if (place > bytes_.size() || bytes_.size() - place < size || size > n_left_) {
      bad_ = true;
      return {};
    }
    n_left_ -= size;
    return bytes_.substr(place, size);
  }
  bool is_bad() const { return bad_; }

 private:
  std::string_view bytes_;
  size_t n_left_;
  bool bad_ = false;
};

struct FlatVector {
  size_t place = 0;  // of the first item
  size_t size = 0;
};

/// A table: fields by their number in the schema. Borrows the document.
class FlatTable {
 public:
  FlatTable(Flat& flat, size_t place) : flat_(&flat), place_(place) {
    const auto back = flat.at<int32_t>(place);
    names_ = place - static_cast<size_t>(static_cast<int64_t>(back));
  }
  static FlatTable root(Flat& flat) { return {flat, flat.at<uint32_t>(0)}; }

  template <typename T>
  T value(size_t field, T otherwise = {}) const {
    const auto place = place_of(field);
    return place == 0 ? otherwise : flat_->at<T>(place);
  }
  std::optional<FlatTable> table(size_t field) const {
    const auto place = place_of(field);
    if (place == 0) return {};
    return FlatTable(*flat_, place + flat_->at<uint32_t>(place));
  }
  FlatVector vector(size_t field, size_t item_size) const {
    const auto place = place_of(field);
    if (place == 0) return {};
    const auto begin = place + flat_->at<uint32_t>(place);
    const size_t n = flat_->at<uint32_t>(begin);
    if (flat_->take(begin + 4, n * item_size).size() != n * item_size) return {};
    return {begin + 4, n};
  }
  template <typename T>
  T item(const FlatVector& vector, size_t i) const {
    return flat_->at<T>(vector.place + i * sizeof(T));
  }
  FlatTable table_in(const FlatVector& vector, size_t i) const {
    const auto place = vector.place + 4 * i;
    return {*flat_, place + flat_->at<uint32_t>(place)};
  }
  std::string_view text_in(const FlatVector& vector, size_t i) const {
    const auto place = vector.place + 4 * i;
    return text_at(place + flat_->at<uint32_t>(place));
  }
  std::string_view text(size_t field) const {
    const auto place = place_of(field);
    return place == 0 ? std::string_view() : text_at(place + flat_->at<uint32_t>(place));
  }
  /// The bytes of a vector.
  std::string_view bytes(size_t field) const {
    const auto found = vector(field, 1);
    return flat_->take(found.place, found.size);
  }

 private:
  size_t place_of(size_t field) const {
    const size_t size = flat_->at<uint16_t>(names_);
    if (4 + 2 * field + 2 > size) return 0;
    const size_t offset = flat_->at<uint16_t>(names_ + 4 + 2 * field);
    return offset == 0 ? 0 : place_ + offset;
  }
  std::string_view text_at(size_t place) const {
    return flat_->take(place + 4, flat_->at<uint32_t>(place));
  }

  Flat* flat_;
  size_t place_;
  size_t names_;
};

}  // namespace slipway::models::catboost
