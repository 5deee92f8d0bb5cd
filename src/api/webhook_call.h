// api/webhook_call.h — one signed POST to a webhook, to none but those it may reach.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/client.h"
#include "http/message.h"
#include "http/network.h"

namespace slipway::api {

/// Which machines webhooks may reach besides those of the public internet over https: by name or
/// by network. Those may be private ones, and may be spoken to in plain http.
struct WebhookPolicy {
  std::vector<std::string> hosts;  // in lower case
  std::vector<http::Network> networks;
};

/// Read a host's name, an address, or a network such as 10.0.0.0/8, into the policy.
/// Errors   invalid_parameter_value: none of these.
Result<void> allow(WebhookPolicy& policy, std::string_view text);

/// Refuse a URL that no delivery will reach: another scheme than https, no host, a host that is not
/// found, or one with an address that is neither public nor allowed. A delivery asks again.
/// Errors   invalid_parameter_value.
Result<void> check_webhook_url(const WebhookPolicy& policy, const std::string& url);

/// What is sent, and to whom. `secret` empty: unsigned.
struct WebhookMessage {
  std::string url;
  std::string secret;
  std::string delivery_id;
  std::string body;
};

/// Send a message once. No redirect is followed; the answer is read up to 64 KiB.
///
/// Source   headers and signature as mlflow 3.17.2's: X-MLflow-Delivery-Id, X-MLflow-Timestamp
///          (seconds), and X-MLflow-Signature, `v1,` with the base64 of the HMAC-SHA-256 of
///          `delivery_id.timestamp.body` under the secret.
/// Errors   permission_denied: the host has no address that may be reached, as resolved for this
///          connection; otherwise as http::Client.
Result<http::Response> send_webhook(const WebhookPolicy& policy, const WebhookMessage& message);

}  // namespace slipway::api
