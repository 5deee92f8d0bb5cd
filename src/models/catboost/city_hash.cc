// CityHash64, version 1 (Pike and Alakuijala, 2011), as CatBoost hashes categories by it.
#include <bit>
#include <cstring>
#include <utility>

#include "models/catboost/parts.h"

namespace slipway::models::catboost {
namespace {

constexpr uint64_t kA = 0xc3a5c85c97cb3127;
constexpr uint64_t kB = 0xb492b66fbe98f273;
constexpr uint64_t kC = 0x9ae16a3b2f90404f;
constexpr uint64_t kD = 0xc949d7c7509e6557;

template <typename T>
uint64_t load(const char* from) {
  T out;
  std::memcpy(&out, from, sizeof out);
  return out;
}

uint64_t word(const char* from) { return load<uint64_t>(from); }

uint64_t folded(uint64_t x) { return x ^ (x >> 47); }

uint64_t mixed(uint64_t u, uint64_t v) {
  constexpr uint64_t kMultiplier = 0x9ddfea08eb382d69;
  const uint64_t a = folded((u ^ v) * kMultiplier);
  return folded((v ^ a) * kMultiplier) * kMultiplier;
}

uint64_t up_to_16(const char* s, size_t n) {
  if (n > 8) {
    const uint64_t b = word(s + n - 8);
    return mixed(word(s), std::rotr(b + n, static_cast<int>(n))) ^ b;
  }
  if (n >= 4) return mixed(n + (load<uint32_t>(s) << 3), load<uint32_t>(s + n - 4));
  if (n == 0) return kC;
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(s[i])); };
  const uint32_t y = byte(0) + (byte(n >> 1) << 8);
  const uint32_t z = static_cast<uint32_t>(n) + (byte(n - 1) << 2);
  return folded((y * kC) ^ (z * kD)) * kC;
}

uint64_t up_to_32(const char* s, size_t n) {
  const uint64_t a = word(s) * kB;
  const uint64_t b = word(s + 8);
  const uint64_t c = word(s + n - 8) * kC;
  const uint64_t d = word(s + n - 16) * kA;
  return mixed(std::rotr(a - b, 43) + std::rotr(c, 30) + d, a + std::rotr(b ^ kD, 20) - c + n);
}

using Pair = std::pair<uint64_t, uint64_t>;

// Of 32 bytes that begin at `s`, the third and fourth word may be another's.
Pair half(const char* s, uint64_t a, uint64_t last) {
  const uint64_t z = last;
  uint64_t b = std::rotr(a + z, 52);
  uint64_t c = std::rotr(a, 37);
  a += word(s + 8);
  c += std::rotr(a, 7);
  a += word(s + 16);
  b += std::rotr(a, 31) + c;
  return {a + z, b};
}

uint64_t up_to_64(const char* s, size_t n) {
  const auto v = half(s, word(s) + (n + word(s + n - 16)) * kA, word(s + 24));
  const auto w = half(s + n - 32, word(s + 16) + word(s + n - 32), word(s + n - 8));
  const uint64_t r = folded((v.first + w.second) * kC + (w.first + v.second) * kA);
  return folded(r * kA + v.second) * kC;
}

Pair weak(const char* s, uint64_t a, uint64_t b) {
  a += word(s);
  b = std::rotr(b + a + word(s + 24), 21);
  const uint64_t c = a;
  a += word(s + 8) + word(s + 16);
  b += std::rotr(a, 44);
  return {a + word(s + 24), b + c};
}

}  // namespace

uint64_t city_hash(std::string_view text) {
  const char* s = text.data();
  const size_t n = text.size();
  if (n <= 16) return up_to_16(s, n);
  if (n <= 32) return up_to_32(s, n);
  if (n <= 64) return up_to_64(s, n);
  uint64_t x = word(s);
  uint64_t y = word(s + n - 16) ^ kB;
  uint64_t z = word(s + n - 56) ^ kA;
  auto v = weak(s + n - 64, n, y);
  auto w = weak(s + n - 32, n * kB, kA);
  z += folded(v.second) * kB;
  x = std::rotr(z + x, 39) * kB;
  y = std::rotr(y, 33) * kB;
  for (size_t left = (n - 1) / 64; left > 0; --left, s += 64) {
    x = std::rotr(x + y + v.first + word(s + 16), 37) * kB;
    y = std::rotr(y + v.second + word(s + 48), 42) * kB;
    x ^= w.second;
    y ^= v.first;
    z = std::rotr(z ^ w.first, 33);
    v = weak(s, v.second * kB, x + w.first);
    w = weak(s + 32, z + w.second, y);
    std::swap(z, x);
  }
  return mixed(mixed(v.first, w.first) + folded(y) * kB + z, mixed(v.second, w.second) + x);
}

}  // namespace slipway::models::catboost
