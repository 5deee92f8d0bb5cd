// store/packed_numbers.h — numbers as few bytes: single ones of base 128, and whole columns.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::store {

/// Write a number 7 bits a byte, lowest first; the signed one as zigzag: 0, -1, 1, -2, … are
/// 0, 1, 2, 3, …. Source: "Metric batches" in docs/FORMATS.md.
void put_unsigned(std::string& out, uint64_t value);
void put_signed(std::string& out, int64_t value);

/// Difference and sum that wrap, so that any two 64-bit numbers have one.
int64_t wrapping_difference(int64_t a, int64_t b);
int64_t wrapping_sum(int64_t a, int64_t b);

/// Reads numbers one after the other; after the end or a broken one, ok() is false and all are 0.
class PackedReader {
 public:
  explicit PackedReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t n_left() const { return bytes_.size() - position_; }
  void fail() { ok_ = false; }

  unsigned char take_byte();
  uint64_t take_unsigned();
  int64_t take_signed();
  double take_double();  // 8 bytes, little-endian
  /// The next `n_bytes`; empty where there are fewer.
  std::string_view take_bytes(size_t n_bytes);

 private:
  std::string_view bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

/// Write a column of numbers as what is left of them after prediction, in blocks of few bits; the
/// prediction that gives the fewest bytes is chosen. Source: "Columns" in docs/FORMATS.md.
void put_column(std::string& out, std::span<const int64_t> values);

/// Tell how many bytes put_column() would write.
size_t column_bytes(std::span<const int64_t> values);

/// Read a column of values.size() numbers; where it is broken, reader.ok() is false afterwards.
void take_column(PackedReader& reader, std::span<int64_t> values);

}  // namespace slipway::store
