#include "api/webhook_call.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"

namespace slipway::api {
namespace {

constexpr int kWaitMs = 10'000;
constexpr int kWholeMs = 20'000;
constexpr uint64_t kMaxAnswerBytes = 64 * 1024;

template <typename... Args>
Error invalid(fmt::format_string<Args...> format, Args&&... args) {
  return Error{Code::invalid_parameter_value, fmt::format(format, std::forward<Args>(args)...)};
}

bool names_host(const WebhookPolicy& policy, std::string_view host) {
  return std::find(policy.hosts.begin(), policy.hosts.end(), lower(host)) != policy.hosts.end();
}

bool is_allowed(const WebhookPolicy& policy, const http::Address& address) {
  return std::any_of(policy.networks.begin(), policy.networks.end(),
                     [&](const http::Network& network) { return network.contains(address); });
}

/// Whether a connection to a numeric address may be made for `url`.
bool admits(const WebhookPolicy& policy, const http::Url& url, const std::string& text) {
  const auto address = http::parse_address(text);
  if (!address.ok()) return false;
  if (names_host(policy, url.host) || is_allowed(policy, *address)) return true;
  return url.scheme == "https" && http::is_public(*address);
}

Result<std::vector<std::string>> addresses_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int problem = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (problem != 0) {
    return invalid("Cannot resolve Webhook URL hostname '{}': {}", host, ::gai_strerror(problem));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, ::freeaddrinfo);
  std::vector<std::string> out;
  for (const auto* entry = found; entry; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    const int failed = ::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr,
                                     0, NI_NUMERICHOST);
    if (failed == 0) out.emplace_back(text);
  }
  return out;
}

/// The path and query of a URL; a fragment is not sent.
void put_target(std::string_view url, http::Request& request) {
  const auto start = url.find("://") + 3;
  const auto rest = url.substr(std::min(url.find_first_of("/?#", start), url.size()));
  const auto target = rest.substr(0, rest.find('#'));
  const auto question = std::min(target.find('?'), target.size());
  request.path = question == 0 ? "/" : std::string(target.substr(0, question));
  request.query = target.substr(std::min(question + 1, target.size()));
}

Result<http::Url> host_of(std::string_view url) {
  http::Url parsed = TRY(http::parse_url(url.substr(0, url.find_first_of("?#"))));
  parsed.path.clear();  // it goes into the request
  return parsed;
}

}  // namespace

Result<void> allow(WebhookPolicy& policy, std::string_view text) {
  const auto network = http::parse_network(text);
  if (network.ok()) {
    policy.networks.push_back(*network);
    return {};
  }
  const bool is_name = !text.empty() && text.find_first_of("/:@ \t") == text.npos;
  if (!is_name) return network.error();
  policy.hosts.push_back(lower(text));
  return {};
}

Result<void> check_webhook_url(const WebhookPolicy& policy, const std::string& url) {
  if (trim(url).empty()) {
    return invalid("Webhook URL cannot be empty or just whitespace: '{}'", url);
  }
  const auto end = url.find("://");
  const auto brackets =
      std::count(url.begin(), url.end(), '[') - std::count(url.begin(), url.end(), ']');
  if (brackets != 0) return invalid("Invalid webhook URL '{}': an IPv6 address has no end", url);
  const auto scheme = lower(std::string_view(url).substr(0, end == url.npos ? 0 : end));
  if (scheme != "https" && scheme != "http") {
    return invalid("Invalid webhook URL scheme: '{}'. Allowed schemes are: https.", scheme);
  }
  const auto parsed = host_of(url);
  const bool plain = std::all_of(
      url.begin(), url.end(), [](char c) { return c > 0x20 && static_cast<signed char>(c) > 0; });
  if (!parsed.ok() || parsed->host.empty() || !plain) {
    return invalid("Invalid webhook URL '{}': it must include a hostname", url);
  }
  const auto addresses = TRY(addresses_of(parsed->host));
  for (const std::string& address : addresses) {
    if (admits(policy, *parsed, address)) continue;
    const auto read = http::parse_address(address);
    if (scheme == "http" && read.ok() && http::is_public(*read)) {
      return invalid("Invalid webhook URL scheme: 'http'. Allowed schemes are: https.");
    }
    return invalid("Webhook URL must not resolve to a non-public IP address. '{}' resolves to {}.",
                   parsed->host, address);
  }
  return {};
}

Result<http::Response> send_webhook(const WebhookPolicy& policy, const WebhookMessage& message) {
  const auto url = TRY(host_of(message.url));
  http::Caution caution;
  caution.admits = [&](const std::string& address) { return admits(policy, url, address); };
  caution.max_answer_bytes = kMaxAnswerBytes;
  caution.max_total_ms = kWholeMs;
  const auto client = TRY(http::Client::make(url, kWaitMs, {}, caution));
  http::Request request;
  request.method = "POST";
  put_target(message.url, request);
  request.body = message.body;
  const auto timestamp = std::to_string(now_ms() / 1000);
  request.headers.add("Content-Type", "application/json");
  request.headers.add("User-Agent", "slipway");
  request.headers.add("X-MLflow-Delivery-Id", message.delivery_id);
  request.headers.add("X-MLflow-Timestamp", timestamp);
  if (!message.secret.empty()) {
    const auto code = hmac_sha256(
        message.secret, fmt::format("{}.{}.{}", message.delivery_id, timestamp, message.body));
    request.headers.add("X-MLflow-Signature", "v1," + base64_encode(code));
  }
  return client->send(request);
}

}  // namespace slipway::api
