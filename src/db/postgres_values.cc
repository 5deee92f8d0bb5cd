#include "db/postgres_values.h"

#include <bit>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace slipway::db {
namespace {

uint64_t bits_of(std::string_view bytes) {
  uint64_t bits = 0;
  for (const char byte : bytes) bits = (bits << 8) | static_cast<unsigned char>(byte);
  return bits;
}

std::string eight_bytes(uint64_t bits) {
  std::string out(8, '\0');
  for (size_t i = 8; i-- > 0; bits >>= 8) out[i] = static_cast<char>(bits & 0xff);
  return out;
}

int64_t signed_of(std::string_view cell) {
  switch (cell.size()) {
    case 1: return static_cast<int64_t>(bits_of(cell));
    case 2: return static_cast<int16_t>(bits_of(cell));
    case 4: return static_cast<int32_t>(bits_of(cell));
    default: return static_cast<int64_t>(bits_of(cell));
  }
}

/// Digits to the base 10,000 with a weight, as sums of integers are. Source: numeric_send
template <typename Number>
Number numeric_of(std::string_view cell) {
  constexpr size_t kHeader = 8;
  if (cell.size() < kHeader) return 0;
  const auto word = [&](size_t i) { return static_cast<int16_t>(bits_of(cell.substr(2 * i, 2))); };
  constexpr int16_t kNegative = 0x4000;
  const int n_digits = word(0);
  const int weight = word(1);
  if (word(2) != 0 && word(2) != kNegative) return 0;  // NaN and infinities
  Number value = 0;
  int power = weight;
  for (int i = 0; i < n_digits && 2 * (4 + static_cast<size_t>(i)) < cell.size(); ++i, --power) {
    if (power >= 0) {
      value = value * 10'000 + word(4 + static_cast<size_t>(i));
    } else if constexpr (std::is_floating_point_v<Number>) {
      value += word(4 + static_cast<size_t>(i)) * std::pow(10'000.0, power);
    }
  }
  for (; power >= 0; --power) value *= 10'000;  // zeros at the end are left out
  return word(2) == kNegative ? -value : value;
}

int64_t whole_part(double value) {
  constexpr double kLimit = 9'223'372'036'854'775'808.0;
  if (std::isnan(value)) return 0;
  if (value >= kLimit) return std::numeric_limits<int64_t>::max();
  return value < -kLimit ? std::numeric_limits<int64_t>::min() : static_cast<int64_t>(value);
}

}  // namespace

std::string integer_bytes(int64_t value) { return eight_bytes(static_cast<uint64_t>(value)); }

std::string real_bytes(double value) { return eight_bytes(std::bit_cast<uint64_t>(value)); }

int64_t integer_of(std::string_view cell, Oid type) {
  switch (type) {
    case kBoolType:
    case kInt2Type:
    case kInt4Type:
    case kInt8Type: return signed_of(cell);
    case kNumericType: return numeric_of<int64_t>(cell);
    case kFloat4Type:
    case kFloat8Type: return whole_part(real_of(cell, type));
    default: return to_integer(cell).value_or(0);
  }
}

double real_of(std::string_view cell, Oid type) {
  switch (type) {
    case kFloat8Type: return std::bit_cast<double>(bits_of(cell));
    case kFloat4Type: return std::bit_cast<float>(static_cast<uint32_t>(bits_of(cell)));
    case kNumericType: return numeric_of<double>(cell);
    case kBoolType:
    case kInt2Type:
    case kInt4Type:
    case kInt8Type: return static_cast<double>(signed_of(cell));
    default: return to_number(cell).value_or(0);
  }
}

bool is_number(Oid type) {
  return type == kBoolType || type == kInt2Type || type == kInt4Type || type == kInt8Type ||
         type == kFloat4Type || type == kFloat8Type || type == kNumericType;
}

}  // namespace slipway::db
