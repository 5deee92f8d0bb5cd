#include "base/id.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <array>

#include "base/result.h"

namespace slipway {
namespace {

std::string hex(const unsigned char* bytes, size_t n_bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(n_bytes * 2);
  for (size_t i = 0; i < n_bytes; ++i) {
    out += kHex[bytes[i] >> 4];
    out += kHex[bytes[i] & 15];
  }
  return out;
}

}  // namespace

std::string random_hex(size_t n_bytes) {
  std::array<unsigned char, 256> bytes{};
  check(n_bytes <= bytes.size(), "random_hex gives at most 256 bytes");
  check(getrandom(bytes.data(), n_bytes, 0) == static_cast<ssize_t>(n_bytes),
        "the system's random source gives what is asked");
  return hex(bytes.data(), n_bytes);
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return hex(digest.data(), digest.size());
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  auto* const context = static_cast<EVP_MD_CTX*>(context_);
  check(context && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1, "OpenSSL has SHA-256");
}

Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Sha256::add(std::string_view bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), nullptr);
  return slipway::hex(digest.data(), digest.size());
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> code{};
  unsigned int n_bytes = 0;
  const auto* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(), &n_bytes);
  check(made != nullptr && n_bytes == code.size(), "OpenSSL computes an HMAC");
  return {reinterpret_cast<const char*>(code.data()), code.size()};
}

std::string Digest::hex() const {
  unsigned char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<unsigned char>(state_ >> (56 - 8 * i));
  return slipway::hex(bytes, sizeof bytes);
}

}  // namespace slipway
