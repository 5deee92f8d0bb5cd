// serve/gated.h — a scoring request through the gate of its version.
#pragma once
#include "http/message.h"
#include "serve/endpoints.h"

namespace slipway::serve {

/// As invoke() and infer(), where the version has room; else 429 with Retry-After, after a short
/// wait in its queue.
http::Response invoke_gated(const Serving& serving, const http::Request& request);
http::Response infer_gated(const Serving& serving, const http::Request& request);

}  // namespace slipway::serve
