#include "http/error_response.h"

#include "base/json.h"

namespace slipway::http {

Response error_response(const Error& error) {
  std::string body = "{\"error_code\": ";
  append_quoted(body, code_name(error.code));
  body += ", \"message\": ";
  append_quoted(body, error.message);
  body += "}";
  return respond(http_status(error.code), std::move(body), "application/json");
}

}  // namespace slipway::http
