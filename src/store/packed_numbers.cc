#include "store/packed_numbers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace slipway::store {
namespace {

static_assert(std::endian::native == std::endian::little, "blocks are read as 64-bit words");

constexpr size_t kBlock = 32;

uint64_t bits_of(int64_t value) { return static_cast<uint64_t>(value); }

uint64_t zigzag(int64_t value) { return (bits_of(value) << 1) ^ (value < 0 ? ~uint64_t{0} : 0); }

int64_t unzigzag(uint64_t code) { return static_cast<int64_t>((code >> 1) ^ (~(code & 1) + 1)); }

/// How a number is predicted from those before it.
enum class Prediction : unsigned char { least = 0, previous = 1, line = 2 };
constexpr Prediction kPredictions[] = {Prediction::least, Prediction::previous, Prediction::line};

/// A column as written: a few whole numbers, then the rest as small codes.
struct Residuals {
  Prediction prediction = Prediction::least;
  std::array<int64_t, 2> heads{};
  size_t n_heads = 0;
  std::vector<uint64_t> codes;
};

Residuals residuals_of(std::span<const int64_t> values, Prediction prediction) {
  Residuals out;
  out.prediction = prediction;
  out.codes.reserve(values.size());
  if (prediction == Prediction::least) {
    out.heads[0] = *std::min_element(values.begin(), values.end());
    out.n_heads = 1;
    for (const int64_t value : values) out.codes.push_back(bits_of(value) - bits_of(out.heads[0]));
    return out;
  }
  const size_t order = prediction == Prediction::line ? 2 : 1;
  int64_t slope = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t rise = wrapping_difference(values[i], i == 0 ? 0 : values[i - 1]);
    if (i < order) {
      out.heads[out.n_heads++] = rise;
    } else {
      out.codes.push_back(zigzag(order == 2 ? wrapping_difference(rise, slope) : rise));
    }
    slope = rise;
  }
  return out;
}

int width_of(std::span<const uint64_t> codes) {
  uint64_t all = 0;
  for (const uint64_t code : codes) all |= code;
  return std::bit_width(all);
}

size_t packed_bytes(size_t n_codes, int width) {
  return (n_codes * static_cast<size_t>(width) + 7) / 8;
}

size_t bytes_of(const Residuals& residuals) {
  std::string heads;
  for (size_t i = 0; i < residuals.n_heads; ++i) put_signed(heads, residuals.heads[i]);
  size_t n_bytes = 1 + heads.size();
  std::span<const uint64_t> left = residuals.codes;
  while (!left.empty()) {
    const auto block = left.first(std::min(kBlock, left.size()));
    n_bytes += 1 + packed_bytes(block.size(), width_of(block));
    left = left.subspan(block.size());
  }
  return n_bytes;
}

Residuals fewest_bytes(std::span<const int64_t> values) {
  Residuals best;
  size_t best_bytes = SIZE_MAX;
  for (const Prediction prediction : kPredictions) {
    Residuals residuals = residuals_of(values, prediction);
    const size_t n_bytes = bytes_of(residuals);
    if (n_bytes >= best_bytes) continue;
    best_bytes = n_bytes;
    best = std::move(residuals);
  }
  return best;
}

void put_block(std::string& out, std::span<const uint64_t> codes) {
  const int width = width_of(codes);
  out.push_back(static_cast<char>(width));
  const size_t start = out.size();
  out.resize(start + packed_bytes(codes.size(), width), '\0');
  size_t bit = 0;
  for (uint64_t code : codes) {
    for (int left = width; left > 0;) {
      const int offset = static_cast<int>(bit % 8);
      const int n_bits = std::min(8 - offset, left);
      out[start + bit / 8] |= static_cast<char>((code & ((1u << n_bits) - 1)) << offset);
      code >>= n_bits;
      bit += static_cast<size_t>(n_bits);
      left -= n_bits;
    }
  }
}

