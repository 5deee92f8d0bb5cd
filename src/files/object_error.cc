#include "files/object_error.h"

#include <arrow/status.h>
#include <arrow/util/io_util.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "base/text.h"

namespace slipway::files {
namespace {

// The words by which the stores' libraries and answers say it.
constexpr std::array<std::string_view, 11> kRefused = {
    "access_denied",   "accessdenied",     "invalid_access_key",   "invalidaccesskeyid",
    "signature_does",  "signaturedoesnot", "authenticationfailed", "authorization",
    "http status 403", "forbidden",        "unauthorized"};
constexpr std::array<std::string_view, 7> kFull = {
    "quotaexceeded",   "insufficientstorage", "storagefull",         "storage_full",
    "http status 507", "entitytoolarge",      "accountlimitexceeded"};
constexpr std::array<std::string_view, 3> kNoBucket = {"no_such_bucket", "nosuchbucket",
                                                       "containernotfound"};
constexpr std::array<std::string_view, 12> kAway = {
    "network_connection", "connection", "timeout",  "timed out",           "curlcode",
    "curl error",         "slow_down",  "slowdown", "service_unavailable", "serverbusy",
    "http status 503",    "transport"};

template <size_t n>
bool says(std::string_view text, const std::array<std::string_view, n>& words) {
  return std::ranges::any_of(words, [&](auto word) { return text.find(word) != text.npos; });
}

Error in_our_words(std::string_view text, std::string_view doing, std::string_view what,
                   std::string_view title) {
  const auto small = lower(text);
  const auto words = text.substr(0, 400);
  // first, since some stores say it with the status of a refusal
  if (says(small, kFull)) {
    return fail(Code::temporarily_unavailable, "cannot {} '{}': {} is full ({})", doing, what,
                title, words);
  }
  if (says(small, kRefused)) {
    return fail(Code::permission_denied,
                "cannot {} '{}': {} refuses this server's credentials; check the AWS_… or AZURE_… "
                "variables that it was started with ({})",
                doing, what, title, words);
  }
  if (says(small, kNoBucket)) {
    return fail(Code::resource_does_not_exist,
                "cannot {} '{}': there is no {}; make it, or correct --artifacts", doing, what,
                title);
  }
  if (says(small, kAway)) {
    return fail(Code::temporarily_unavailable, "cannot {} '{}': {} does not answer ({})", doing,
                what, title, words);
  }
  return fail(Code::internal_error, "cannot {} '{}' in {}: {}", doing, what, title, words);
}

}  // namespace

Error object_error(const arrow::Status& status, std::string_view doing, std::string_view what,
                   std::string_view title) {
  if (arrow::internal::ErrnoFromStatus(status) == ENOENT) {
    return fail(Code::resource_does_not_exist, "No such artifact: '{}'", what);
  }
  return in_our_words(status.message(), doing, what, title);
}

Error object_answer_error(int status, std::string_view body, std::string_view doing,
                          std::string_view what, std::string_view title) {
  const auto text = fmt::format("HTTP status {}: {}", status, body);
  auto error = in_our_words(text, doing, what, title);
  if (error.code != Code::internal_error) return error;
  if (status == 404) error.code = Code::resource_does_not_exist;
  if (status == 400) error.code = Code::invalid_parameter_value;
  return error;
}

}  // namespace slipway::files
