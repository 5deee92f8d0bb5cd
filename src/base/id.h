// base/id.h — identifiers that no one can guess, and digests.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace slipway {

/// Give `n_bytes` from the system's random source as lower-case hex (two digits a byte).
std::string random_hex(size_t n_bytes);

/// Give the SHA-256 of `bytes` as 64 lower-case hex digits (FIPS 180-4).
std::string sha256_hex(std::string_view bytes);

/// The same of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();
  void add(std::string_view bytes);
  /// The digest of all that was added; nothing may be added afterwards.
  std::string hex();

 private:
  void* context_;  // OpenSSL's
};

/// Give the 32 bytes of the HMAC-SHA-256 of `text` (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Folds bytes into a 64-bit digest as they come; for content digests, not for secrets.
/// Source   FNV-1a, 64 bits.
class Digest {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    }
  }
  /// 16 lower-case hex digits.
  std::string hex() const;

 private:
  uint64_t state_ = 0xCBF29CE484222325u;
};

}  // namespace slipway
