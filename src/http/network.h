// http/network.h — which machines an address or a network means, and whether all the world may.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::http {

/// An address as 16 bytes; one of IPv4 is held as ::ffff:a.b.c.d.
using Address = std::array<uint8_t, 16>;

/// Read a numeric address, such as 10.0.0.1, ::1 or fe80::1%eth0.
/// Errors   invalid_parameter_value: a name, or no address.
Result<Address> parse_address(std::string_view text);

/// Tell whether an address is one of the public internet's: not private, loopback, link-local,
/// shared, multicast, reserved or for documentation, also where an IPv6 address holds an IPv4 one.
/// Source   the IANA special-purpose address registries (RFC 6890 and its updates).
bool is_public(const Address& address);

/// Addresses with a common beginning.
struct Network {
  Address start{};
  int n_bits = 0;  // of the 128

  bool contains(const Address& address) const;
};

/// Read `10.0.0.0/8`, `fd00::/8` or a single address. Errors as parse_address.
Result<Network> parse_network(std::string_view text);

}  // namespace slipway::http
