// files/aws_signature.h — addresses signed as Amazon S3 asks for (Signature Version 4, in the
// query).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::files {

struct AwsCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: none
};

/// A request to sign; all texts as they are, not percent-encoded.
struct AwsRequest {
  std::string method = "GET";
  std::string host;  // as the Host header will carry it
  std::string path;  // begins with '/'
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::pair<std::string, std::string>> headers;  // lower case, besides host
};

/// Give the encoded path and query of an address that may be used for `seconds` from `time_ms` on,
/// with any body.
/// Source   "Authenticating Requests: Using Query Parameters", Amazon S3 API Reference; the example
///          there is the test.
std::string aws_signed_target(const AwsRequest& request, const AwsCredentials& credentials,
                              std::string_view region, int64_t time_ms, int64_t seconds);

}  // namespace slipway::files
