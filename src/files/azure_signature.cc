#include "files/azure_signature.h"

#include <fmt/format.h>

#include <ctime>

#include "base/text.h"
#include "files/hmac.h"

namespace slipway::files {
namespace {

constexpr std::string_view kVersion = "2021-12-02";

std::string utc(int64_t time_ms) {
  const auto seconds = static_cast<time_t>(time_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

}  // namespace

Result<std::string> azure_signed_query(const BlobGrant& grant, std::string_view account_key) {
  const auto key = base64_decode(account_key);
  if (!key) return fail(Code::invalid_parameter_value, "the Azure account key is not base64");
  const auto expiry = utc(grant.expiry_ms);
  // start, identifier, address, protocol, snapshot, scope and the other headers stay empty
  const auto to_sign = fmt::format("{}\n\n{}\n/blob/{}/{}/{}\n\n\n\n{}\nb\n\n\n\n{}\n\n\n",
                                   grant.permissions, expiry, grant.account, grant.container,
                                   grant.blob, kVersion, grant.content_disposition);
  const auto signature = base64_encode(hmac_sha256(*key, to_sign));
  auto query =
      fmt::format("sv={}&sr=b&sp={}&se={}", kVersion, grant.permissions, percent_encode(expiry));
  if (!grant.content_disposition.empty()) {
    query += "&rscd=" + percent_encode(grant.content_disposition);
  }
  return query + "&sig=" + percent_encode(signature);
}

}  // namespace slipway::files
