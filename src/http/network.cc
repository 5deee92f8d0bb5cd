#include "http/network.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.h"

namespace slipway::http {
namespace {

constexpr int kMappedBits = 96;  // those before the IPv4 address in ::ffff:a.b.c.d

Error no_address(std::string_view text) {
  return fail(
      Code::invalid_parameter_value,
      "'{}' is no numeric address such as 10.0.0.1 or ::1, nor a network such as 10.0.0.0/8", text);
}

bool is_mapped(const Address& address) {
  return std::all_of(address.begin(), address.begin() + 10, [](uint8_t b) { return b == 0; }) &&
         address[10] == 0xff && address[11] == 0xff;
}

Address mapped(const uint8_t* four) {
  Address out{};
  out[10] = out[11] = 0xff;
  std::copy(four, four + 4, out.begin() + 12);
  return out;
}

/// The IPv4 address within 6to4 and NAT64 addresses, else the address itself.
Address unwrapped(const Address& address) {
  static const Network kNat64 = *parse_network("64:ff9b::/96");
  if (address[0] == 0x20 && address[1] == 0x02) return mapped(address.data() + 2);
  return kNat64.contains(address) ? mapped(address.data() + 12) : address;
}

constexpr std::string_view kSpecial[] = {
    "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
};

}  // namespace

Result<Address> parse_address(std::string_view text) {
  const std::string plain(text.substr(0, text.find('%')));
  uint8_t bytes[16];
  if (inet_pton(AF_INET, plain.c_str(), bytes) == 1) return mapped(bytes);
  if (inet_pton(AF_INET6, plain.c_str(), bytes) != 1) return no_address(text);
  Address out{};
  std::copy(bytes, bytes + 16, out.begin());
  return out;
}

bool is_public(const Address& address) {
  static const std::vector<Network> kNetworks = [] {
    std::vector<Network> out;
    for (const auto text : kSpecial) out.push_back(*parse_network(text));
    return out;
  }();
  static const Network kGlobal = *parse_network("2000::/3");  // all of IPv6 that is given out
  static const Network kDocumentation = *parse_network("2001:db8::/32");
  static const Network kProtocols = *parse_network("2001::/23");
  static const Network kDocumentation2 = *parse_network("3fff::/20");
  const Address inner = unwrapped(address);
  if (is_mapped(inner)) {
    return std::none_of(kNetworks.begin(), kNetworks.end(),
                        [&](const Network& network) { return network.contains(inner); });
  }
  return kGlobal.contains(inner) && !kDocumentation.contains(inner) &&
         !kDocumentation2.contains(inner) && !kProtocols.contains(inner);
}

bool Network::contains(const Address& address) const {
  for (int bit = 0; bit < n_bits; bit += 8) {
    const auto at = static_cast<size_t>(bit / 8);
    const int n_compared = std::min(8, n_bits - bit);
    const auto mask = static_cast<uint8_t>(0xff << (8 - n_compared));
    if ((address[at] & mask) != (start[at] & mask)) return false;
  }
  return true;
}

Result<Network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  Network out;
  out.start = TRY(parse_address(text.substr(0, slash)));
  out.n_bits = 128;
  if (slash == text.npos) return out;
  const int before = is_mapped(out.start) ? kMappedBits : 0;
  const auto n_bits = to_integer(text.substr(slash + 1));
  if (!n_bits || *n_bits < 0 || *n_bits > 128 - before) return no_address(text);
  out.n_bits = before + static_cast<int>(*n_bits);
  return out;
}

}  // namespace slipway::http
