// files/s3.h — Amazon S3 and what speaks its protocol, as a place for artifacts.
#pragma once
#include <string_view>

#include "base/result.h"
#include "files/object_store.h"

namespace slipway::files {

/// Connect to `s3://BUCKET/PREFIX?OPTIONS`. Options are Arrow's (region, scheme, endpoint_override,
/// …); credentials come from the environment, files and services that AWS's own tools ask.
/// Errors   invalid_parameter_value: an option is unknown or wrong; unauthenticated: no credentials
///          are found.
Result<ObjectPlace> open_s3(std::string_view uri);

}  // namespace slipway::files
