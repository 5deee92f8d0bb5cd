// http/error_response.h — an Error as MLflow's clients expect it on the wire, and back.
#pragma once
#include "base/result.h"
#include "http/message.h"

namespace slipway::http {

/// Make the answer to a failed request in MLflow's form, {"error_code": …, "message": …}.
/// status   0: that of the code.
Response error_response(const Error& error, int status = 0);

/// Undo error_response(): what a server's answer of status 400 or more says. A body that is not in
/// that form gives a code by the status and a message that quotes the beginning of the body.
Error error_of(const Response& response);

}  // namespace slipway::http
