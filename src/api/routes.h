// api/routes.h — every resource's route table.
#pragma once
#include <span>
#include <vector>

#include "api/route.h"

namespace slipway::api {

std::span<const Route> about_routes();
std::span<const Route> access_routes();
std::span<const Route> artifact_routes();
std::span<const Route> artifact_proxy_routes();
std::span<const Route> endpoint_routes();
std::span<const Route> experiment_routes();
std::span<const Route> gc_routes();
std::span<const Route> inference_routes();
std::span<const Route> invocation_routes();
std::span<const Route> logged_model_routes();
std::span<const Route> metric_routes();
std::span<const Route> model_version_routes();
std::span<const Route> page_routes();
std::span<const Route> prometheus_routes();
std::span<const Route> registered_model_routes();
std::span<const Route> role_routes();
std::span<const Route> run_data_routes();
std::span<const Route> run_input_routes();
std::span<const Route> run_routes();
std::span<const Route> serving_endpoint_routes();
std::span<const Route> token_routes();
std::span<const Route> user_routes();
std::span<const Route> webhook_routes();

/// All rows of all tables.
std::vector<const Route*> all_routes();

}  // namespace slipway::api
