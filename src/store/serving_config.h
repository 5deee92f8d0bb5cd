// store/serving_config.h — the config of a serving endpoint: its checks, and the text it is kept
// in.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/serving_endpoints.h"

namespace slipway::store {

/// Fill in the names and routes that are left out, and check all: see update_serving_config().
Result<void> complete_config(ServingRequest& request);

/// Refuse an endpoint's name that is not 1 to 63 letters, digits, dashes and underscores, with a
/// letter or digit first.
Result<void> check_endpoint_name(std::string_view name);

/// Write a config as one JSON object, and read it back; "" is none.
std::string config_text(const ServingConfig& config);
/// Errors   data_loss: the text is not what config_text() writes.
Result<std::optional<ServingConfig>> read_config(std::string_view text);

}  // namespace slipway::store
