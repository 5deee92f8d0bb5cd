// api/server.h — the whole REST surface as one handler: routing, who may, errors.
#pragma once
#include "api/workspace.h"
#include "http/server.h"

namespace slipway::api {

/// Make the handler that answers every request for `workspace`, which must outlive it.
///
/// In order: the Host header (403), a foreign Origin on anything that changes something (403), the
/// route (404, 405), who the caller is (401, 429), the body's type (400), whether they may (403),
/// the handler. Whatever slips
/// out of a handler becomes a 500 that tells nothing. Safe from any thread.
/// Source   status, order and texts as observed on mlflow 3.17.2.
http::Handler make_handler(Workspace& workspace);

}  // namespace slipway::api
