#include "api/caller.h"

#include <arpa/inet.h>

#include <optional>

#include "base/text.h"

namespace slipway::api {
namespace {

// The host of `host`, `host:port` or `[v6]:port`; nothing where it is none of these.
std::optional<std::string> without_port(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == host.npos) return std::nullopt;
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
  } else {
    const auto colon = std::min(host.find(':'), host.size());
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (!port.empty() && !port.starts_with(':')) return std::nullopt;
  if (host.empty() ||
      port.substr(std::min<size_t>(1, port.size())).find_first_not_of("0123456789") != port.npos) {
    return std::nullopt;
  }
  return lower(host);
}

bool is_private_v4(const in_addr& address) {
  const uint32_t bits = ntohl(address.s_addr);
  const uint32_t top = bits >> 24;
  return bits == 0 || top == 127 || top == 10 || bits >> 20 == 0xAC1 || bits >> 16 == 0xC0A8;
}

bool is_private_v6(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address)) return true;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    in_addr mapped{};
    std::copy(address.s6_addr + 12, address.s6_addr + 16,
              reinterpret_cast<uint8_t*>(&mapped.s_addr));
    return is_private_v4(mapped);
  }
  return (address.s6_addr[0] & 0xFE) == 0xFC;  // fc00::/7
}

bool is_local_or_private(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return is_private_v4(v4);
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && is_private_v6(v6);
}

bool is_listed(std::string_view host, std::string_view name,
               const std::vector<std::string>& allowed_hosts) {
  for (const auto& entry : allowed_hosts) {
    const auto allowed = lower(entry);
    if (allowed == "*" || allowed == host || allowed == name) return true;
    if (allowed.starts_with("*.") && name.ends_with(std::string_view(allowed).substr(1)) &&
        name.size() >= allowed.size()) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool is_own_host(std::string_view host, const std::vector<std::string>& allowed_hosts) {
  const auto name = without_port(host);
  return name && (is_local_or_private(*name) || is_listed(lower(host), *name, allowed_hosts));
}

bool is_own_origin(std::string_view origin, std::string_view host,
                   const std::vector<std::string>& allowed_hosts) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!origin.starts_with(scheme)) continue;
    const auto address = lower(origin.substr(scheme.size()));
    const auto name = without_port(address);
    if (!name) return false;
    return address == lower(host) || *name == "localhost" || *name == "127.0.0.1" ||
           *name == "::1" || is_listed(address, *name, allowed_hosts);
  }
  return false;
}

}  // namespace slipway::api
