// api/keeping.h — where a scoring request and its answer are kept, and whose they are.
#pragma once
#include "api/call.h"
#include "api/workspace.h"
#include "serve/gated.h"

namespace slipway::api {

/// Valid as long as the call.
inline serve::Keeping keeping_of(const Call& call, const Workspace& workspace) {
  return {workspace.payloads, call.principal().user_id};
}

}  // namespace slipway::api
