// serve/standalone.h — one model folder behind MLflow's scoring routes.
#pragma once
#include <memory>
#include <string>

#include "http/server.h"
#include "models/model.h"

namespace slipway::serve {

/// Answer MLflow's POST /invocations, GET /ping, /health and /version, and the Open Inference
/// Protocol's /v2, for one model; `name` is what it is called there.
http::Handler standalone_handler(std::shared_ptr<const models::Model> model, std::string name);

}  // namespace slipway::serve
