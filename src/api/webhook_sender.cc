#include "api/webhook_sender.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::api {
namespace {

constexpr int kThreads = 2;
constexpr auto kPause = std::chrono::milliseconds(500);
constexpr int64_t kLeaseMs = 60'000;  // longer than any call
constexpr int64_t kMaxAttempts = 8;
constexpr int64_t kMaxBackoffMs = 60'000;

bool may_pass(int status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

int64_t backoff_ms(int64_t n_attempts, const Result<http::Response>& answer) {
  int64_t pause_ms = std::min<int64_t>(1000 << std::min<int64_t>(n_attempts, 10), kMaxBackoffMs);
  const auto* asked = answer.ok() ? answer->headers.find("Retry-After") : nullptr;
  const auto seconds = asked ? to_integer(trim(*asked)) : std::nullopt;
  if (seconds && *seconds >= 0) pause_ms = std::min(*seconds, kMaxBackoffMs / 1000) * 1000;
  return pause_ms;
}

}  // namespace

WebhookSender::WebhookSender(store::Store& store, const WebhookPolicy& policy)
    : store_(store), policy_(policy) {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { run(); });
}

WebhookSender::~WebhookSender() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void WebhookSender::run() {
  while (wait()) {
    while (send_next()) {
      const std::scoped_lock lock(mutex_);
      if (stopping_) return;
    }
  }
}

bool WebhookSender::wait() {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, kPause, [this] { return stopping_; });
}

bool WebhookSender::send_next() {
  const auto& secrets = store_.secrets();
  const auto due =
      store_.read([&](db::Connection& c) { return store::has_due_delivery(c, secrets, now_ms()); });
  if (!due.ok() || !*due) return false;
  const auto taken = store_.write(
      [&](db::Connection& c) { return store::take_delivery(c, secrets, now_ms(), kLeaseMs); });
  if (!taken.ok() || !*taken) return false;
  const store::Delivery& delivery = **taken;
  const auto secret = store::secret_of(delivery, secrets);
  if (!secret.ok()) {
    settle(delivery, secret.error());
    return true;
  }
  settle(delivery,
         send_webhook(policy_, {delivery.url, *secret, delivery.delivery_id, delivery.body}));
  return true;
}

void WebhookSender::settle(const store::Delivery& delivery, const Result<http::Response>& answer) {
  const bool again =
      answer.ok() ? may_pass(answer->status) : answer.error().code != Code::permission_denied;
  const bool failed = !answer.ok() || answer->status >= 300;
  const bool postponed = again && delivery.n_attempts + 1 < kMaxAttempts;
  if (failed) {
    log(Level::warning, "webhook {} of {}: {}; {}", delivery.delivery_id, delivery.url,
        answer.ok() ? fmt::format("status {}", answer->status) : answer.error().message,
        postponed ? "it is tried again" : "it is given up");
  }
  const int64_t due_ms = now_ms() + backoff_ms(delivery.n_attempts, answer);
  const auto settled = store_.write([&](db::Connection& c) {
    return postponed ? store::postpone_delivery(c, delivery.key, due_ms)
                     : store::finish_delivery(c, delivery.key);
  });
  if (!settled.ok()) log(Level::warning, "webhooks: {}", settled.error().message);
}

}  // namespace slipway::api
