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
    return write(
        [&](db::Connection& c) { return create_webhook(c, store().secrets(), request, "s"); });
  }
  std::optional<Delivery> take(int64_t now_ms) { return take(now_ms, store().secrets()); }
  std::optional<Delivery> take(int64_t now_ms, const Secrets& secrets) {
    return write([&](db::Connection& c) { return take_delivery(c, secrets, now_ms, 1000); });
  }
  void tell(const char* event) {
    const auto told = store().write([&](db::Connection& c) { return queue_event(c, event, {}); });
    EXPECT_TRUE(told.ok());
  }
  std::string kept(std::string_view column) {
    return read([&](db::Connection& c) {
             return c.text(fmt::format("SELECT min({}) FROM webhooks", column));
           })
        .value_or("");
  }
  std::string secret(const Webhook& webhook, const Secrets& secrets) {
    const auto found = store().read(
        [&](db::Connection& c) { return webhook_secret(c, secrets, webhook.webhook_id); });
    return found.ok() ? *found : std::string(code_name(found.error().code));
  }
  std::unique_ptr<Secrets> others(std::string_view keys) {
    return std::move(Secrets::open(folder() / "nowhere", keys)).value();
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
  write([&](db::Connection& c) {
    return update_webhook(c, store().secrets(), quiet.webhook_id, off);
  });
  const auto gone = add({"prompt.created"});
  EXPECT_TRUE(
      store().write([](db::Connection& c) { return queue_event(c, "prompt.created", {}); }).ok());
  EXPECT_TRUE(
      store().write([&](db::Connection& c) { return delete_webhook(c, gone.webhook_id); }).ok());
  EXPECT_FALSE(take(kLater));
}

TEST_F(WebhookTest, ASecretIsSealedInTheDatabase) {
  const auto webhook = add({"prompt.created"});
  EXPECT_TRUE(kept("secret").starts_with("1:")) << kept("secret");
  EXPECT_EQ(kept("secret_key_id"), store().secrets().key_ids().front());
  EXPECT_EQ(secret(webhook, store().secrets()), "s");
  WebhookUpdate change;
  change.secret = "another";
  write([&](db::Connection& c) {
    return update_webhook(c, store().secrets(), webhook.webhook_id, change);
  });
  EXPECT_EQ(secret(webhook, store().secrets()), "another");
  tell("prompt.created");
  const auto delivery = take(kLater);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(secret_of(*delivery, store().secrets()).value(), "another");
  change.secret = "";
  write([&](db::Connection& c) {
    return update_webhook(c, store().secrets(), webhook.webhook_id, change);
  });
  EXPECT_EQ(kept("secret") + kept("secret_key_id"), "");
}

// A row of schema version 10, whose secret lies as it is.
TEST_F(WebhookTest, ReadableSecretsAreSealedByTheNextStart) {
  const auto webhook = add({"prompt.created"});
  const auto made = store().write([](db::Connection& c) {
    return c.exec("UPDATE webhooks SET secret = 'readable', secret_key_id = ''");
  });
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(secret(webhook, store().secrets()), "readable");
  ASSERT_TRUE(store().seal_secrets().ok());
  EXPECT_TRUE(kept("secret").starts_with("1:"));
  EXPECT_EQ(secret(webhook, store().secrets()), "readable");
  const auto sealed = kept("secret");
  ASSERT_TRUE(store().seal_secrets().ok());
  EXPECT_EQ(kept("secret"), sealed) << "sealed once";
}

TEST_F(WebhookTest, WithoutItsKeyADeliveryIsLeftToOthers) {
  const auto webhook = add({"prompt.created"});
  tell("prompt.created");
  const auto none = others("");
  const auto other = others(std::string(64, '1'));
  for (auto* const secrets : {none.get(), other.get()}) {
    EXPECT_FALSE(take(kLater, *secrets));
    EXPECT_FALSE(read([&](db::Connection& c) { return has_due_delivery(c, *secrets, kLater); }));
    EXPECT_EQ(secret(webhook, *secrets), "RESOURCE_CONFLICT");
    const auto counts = read([&](db::Connection& c) { return count_webhook_secrets(c, *secrets); });
    EXPECT_EQ(counts.n_closed, 1);
    EXPECT_EQ(write([&](db::Connection& c) { return reseal_webhook_secrets(c, *secrets); }), 0);
  }
  // and no second key is made beside the one in use
  Webhook request = webhook;
  const auto refused =
      write_error([&](db::Connection& c) { return create_webhook(c, *none, request, "x"); });
  EXPECT_EQ(refused.code, Code::resource_conflict);
  EXPECT_NE(refused.message.find(store().secrets().key_ids().front()), std::string::npos);
  EXPECT_FALSE(none->has_key());
  EXPECT_TRUE(take(kLater));
}

TEST_F(WebhookTest, ANewKeyTakesTheSecretsOver) {
  const std::string old_key(64, '1');
  const std::string new_key(64, '2');
  const auto before = others(old_key);
  Webhook request;
  request.name = "hook";
  request.url = "https://example.com/";
  request.events = {"prompt.created"};
  const auto webhook =
      write([&](db::Connection& c) { return create_webhook(c, *before, request, "s"); });
  const auto both = others(new_key + "," + old_key);
  EXPECT_EQ(write([&](db::Connection& c) { return reseal_webhook_secrets(c, *both); }), 1);
  EXPECT_EQ(write([&](db::Connection& c) { return reseal_webhook_secrets(c, *both); }), 0);
  EXPECT_EQ(secret(webhook, *others(new_key)), "s");
  EXPECT_EQ(secret(webhook, *before), "RESOURCE_CONFLICT");
}

}  // namespace
}  // namespace slipway::store
