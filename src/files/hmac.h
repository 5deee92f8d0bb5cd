// files/hmac.h — the keyed digest that object stores' signatures are made of.
#pragma once
#include <string>
#include <string_view>

namespace slipway::files {

/// Give the 32 bytes of HMAC-SHA-256 (RFC 2104, FIPS 180-4).
std::string hmac_sha256(std::string_view key, std::string_view bytes);

}  // namespace slipway::files
