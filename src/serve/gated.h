// serve/gated.h — a scoring request through the gate of its version.
#pragma once
#include <string_view>

#include "http/message.h"
#include "serve/endpoints.h"
#include "serve/payload_log.h"

namespace slipway::serve {

/// Where requests and answers are kept, and whose they are.
struct Keeping {
  PayloadLog* log = nullptr;  // null: nowhere
  std::string_view user;      // "" = nobody in particular
};

/// As invoke() and infer(), where the version has room; else 429 with Retry-After, after a short
/// wait in its queue. Kept, whatever the answer.
http::Response invoke_gated(const Serving& serving, const http::Request& request,
                            const Keeping& keeping);
http::Response infer_gated(const Serving& serving, const http::Request& request,
                           const Keeping& keeping);

}  // namespace slipway::serve
