#include "http/error_response.h"

#include "base/json.h"
#include "base/text.h"

namespace slipway::http {
namespace {

Code code_of_status(int status) {
  switch (status) {
    case 400: return Code::bad_request;
    case 401: return Code::unauthenticated;
    case 403: return Code::permission_denied;
    case 404: return Code::endpoint_not_found;
    case 409: return Code::resource_conflict;
    case 413: return Code::request_too_large;
    case 429: return Code::request_limit_exceeded;
    case 501: return Code::not_implemented;
    case 503: return Code::temporarily_unavailable;
    case 408:
    case 504: return Code::deadline_exceeded;
    default: return Code::internal_error;
  }
}

}  // namespace

Response error_response(const Error& error, int status) {
  std::string body = "{\"error_code\": ";
  append_quoted(body, code_name(error.code));
  body += ", \"message\": ";
  append_quoted(body, is_utf8(error.message) ? error.message : percent_encode(error.message));
  body += "}";
  return respond(status == 0 ? http_status(error.code) : status, std::move(body),
                 "application/json");
}

Error error_of(const Response& response) {
  if (const auto json = parse_json(response.body); json.ok()) {
    const auto code = text_member(*json, "error_code");
    const auto message = text_member(*json, "message");
    if (code.ok()) {
      auto ours = code_from_name(*code);
      if (code_name(ours) != *code) ours = code_of_status(response.status);
      return Error{ours, message.ok() ? *message : *code};
    }
  }
  constexpr size_t kQuoted = 200;
  return fail(code_of_status(response.status), "the server answered {} {}: {}", response.status,
              reason(response.status), trim(std::string_view(response.body).substr(0, kQuoted)));
}

}  // namespace slipway::http
