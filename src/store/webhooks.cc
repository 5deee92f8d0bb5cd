#include "store/webhooks.h"

#include <algorithm>

#include "base/clock.h"
#include "base/id.h"
#include "store/limits.h"

namespace slipway::store {
namespace {

constexpr size_t kMaxNameLength = 63;
constexpr int64_t kMaxResults = 1000;

struct Event {
  std::string_view name;
  JsonObject example;
};

/// What a prompt or a model is called in the examples.
std::string_view example_name(std::string_view event) {
  return event.starts_with("prompt") ? "example_prompt" : "example_model";
}

std::vector<Event> make_events() {
  std::vector<Event> events;
  const auto add = [&](std::string_view event, const JsonObject& more) {
    JsonObject data{{"name", example_name(event)}};
    for (const auto& member : more) data[member.key()] = member.value();
    events.push_back({event, std::move(data)});
  };
  const Json tags = JsonObject{{"example_key", "example_value"}};
  add("registered_model.created", {{"tags", tags}, {"description", "An example registered model"}});
  add("model_version.created", {{"version", "1"},
                                {"source", "models:/123"},
                                {"run_id", "abcd1234abcd5678"},
                                {"tags", tags},
                                {"description", "An example model version"}});
  add("prompt.created", {{"tags", tags}, {"description", "An example prompt"}});
  add("prompt_version.created", {{"version", "1"},
                                 {"template", "Hello {{name}}!"},
                                 {"tags", tags},
                                 {"description", "An example prompt version"}});
  const JsonObject tag_set{{"version", "1"}, {"key", "example_key"}, {"value", "example_value"}};
  const JsonObject tag_deleted{{"version", "1"}, {"key", "example_key"}};
  add("model_version_tag.set", tag_set);
  add("model_version_tag.deleted", tag_deleted);
  add("prompt_version_tag.set", tag_set);
  add("prompt_version_tag.deleted", tag_deleted);
  add("prompt_tag.set", {{"key", "example_key"}, {"value", "example_value"}});
  add("prompt_tag.deleted", {{"key", "example_key"}});
  add("model_version_alias.created", {{"alias", "example_alias"}, {"version", "1"}});
  add("model_version_alias.deleted", {{"alias", "example_alias"}});
  add("prompt_alias.created", {{"alias", "example_alias"}, {"version", "1"}});
  add("prompt_alias.deleted", {{"alias", "example_alias"}});
  return events;
}

Result<void> check_events(const std::vector<std::string>& events) {
  if (events.empty()) {
    return fail(Code::invalid_parameter_value,
                "Webhook events must be a non-empty list of WebhookEvent objects: [].");
  }
  for (const std::string& event : events) {
    if (example_of_event(event)) continue;
    const auto dot = event.find('.');
    return fail(Code::invalid_parameter_value, "Invalid action '{}' for entity '{}'.",
                event.substr(std::min(dot + 1, event.size())), event.substr(0, dot));
  }
  return {};
}

Result<int64_t> key_of(db::Connection& conn, std::string_view webhook_id) {
  const auto key =
      TRY(conn.integer("SELECT webhook_key FROM webhooks WHERE webhook_id = ?", webhook_id));
  if (key) return *key;
  return fail(Code::resource_does_not_exist, "Webhook with ID {} not found.", webhook_id);
}

Result<Webhook> load_webhook(db::Connection& conn, int64_t key) {
  Webhook out;
  {
    auto cursor =
        TRY(conn.query("SELECT webhook_id, name, url, description, disabled, creation_timestamp_ms,"
                       " last_updated_timestamp_ms FROM webhooks WHERE webhook_key = ?",
                       key));
    if (!TRY(cursor.next())) return fail(Code::resource_does_not_exist, "The webhook is gone");
    const db::Row row = cursor.row();
    out.webhook_id = row.text(0);
    out.name = row.text(1);
    out.url = row.text(2);
    out.description = row.optional_text(3);
    out.status = row.integer(4) == 0 ? WebhookStatus::active : WebhookStatus::disabled;
    out.creation_timestamp_ms = row.integer(5);
    out.last_updated_timestamp_ms = row.integer(6);
  }
  TRY(conn.for_each(
      "SELECT event FROM webhook_events WHERE webhook_key = ? ORDER BY place",
      [&](const db::Row& row) { out.events.push_back(row.text(0)); }, key));
  return out;
}

Result<void> put_events(db::Connection& conn, int64_t key, const std::vector<std::string>& events) {
  TRY(conn.exec("DELETE FROM webhook_events WHERE webhook_key = ?", key));
  for (size_t i = 0; i < events.size(); ++i) {
    TRY(
        conn.exec("INSERT INTO webhook_events (webhook_key, event, place) VALUES (?, ?, ?)"
                  " ON CONFLICT DO NOTHING",
                  key, events[i], static_cast<int64_t>(i)));
  }
  return {};
}

// Where a secret belongs: it does not open in another webhook's row.
std::string place_of(std::string_view webhook_id) { return fmt::format("webhook {}", webhook_id); }

// The keys that are '' or of these ids, as SQL; ids are hexadecimal digits.
std::string is_ours(const Secrets& secrets) {
  std::string list = "(''";
  for (const auto& id : secrets.key_ids()) list += fmt::format(", '{}'", id);
  return "secret_key_id IN " + list + ")";
}

// A first key is made only where no other one is in use: of two, neither server could tell all.
Result<Sealed> seal(db::Connection& conn, Secrets& secrets, std::string_view secret,
                    std::string_view webhook_id) {
  if (secret.empty()) return Sealed();
  if (!secrets.has_key()) {
    const auto other =
        TRY(conn.text("SELECT secret_key_id FROM webhooks WHERE secret_key_id <> '' LIMIT 1"));
    if (other) {
      return fail(Code::resource_conflict,
                  "other webhooks' secrets are sealed with the key {}, which this server does not "
                  "have: give it the secrets.key of the server that made it, or the same "
                  "SLIPWAY_SECRETS_KEY",
                  *other);
    }
    TRY(secrets.make_key());
  }
  return secrets.seal(secret, place_of(webhook_id));
}

Result<void> put_secret(db::Connection& conn, int64_t key, const Sealed& sealed) {
  return conn.exec("UPDATE webhooks SET secret = ?, secret_key_id = ? WHERE webhook_key = ?",
                   sealed.text, sealed.key_id, key);
}

std::string uuid_text() {
  auto hex = random_hex(16);
  hex[12] = '4';  // a random one, RFC 9562
  hex[16] = "89ab"[hex[16] % 4];
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

}  // namespace

const JsonObject* example_of_event(std::string_view event) {
  static const std::vector<Event> kEvents = make_events();
  const auto found = std::find_if(kEvents.begin(), kEvents.end(),
                                  [&](const Event& known) { return known.name == event; });
  return found == kEvents.end() ? nullptr : &found->example;
}

Result<void> check_webhook_name(std::string_view name) {
  const auto is_end = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto fits = [&](char c) { return is_end(c) || c == '.' || c == '_' || c == '-'; };
  const bool holds = !name.empty() && name.size() <= kMaxNameLength && is_end(name.front()) &&
                     is_end(name.back()) && std::all_of(name.begin(), name.end(), fits);
  if (holds) return {};
  return fail(Code::invalid_parameter_value,
              "Webhook name '{}' is invalid. It must start and end with a letter or digit, be less "
              "than 63 characters long, and contain only letters, digits, dots (.), underscores "
              "(_), and hyphens (-).",
              name);
}

Result<Webhook> create_webhook(db::Connection& conn, Secrets& secrets, const Webhook& request,
                               std::string_view secret) {
  TRY(check_webhook_name(request.name));
  TRY(check_events(request.events));
  const int64_t time_ms = now_ms();
  const auto id = uuid_text();
  const auto sealed = TRY(seal(conn, secrets, secret, id));
  const int64_t key = TRY(conn.insert(
      "INSERT INTO webhooks (webhook_id, name, url, description, secret, secret_key_id, disabled,"
      " creation_timestamp_ms, last_updated_timestamp_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " RETURNING webhook_key",
      id, request.name, request.url, request.description, sealed.text, sealed.key_id,
      int64_t{request.status == WebhookStatus::disabled}, time_ms, time_ms));
  TRY(put_events(conn, key, request.events));
  return load_webhook(conn, key);
}

Result<Webhook> get_webhook(db::Connection& conn, std::string_view webhook_id) {
  const int64_t key = TRY(key_of(conn, webhook_id));
  return load_webhook(conn, key);
}

Result<Webhook> update_webhook(db::Connection& conn, Secrets& secrets, std::string_view webhook_id,
                               const WebhookUpdate& update) {
  const int64_t key = TRY(key_of(conn, webhook_id));
  Webhook now = TRY(load_webhook(conn, key));
  if (update.name) TRY(check_webhook_name(*update.name));
  if (update.events) {
    TRY(check_events(*update.events));
    TRY(put_events(conn, key, *update.events));
  }
  if (update.description) now.description = update.description;
  if (update.secret) {
    const auto sealed = TRY(seal(conn, secrets, *update.secret, webhook_id));
    TRY(put_secret(conn, key, sealed));
  }
  const auto status = update.status.value_or(now.status);
  TRY(
      conn.exec("UPDATE webhooks SET name = ?, url = ?, description = ?, disabled = ?,"
                " last_updated_timestamp_ms = ? WHERE webhook_key = ?",
                update.name.value_or(now.name), update.url.value_or(now.url), now.description,
                int64_t{status == WebhookStatus::disabled}, now_ms(), key));
  return load_webhook(conn, key);
}

Result<std::string> webhook_secret(db::Connection& conn, const Secrets& secrets,
                                   std::string_view webhook_id) {
  const int64_t key = TRY(key_of(conn, webhook_id));
  Sealed sealed;
  TRY(conn.for_each(
      "SELECT secret_key_id, secret FROM webhooks WHERE webhook_key = ?",
      [&](const db::Row& row) { sealed = {row.text(0), row.text(1)}; }, key));
  return secrets.unseal(sealed, place_of(webhook_id));
}

Result<SecretCounts> count_webhook_secrets(db::Connection& conn, const Secrets& secrets) {
  const auto ids = secrets.key_ids();
  SecretCounts counts;
  TRY(conn.for_each(
      "SELECT secret_key_id, count(*) FROM webhooks WHERE secret <> '' GROUP BY secret_key_id",
      [&](const db::Row& row) {
        const auto id = row.text(0);
        if (!ids.empty() && id == ids.front()) return;
        if (id.empty() || secrets.has_key(id)) {
          counts.n_stale += row.integer(1);
        } else {
          counts.n_closed += row.integer(1);
          counts.key_ids.insert(id);
        }
      }));
  return counts;
}

Result<int64_t> reseal_webhook_secrets(db::Connection& conn, Secrets& secrets) {
  const auto counts = TRY(count_webhook_secrets(conn, secrets));
  if (counts.n_closed > 0 && !secrets.has_key()) return 0;
  struct Row {
    int64_t key = 0;
    std::string webhook_id;
    Sealed sealed;
  };
  std::vector<Row> rows;
  TRY(conn.for_each(
      "SELECT webhook_key, webhook_id, secret_key_id, secret FROM webhooks WHERE secret <> ''",
      [&](const db::Row& row) {
        rows.push_back({row.integer(0), row.text(1), {row.text(2), row.text(3)}});
      }));
  int64_t n_resealed = 0;
  for (const auto& [key, webhook_id, sealed] : rows) {
    const auto ids = secrets.key_ids();
    if (!ids.empty() && sealed.key_id == ids.front()) continue;
    const auto secret = secrets.unseal(sealed, place_of(webhook_id));
    if (!secret.ok()) continue;  // another's, or damaged: its deliveries tell
    const auto again = TRY(seal(conn, secrets, *secret, webhook_id));
    TRY(put_secret(conn, key, again));
    n_resealed += 1;
  }
  return n_resealed;
}

Result<void> delete_webhook(db::Connection& conn, std::string_view webhook_id) {
  const int64_t key = TRY(key_of(conn, webhook_id));
  return conn.exec("DELETE FROM webhooks WHERE webhook_key = ?", key);
}

Result<Page<Webhook>> list_webhooks(db::Connection& conn, int64_t max_results,
                                    std::string_view token) {
  if (max_results < 1 || max_results > kMaxResults) {
    return fail(Code::invalid_parameter_value, "max_results must be between 1 and {}.",
                kMaxResults);
  }
  const int64_t offset = TRY(page_offset(token));
  std::vector<int64_t> keys;
  TRY(conn.for_each(
      "SELECT webhook_key FROM webhooks ORDER BY creation_timestamp_ms DESC, webhook_key DESC"
      " LIMIT ? OFFSET ?",
      [&](const db::Row& row) { keys.push_back(row.integer(0)); }, max_results + 1, offset));
  Page<Webhook> page;
  if (static_cast<int64_t>(keys.size()) > max_results) {
    keys.pop_back();
    page.next_page_token = page_token(offset + max_results);
  }
  for (const int64_t key : keys) {
    Webhook webhook = TRY(load_webhook(conn, key));
    page.items.push_back(std::move(webhook));
  }
  return page;
}

Result<void> queue_event(db::Connection& conn, std::string_view event, const JsonObject& data) {
  std::vector<int64_t> keys;
  TRY(conn.for_each(
      "SELECT w.webhook_key FROM webhook_events e JOIN webhooks w ON w.webhook_key = e.webhook_key"
      " WHERE e.event = ? AND w.disabled = 0",
      [&](const db::Row& row) { keys.push_back(row.integer(0)); }, event));
  if (keys.empty()) return {};
  const int64_t time_ms = now_ms();
  const auto dot = event.find('.');
  const auto body = to_text(JsonObject{{"entity", event.substr(0, dot)},
                                       {"action", event.substr(dot + 1)},
                                       {"timestamp", utc_text(time_ms)},
                                       {"data", data}});
  for (const int64_t key : keys) {
    TRY(
        conn.exec("INSERT INTO webhook_deliveries (webhook_key, delivery_id, body, n_attempts,"
                  " due_ms) VALUES (?, ?, ?, 0, ?)",
                  key, uuid_text(), body, time_ms));
  }
  return {};
}

Result<bool> has_due_delivery(db::Connection& conn, const Secrets& secrets, int64_t now_ms) {
  const auto due =
      TRY(conn.integer("SELECT 1 FROM webhook_deliveries d JOIN webhooks w"
                       " ON w.webhook_key = d.webhook_key WHERE d.due_ms <= ? AND w." +
                           is_ours(secrets) + " LIMIT 1",
                       now_ms));
  return due.has_value();
}

Result<std::optional<Delivery>> take_delivery(db::Connection& conn, const Secrets& secrets,
                                              int64_t now_ms, int64_t lease_ms) {
  std::optional<Delivery> out;
  const auto key = TRY(conn.integer(
      "UPDATE webhook_deliveries SET due_ms = ? WHERE delivery_key ="
      " (SELECT d.delivery_key FROM webhook_deliveries d JOIN webhooks w"
      " ON w.webhook_key = d.webhook_key WHERE d.due_ms <= ? AND w." +
          is_ours(secrets) +
          " ORDER BY d.due_ms, d.delivery_key LIMIT 1) AND due_ms <= ? RETURNING delivery_key",
      now_ms + lease_ms, now_ms, now_ms));
  if (!key) return out;
  TRY(conn.for_each(
      "SELECT d.delivery_id, w.webhook_id, w.url, w.secret_key_id, w.secret, d.body, d.n_attempts"
      " FROM webhook_deliveries d JOIN webhooks w ON w.webhook_key = d.webhook_key"
      " WHERE d.delivery_key = ?",
      [&](const db::Row& row) {
        const Sealed secret{row.text(3), row.text(4)};
        out = Delivery{*key,   row.text(0), row.text(1),   row.text(2),
                       secret, row.text(5), row.integer(6)};
      },
      *key));
  return out;
}

Result<std::string> secret_of(const Delivery& delivery, const Secrets& secrets) {
  return secrets.unseal(delivery.secret, place_of(delivery.webhook_id));
}

Result<void> finish_delivery(db::Connection& conn, int64_t key) {
  return conn.exec("DELETE FROM webhook_deliveries WHERE delivery_key = ?", key);
}

Result<void> postpone_delivery(db::Connection& conn, int64_t key, int64_t due_ms) {
  return conn.exec(
      "UPDATE webhook_deliveries SET n_attempts = n_attempts + 1, due_ms = ? WHERE delivery_key = "
      "?",
      due_ms, key);
}

}  // namespace slipway::store