/// Reads the codes of one block. `bytes` has all of them; wide loads past its end see zeros.
void take_block(std::string_view bytes, int width, std::span<int64_t> codes) {
  if (width == 0) {
    std::fill(codes.begin(), codes.end(), 0);
    return;
  }
  std::array<char, kBlock * 8 + 16> padded;
  std::memcpy(padded.data(), bytes.data(), bytes.size());
  std::memset(padded.data() + bytes.size(), 0, 16);
  const uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
  size_t bit = 0;
  for (int64_t& code : codes) {
    uint64_t low = 0;
    std::memcpy(&low, padded.data() + bit / 8, 8);
    const size_t offset = bit % 8;
    uint64_t value = low >> offset;
    if (offset + static_cast<size_t>(width) > 64) {
      uint64_t high = static_cast<unsigned char>(padded[bit / 8 + 8]);
      value |= high << (64 - offset);
    }
    code = static_cast<int64_t>(value & mask);
    bit += static_cast<size_t>(width);
  }
}

void take_codes(PackedReader& reader, std::span<int64_t> codes) {
  while (!codes.empty() && reader.ok()) {
    const auto block = codes.first(std::min(kBlock, codes.size()));
    const int width = reader.take_byte();
    if (width > 64) return reader.fail();
    const std::string_view bytes = reader.take_bytes(packed_bytes(block.size(), width));
    if (reader.ok()) take_block(bytes, width, block);
    codes = codes.subspan(block.size());
  }
}

}  // namespace

void put_unsigned(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void put_signed(std::string& out, int64_t value) { put_unsigned(out, zigzag(value)); }

int64_t wrapping_difference(int64_t a, int64_t b) {
  return static_cast<int64_t>(bits_of(a) - bits_of(b));
}

int64_t wrapping_sum(int64_t a, int64_t b) { return static_cast<int64_t>(bits_of(a) + bits_of(b)); }

unsigned char PackedReader::take_byte() {
  if (position_ == bytes_.size()) {
    ok_ = false;
    return 0;
  }
  return static_cast<unsigned char>(bytes_[position_++]);
}

uint64_t PackedReader::take_unsigned() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && ok_; shift += 7) {
    const unsigned char byte = take_byte();
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return ok_ ? value : 0;
  }
  ok_ = false;
  return 0;
}

int64_t PackedReader::take_signed() { return unzigzag(take_unsigned()); }

double PackedReader::take_double() {
  uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits |= static_cast<uint64_t>(take_byte()) << (8 * i);
  return std::bit_cast<double>(bits);
}

std::string_view PackedReader::take_bytes(size_t n_bytes) {
  if (n_bytes > n_left()) ok_ = false;
  if (!ok_) return {};
  const std::string_view out = bytes_.substr(position_, n_bytes);
  position_ += n_bytes;
  return out;
}

void put_column(std::string& out, std::span<const int64_t> values) {
  if (values.empty()) return;
  const Residuals residuals = fewest_bytes(values);
  out.push_back(static_cast<char>(residuals.prediction));
  for (size_t i = 0; i < residuals.n_heads; ++i) put_signed(out, residuals.heads[i]);
  std::span<const uint64_t> left = residuals.codes;
  while (!left.empty()) {
    const size_t n_codes = std::min(kBlock, left.size());
    put_block(out, left.first(n_codes));
    left = left.subspan(n_codes);
  }
}

size_t column_bytes(std::span<const int64_t> values) {
  return values.empty() ? 0 : bytes_of(fewest_bytes(values));
}

void take_column(PackedReader& reader, std::span<int64_t> values) {
  if (values.empty()) return;
  const unsigned char prediction = reader.take_byte();
  if (prediction == static_cast<unsigned char>(Prediction::least)) {
    const int64_t least = reader.take_signed();
    take_codes(reader, values);
    for (int64_t& value : values) value = wrapping_sum(value, least);
    return;
  }
  if (prediction > static_cast<unsigned char>(Prediction::line)) return reader.fail();
  const size_t order = prediction;
  const size_t n_heads = std::min(order, values.size());
  int64_t slope = 0;
  int64_t value = 0;
  for (size_t i = 0; i < n_heads; ++i) {
    slope = reader.take_signed();
    values[i] = value = wrapping_sum(value, slope);
  }
  const auto rest = values.subspan(n_heads);
  take_codes(reader, rest);
  if (order == 1) slope = 0;
  for (int64_t& code : rest) {
    const int64_t step = unzigzag(bits_of(code));
    if (order == 2) {
      slope = wrapping_sum(slope, step);
    } else {
      slope = step;
    }
    code = value = wrapping_sum(value, slope);
  }
}

}  // namespace slipway::store
