#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace slipway {
namespace {

struct CodeRow {
  Code code;
  std::string_view name;
  int status;
};

constexpr CodeRow kCodes[] = {
    {Code::invalid_parameter_value, "INVALID_PARAMETER_VALUE", 400},
    {Code::bad_request, "BAD_REQUEST", 400},
    {Code::resource_already_exists, "RESOURCE_ALREADY_EXISTS", 400},
    {Code::unauthenticated, "UNAUTHENTICATED", 401},
    {Code::permission_denied, "PERMISSION_DENIED", 403},
    {Code::resource_does_not_exist, "RESOURCE_DOES_NOT_EXIST", 404},
    {Code::endpoint_not_found, "ENDPOINT_NOT_FOUND", 404},
    {Code::aborted, "ABORTED", 409},
    {Code::resource_conflict, "RESOURCE_CONFLICT", 409},
    {Code::request_limit_exceeded, "REQUEST_LIMIT_EXCEEDED", 429},
    {Code::resource_exhausted, "RESOURCE_EXHAUSTED", 429},
    {Code::request_too_large, "REQUEST_TOO_LARGE", 413},
    {Code::cancelled, "CANCELLED", 499},
    {Code::invalid_state, "INVALID_STATE", 500},
    {Code::data_loss, "DATA_LOSS", 500},
    {Code::internal_error, "INTERNAL_ERROR", 500},
    {Code::not_implemented, "NOT_IMPLEMENTED", 501},
    {Code::temporarily_unavailable, "TEMPORARILY_UNAVAILABLE", 503},
    {Code::deadline_exceeded, "DEADLINE_EXCEEDED", 504},
};

const CodeRow& row(Code code) {
  for (const auto& entry : kCodes) {
    if (entry.code == code) return entry;
  }
  std::abort();
}

}  // namespace

std::string_view code_name(Code code) { return row(code).name; }

int http_status(Code code) { return row(code).status; }

Code code_from_name(std::string_view name) {
  for (const auto& entry : kCodes) {
    if (entry.name == name) return entry.code;
  }
  return Code::internal_error;
}

void check(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "slipway: broken invariant: %.*s\n", static_cast<int>(what.size()),
               what.data());
  std::abort();
}

}  // namespace slipway
