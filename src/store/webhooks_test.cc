#include "store/webhooks.h"

#include "store/registry.h"
#include "store/test_store.h"

namespace slipway::store {
namespace {

class WebhookTest : public StoreTest {
 protected:
  Webhook add(const std::vector<std::string>& events) {
    Webhook request;
    request.name = "hook";
    request.url = "https://example.com/";
    request.events = events;
    request.secret = "s";
    return write([&](db::Connection& c) { return create_webhook(c, request); });
  }
  std::optional<Delivery> take(int64_t now_ms) {
    return write([&](db::Connection& c) { return take_delivery(c, now_ms, 1000); });
  }
  static constexpr int64_t kLater = int64_t{1} << 60;
};

TEST_F(WebhookTest, AnEventIsThereExactlyWhenItsChangeIs) {
  add({"registered_model.created"});
  const auto good = [](db::Connection& c) {
    return create_registered_model(c, "m", {{"k", "v"}}, std::nullopt);
  };
  const auto bad = [](db::Connection& c) {
    return create_registered_model(c, "n", {{"k$", "v"}}, std::nullopt);
  };
  EXPECT_TRUE(store().write(good).ok());
  EXPECT_FALSE(store().write(bad).ok());
  const auto delivery = take(kLater);
  ASSERT_TRUE(delivery);
  EXPECT_NE(delivery->body.find(R"("name": "m", "tags": {"k": "v"})"), std::string::npos)
      << delivery->body;
  EXPECT_FALSE(take(kLater));
}

TEST_F(WebhookTest, ATakenDeliveryIsAnothersOnlyAfterItsTime) {
  add({"prompt.created"});
  EXPECT_TRUE(
      store().write([](db::Connection& c) { return queue_event(c, "prompt.created", {}); }).ok());
  const auto first = take(kLater);
  ASSERT_TRUE(first);
  EXPECT_FALSE(take(kLater + 999));
  const auto again = take(kLater + 1000);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->delivery_id, first->delivery_id);
  EXPECT_TRUE(
      store()
          .write([&](db::Connection& c) { return postpone_delivery(c, again->key, kLater + 5000); })
          .ok());
  EXPECT_FALSE(take(kLater + 4999));
  const auto last = take(kLater + 5000);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->n_attempts, 1);
  EXPECT_TRUE(store().write([&](db::Connection& c) { return finish_delivery(c, last->key); }).ok());
  EXPECT_FALSE(take(kLater * 2));
}

TEST_F(WebhookTest, WhoIsDisabledOrDeletedIsNotTold) {
  const auto quiet = add({"prompt.created"});
  WebhookUpdate off;
  off.status = WebhookStatus::disabled;
  write([&](db::Connection& c) { return update_webhook(c, quiet.webhook_id, off); });
  const auto gone = add({"prompt.created"});
  EXPECT_TRUE(
      store().write([](db::Connection& c) { return queue_event(c, "prompt.created", {}); }).ok());
  EXPECT_TRUE(
      store().write([&](db::Connection& c) { return delete_webhook(c, gone.webhook_id); }).ok());
  EXPECT_FALSE(take(kLater));
}

}  // namespace
}  // namespace slipway::store
