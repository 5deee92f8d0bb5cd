#include "files/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/result.h"

namespace slipway::files {

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned int size = 0;
  const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                          reinterpret_cast<unsigned char*>(digest.data()), &size);
  check(made != nullptr && size == digest.size(), "OpenSSL has HMAC-SHA-256");
  return digest;
}

}  // namespace slipway::files
