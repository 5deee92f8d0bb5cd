#include "store/webhooks.h"

#include "api/routes.h"
#include "api/webhook_call.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"

namespace slipway::api {
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

// Source   names as mlflow 3.17.2's; the secret is in no answer.
JsonObject webhook_json(const store::Webhook& webhook) {
  JsonObject out{{"webhook_id", webhook.webhook_id}, {"name", webhook.name}};
  if (webhook.description && !webhook.description->empty()) {
    out["description"] = *webhook.description;
  }
  out["url"] = webhook.url;
  JsonArray events;
  for (const std::string& event : webhook.events) {
    const auto dot = event.find('.');
    events.push_back(JsonObject{{"entity", upper(event.substr(0, dot))},
                                {"action", upper(event.substr(dot + 1))}});
  }
  out["events"] = std::move(events);
  out["status"] = webhook.status == store::WebhookStatus::active ? "ACTIVE" : "DISABLED";
  out["creation_timestamp"] = webhook.creation_timestamp_ms;
  out["last_updated_timestamp"] = webhook.last_updated_timestamp_ms;
  return out;
}

Result<std::string> read_event(const Fields& fields) {
  const auto entity = TRY(fields.text("entity"));
  const auto action = TRY(fields.text("action"));
  return lower(entity) + "." + lower(action);
}

Result<std::vector<std::string>> read_events(const Fields& fields) {
  std::vector<std::string> events;
  const auto items = TRY(fields.items("events"));
  for (const auto& item : items) {
    auto event = TRY(read_event(item));
    events.push_back(std::move(event));
  }
  return events;
}

Result<std::optional<store::WebhookStatus>> read_status(const Fields& fields) {
  const auto name = TRY(fields.text_or("status", ""));
  if (name == "DISABLED") return std::optional(store::WebhookStatus::disabled);
  if (name == "ACTIVE") return std::optional(store::WebhookStatus::active);
  return std::optional<store::WebhookStatus>();
}

Result<Json> create(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  store::Webhook request;
  request.name = TRY(fields.text("name"));
  request.url = TRY(fields.text("url"));
  if (!fields.has("events")) return fields.missing("events");
  request.events = TRY(read_events(fields));
  request.description = TRY(fields.maybe_text("description"));
  const auto secret = TRY(fields.text_or("secret", ""));
  const auto status = TRY(read_status(fields));
  request.status = status.value_or(store::WebhookStatus::active);
  TRY(store::check_webhook_name(request.name));
  TRY(check_webhook_url(workspace.options.webhooks, request.url));
  auto& secrets = workspace.store.secrets();
  const auto webhook = TRY(workspace.store.write(
      [&](db::Connection& c) { return store::create_webhook(c, secrets, request, secret); }));
  return JsonObject{{"webhook", webhook_json(webhook)}};
}

Result<Json> list(const Call& call, Workspace& workspace) {
  constexpr int64_t kDefaultMaxResults = 100;
  auto max_results = TRY(call.integer_or("max_results", kDefaultMaxResults));
  if (max_results == 0) max_results = kDefaultMaxResults;
  const auto token = TRY(call.text_or("page_token", ""));
  const auto page = TRY(workspace.store.read(
      [&](db::Connection& c) { return store::list_webhooks(c, max_results, token); }));
  JsonObject out;
  JsonArray webhooks;
  for (const auto& webhook : page.items) webhooks.push_back(webhook_json(webhook));
  if (!webhooks.empty()) out["webhooks"] = std::move(webhooks);
  if (!page.next_page_token.empty()) out["next_page_token"] = page.next_page_token;
  return out;
}

Result<store::Webhook> find(const Call& call, Workspace& workspace) {
  return workspace.store.read(
      [&](db::Connection& c) { return store::get_webhook(c, call.path("webhook_id")); });
}

Result<Json> get(const Call& call, Workspace& workspace) {
  const auto webhook = TRY(find(call, workspace));
  return JsonObject{{"webhook", webhook_json(webhook)}};
}

// An empty name, URL or list of events is taken as missing.
Result<Json> update(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  store::WebhookUpdate change;
  change.name = TRY(fields.maybe_text("name"));
  if (change.name && change.name->empty()) change.name.reset();
  change.url = TRY(fields.maybe_text("url"));
  if (change.url && change.url->empty()) change.url.reset();
  auto events = TRY(read_events(fields));
  if (!events.empty()) change.events = std::move(events);
  change.description = TRY(fields.maybe_text("description"));
  change.secret = TRY(fields.maybe_text("secret"));
  change.status = TRY(read_status(fields));
  TRY(find(call, workspace));
  if (change.name) TRY(store::check_webhook_name(*change.name));
  if (change.url) TRY(check_webhook_url(workspace.options.webhooks, *change.url));
  const auto webhook = TRY(workspace.store.write([&](db::Connection& c) {
    return store::update_webhook(c, workspace.store.secrets(), call.path("webhook_id"), change);
  }));
  return JsonObject{{"webhook", webhook_json(webhook)}};
}

Result<Json> remove(const Call& call, Workspace& workspace) {
  TRY(workspace.store.write(
      [&](db::Connection& c) { return store::delete_webhook(c, call.path("webhook_id")); }));
  return JsonObject();
}

// Sends an example and says what came back.
Result<Json> test(const Call& call, Workspace& workspace) {
  const auto fields = TRY(call.fields());
  const auto webhook = TRY(find(call, workspace));
  auto event = webhook.events.empty() ? "" : webhook.events.front();
  if (fields.has("event")) {
    const auto asked = TRY(fields.object("event"));
    event = TRY(read_event(asked));
  }
  const auto* example = store::example_of_event(event);
  if (!example) {
    return fail(Code::invalid_parameter_value, "There is no event '{}'", event);
  }
  const auto dot = event.find('.');
  const auto body = to_text(JsonObject{{"entity", event.substr(0, dot)},
                                       {"action", event.substr(dot + 1)},
                                       {"timestamp", utc_text(now_ms())},
                                       {"data", *example}});
  const auto secret = TRY(workspace.store.read([&](db::Connection& c) {
    return store::webhook_secret(c, workspace.store.secrets(), webhook.webhook_id);
  }));
  const auto answer =
      send_webhook(workspace.options.webhooks, {webhook.url, secret, random_hex(16), body});
  JsonObject result;
  if (answer.ok()) {
    result["success"] = answer->status < 400;
    result["response_status"] = answer->status;
    result["response_body"] = is_utf8(answer->body) ? answer->body : "";
  } else {
    result["success"] = false;
    result["error_message"] = "Failed to test webhook: " + answer.error().message;
  }
  return JsonObject{{"result", std::move(result)}};
}

// What webhooks are told is of every model, so who may do all may manage them.
constexpr Route kRoutes[] = {
    {"GET", "/api/2.0/mlflow/webhooks", list, Needs::admin},
    {"POST", "/api/2.0/mlflow/webhooks", create, Needs::admin},
    {"GET", "/api/2.0/mlflow/webhooks/<webhook_id>", get, Needs::admin},
    {"PATCH", "/api/2.0/mlflow/webhooks/<webhook_id>", update, Needs::admin},
    {"DELETE", "/api/2.0/mlflow/webhooks/<webhook_id>", remove, Needs::admin},
    {"POST", "/api/2.0/mlflow/webhooks/<webhook_id>/test", test, Needs::admin},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> webhook_routes() { return kRoutes; }

}  // namespace slipway::api
