// api/caller.h — who is asking, and whether the request may come from where it says.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "api/route.h"
#include "api/workspace.h"
#include "base/result.h"
#include "http/message.h"

namespace slipway::api {

/// Tell whether a Host header names this server: localhost, a loopback or private address, or one
/// of `allowed_hosts`. A page elsewhere can point its own name at this address, but cannot forge
/// the header.
bool is_own_host(std::string_view host, const std::vector<std::string>& allowed_hosts);

/// Tell whether a request that changes something may come from a page of `origin`: one of
/// localhost, of the host that was asked itself, or of `allowed_hosts`.
bool is_own_origin(std::string_view origin, std::string_view host,
                   const std::vector<std::string>& allowed_hosts);

/// Find out who makes a request from its Authorization header: `Bearer TOKEN`, or Basic with the
/// user `token` and the token as password.
///
/// Errors   unauthenticated: no token where one is needed, or one that is unknown or expired.
Result<Principal> identify(const http::Request& request, Needs needs, Workspace& workspace);

}  // namespace slipway::api
