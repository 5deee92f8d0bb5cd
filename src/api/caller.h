// api/caller.h — whether a request may come from where it says.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slipway::api {

/// Tell whether a Host header names this server: localhost, a loopback or private address, or one
/// of `allowed_hosts`. A page elsewhere can point its own name at this address, but cannot forge
/// the header.
bool is_own_host(std::string_view host, const std::vector<std::string>& allowed_hosts);

/// Tell whether a request that changes something may come from a page of `origin`: one of
/// localhost, of the host that was asked itself, or of `allowed_hosts`.
bool is_own_origin(std::string_view origin, std::string_view host,
                   const std::vector<std::string>& allowed_hosts);

}  // namespace slipway::api
