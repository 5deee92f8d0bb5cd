// serve/standalone.h — one model folder behind MLflow's scoring routes.
#pragma once
#include <memory>

#include "http/server.h"
#include "models/model.h"

namespace slipway::serve {

/// Answer POST /invocations, and GET /ping, /health and /version, for one model.
http::Handler standalone_handler(std::shared_ptr<const models::Model> model);

}  // namespace slipway::serve
