// http/error_response.h — an Error as MLflow's clients expect it on the wire.
#pragma once
#include "base/result.h"
#include "http/message.h"

namespace slipway::http {

/// Make {"error_code": …, "message": …} with the status that belongs to the code.
Response error_response(const Error& error);

}  // namespace slipway::http
