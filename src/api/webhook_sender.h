// api/webhook_sender.h — tells webhooks what happened, in the background.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "api/webhook_call.h"
#include "store/store.h"
#include "store/webhooks.h"

namespace slipway::api {

/// Sends what the store holds for webhooks until it is destroyed, which waits for the calls under
/// way (at most 20 s). Several senders, of one server or of several over one database, share the
/// work: each delivery is made by one of them, and again by another where that one dies.
///
/// An answer of 429 or 5xx, or none, is tried again, 8 times in all, after 1, 2, 4 … s, at most
/// 60 s, or as the answer's Retry-After says; then it is given up, with a line in the log. Any
/// other answer ends it.
class WebhookSender {
 public:
  /// References are borrowed.
  WebhookSender(store::Store& store, const WebhookPolicy& policy);
  ~WebhookSender();
  WebhookSender(const WebhookSender&) = delete;
  WebhookSender& operator=(const WebhookSender&) = delete;

 private:
  void run();
  /// Send one delivery that is due; false: there was none.
  bool send_next();
  void settle(const store::Delivery& delivery, const Result<http::Response>& answer);
  /// Wait until it is time to look again; false: stop.
  bool wait();

  store::Store& store_;
  const WebhookPolicy& policy_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace slipway::api
