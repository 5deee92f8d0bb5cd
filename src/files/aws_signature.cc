#include "files/aws_signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/id.h"
#include "base/text.h"
#include "files/hmac.h"

namespace slipway::files {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string utc(int64_t time_ms, const char* format) {
  const auto seconds = static_cast<time_t>(time_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, format, &parts));
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

// Names and values encoded and in the order of the encoded names.
std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : query) {
    parts.push_back(percent_encode(name) + "=" + percent_encode(value));
  }
  std::sort(parts.begin(), parts.end());
  return join(parts, "&");
}

}  // namespace

std::string aws_signed_target(const AwsRequest& request, const AwsCredentials& credentials,
                              std::string_view region, int64_t time_ms, int64_t seconds) {
  auto headers = request.headers;
  headers.emplace_back("host", request.host);
  std::sort(headers.begin(), headers.end());
  std::string header_lines;
  std::vector<std::string> header_names;
  for (const auto& [name, value] : headers) {
    header_lines += fmt::format("{}:{}\n", name, trim(value));
    header_names.push_back(name);
  }
  const auto signed_headers = join(header_names, ";");
  const auto date = utc(time_ms, "%Y%m%d");
  const auto timestamp = utc(time_ms, "%Y%m%dT%H%M%SZ");
  const auto scope = fmt::format("{}/{}/s3/aws4_request", date, region);
  auto query = request.query;
  query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  query.emplace_back("X-Amz-Credential", credentials.access_key + "/" + scope);
  query.emplace_back("X-Amz-Date", timestamp);
  query.emplace_back("X-Amz-Expires", std::to_string(seconds));
  query.emplace_back("X-Amz-SignedHeaders", signed_headers);
  if (!credentials.session_token.empty()) {
    query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  const auto path = percent_encode(request.path, Slash::keep);
  const auto query_text = canonical_query(query);
  const auto canonical = fmt::format("{}\n{}\n{}\n{}\n{}\nUNSIGNED-PAYLOAD", request.method, path,
                                     query_text, header_lines, signed_headers);
  const auto to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, timestamp, scope, sha256_hex(canonical));
  auto key = hmac_sha256("AWS4" + credentials.secret_key, date);
  for (const std::string_view part :
       {region, std::string_view("s3"), std::string_view("aws4_request")}) {
    key = hmac_sha256(key, part);
  }
  return fmt::format("{}?{}&X-Amz-Signature={}", path, query_text, hex(hmac_sha256(key, to_sign)));
}

}  // namespace slipway::files
