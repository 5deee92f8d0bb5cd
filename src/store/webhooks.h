// store/webhooks.h — who wants to hear of what happens in the registry, and what is still to be
// told.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "db/connection.h"
#include "store/secrets.h"
#include "store/values.h"

namespace slipway::store {

enum class WebhookStatus { active, disabled };

/// An event is written `entity.action`, such as `model_version.created`.
struct Webhook {
  std::string webhook_id;
  std::string name;
  std::string url;
  std::vector<std::string> events;
  std::optional<std::string> description;
  WebhookStatus status = WebhookStatus::active;
  int64_t creation_timestamp_ms = 0;
  int64_t last_updated_timestamp_ms = 0;
};

/// What an update changes; what is unset stays.
struct WebhookUpdate {
  std::optional<std::string> name;
  std::optional<std::string> url;
  std::optional<std::vector<std::string>> events;
  std::optional<std::string> description;
  std::optional<std::string> secret;  // "": deliveries are not signed
  std::optional<WebhookStatus> status;
};

/// Give what an event's data look like, for a test; null where there is no such event.
/// Source   the events and their members are those of mlflow 3.17.2.
const JsonObject* example_of_event(std::string_view event);

/// Refuse a name that is not 1 to 63 letters, digits, dots, underscores and hyphens, with a letter
/// or a digit at both ends.
Result<void> check_webhook_name(std::string_view name);

/// Errors of these   resource_does_not_exist: no such webhook; invalid_parameter_value: a name or
///                   an event that cannot be; resource_conflict: a secret is to be sealed, and
///                   the key that others are sealed with is not among `secrets`. The caller has
///                   checked the URL.
/// secret   what signs deliveries; "": they are not signed. No Webhook holds it.
Result<Webhook> create_webhook(db::Connection& conn, Secrets& secrets, const Webhook& request,
                               std::string_view secret);
Result<Webhook> get_webhook(db::Connection& conn, std::string_view webhook_id);
Result<Webhook> update_webhook(db::Connection& conn, Secrets& secrets, std::string_view webhook_id,
                               const WebhookUpdate& update);
/// Errors   resource_does_not_exist; as Secrets::unseal.
Result<std::string> webhook_secret(db::Connection& conn, const Secrets& secrets,
                                   std::string_view webhook_id);
Result<void> delete_webhook(db::Connection& conn, std::string_view webhook_id);

/// Give webhooks, the newest first. Errors invalid_parameter_value: max_results outside 1..1000, or
/// a bad token.
Result<Page<Webhook>> list_webhooks(db::Connection& conn, int64_t max_results,
                                    std::string_view page_token);

/// Write an event down for each active webhook that wants it. It is told after the commit, and not
/// at all where that fails.
Result<void> queue_event(db::Connection& conn, std::string_view event, const JsonObject& data);

/// What the webhooks' secrets in a database are like for a server.
struct SecretCounts {
  int64_t n_stale = 0;            // readable, as earlier versions left them, or of an older key
  int64_t n_closed = 0;           // no key of this server opens them
  std::set<std::string> key_ids;  // of those
};
Result<SecretCounts> count_webhook_secrets(db::Connection& conn, const Secrets& secrets);

/// Seal the stale ones by the newest key, and give how many they are. None is where there is no key
/// here, and others are sealed by one. Errors as Secrets::make_key.
Result<int64_t> reseal_webhook_secrets(db::Connection& conn, Secrets& secrets);

/// Something to be told: a POST of `body`.
struct Delivery {
  int64_t key = 0;
  std::string delivery_id;  // the same at every attempt
  std::string webhook_id;
  std::string url;
  Sealed secret;
  std::string body;
  int64_t n_attempts = 0;  // before this one
};

/// Tell whether the time of a delivery has come that `secrets` can sign.
Result<bool> has_due_delivery(db::Connection& conn, const Secrets& secrets, int64_t now_ms);

/// Take the one of these that waits longest, for `lease_ms`: until then nobody else gets it, and
/// after that (the taker has died) anybody does.
Result<std::optional<Delivery>> take_delivery(db::Connection& conn, const Secrets& secrets,
                                              int64_t now_ms, int64_t lease_ms);
/// The secret of a delivery. Errors as Secrets::unseal.
Result<std::string> secret_of(const Delivery& delivery, const Secrets& secrets);
/// Forget a delivery: it is told, or given up.
Result<void> finish_delivery(db::Connection& conn, int64_t key);
/// Try a delivery again at `due_ms`.
Result<void> postpone_delivery(db::Connection& conn, int64_t key, int64_t due_ms);

}  // namespace slipway::store
