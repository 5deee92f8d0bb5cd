#include <algorithm>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/fields.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kRoot = "/api/2.0/serving-endpoints";
constexpr int64_t kMaxEvents = 1000;

std::string address_of(std::string_view name, std::string_view below = "") {
  return fmt::format("{}/{}{}", kRoot, percent_encode(name), below);
}

// MODEL/VERSION, or MODEL/VERSION=PERCENT; a model's name may have slashes and signs of equality.
Result<JsonObject> entity_of(Flags& flags, const std::string& text, int64_t& percentage) {
  const auto equals = text.rfind('=');
  const auto percent =
      equals == text.npos ? std::optional(int64_t{100}) : to_integer(text.substr(equals + 1));
  const auto model = text.substr(0, equals);
  const auto slash = model.rfind('/');
  const auto version = slash == model.npos ? std::nullopt : to_integer(model.substr(slash + 1));
  if (!percent || !version || slash == 0) {
    return flags.reject(
        fmt::format("--serve {}: say MODEL/VERSION=PERCENT, such as flight_delay/2=90", text));
  }
  percentage = *percent;
  return JsonObject{{"entity_name", model.substr(0, slash)},
                    {"entity_version", std::to_string(*version)}};
}

// What an endpoint serves, from the command line.
struct ConfigFlags {
  std::vector<std::string> served;
  int64_t max_concurrency = 0;

  void declare(Flags& flags) {
    flags.many(served, "--serve",
               "MODEL/VERSION=PERCENT: a version and its share of the requests; may be repeated");
    flags.integer(max_concurrency, "--max-concurrency",
                  "Requests at once of each; 0: as the server says", 0, 4096);
  }

  Result<JsonObject> config(Flags& flags) const {
    if (served.empty()) return flags.reject("say what to serve: --serve MODEL/VERSION=PERCENT");
    JsonArray entities;
    JsonArray routes;
    for (const auto& text : served) {
      int64_t percentage = 0;
      auto entity = TRY(entity_of(flags, text, percentage));
      const auto name =
          fmt::format("v{}-{}", text_member(entity, "entity_version").value(), entities.size() + 1);
      entity["name"] = name;
      if (max_concurrency > 0) entity["max_provisioned_concurrency"] = max_concurrency;
      entities.push_back(std::move(entity));
      routes.push_back(
          JsonObject{{"served_entity_name", name}, {"traffic_percentage", percentage}});
    }
    return JsonObject{{"served_entities", std::move(entities)},
                      {"traffic_config", JsonObject{{"routes", std::move(routes)}}}};
  }
};

int64_t share_of(const Json& config, const std::string& name) {
  for (const auto& route : client::items(client::member(config, "traffic_config"), "routes")) {
    if (client::text_or(route, "served_entity_name") == name) {
      return client::integer_or(route, "traffic_percentage");
    }
  }
  return 0;
}

void add_config(Listing& listing, const Json& config, std::string_view which) {
  for (const auto& entity : client::items(config, "served_entities")) {
    const auto name = client::text_or(entity, "name");
    const auto& state = client::member(entity, "state");
    listing.rows.push_back({name,
                            fmt::format("{}/{}", client::text_or(entity, "entity_name"),
                                        client::text_or(entity, "entity_version")),
                            std::to_string(share_of(config, name)), std::string(which),
                            client::text_or(state, "deployment"),
                            client::text_or(state, "deployment_state_message")});
  }
}

void print_endpoint(const Json& endpoint, Format format) {
  if (format == Format::json) return print(endpoint);
  Listing listing{{{"served"}, {"version"}, {"percent", true}, {"config"}, {"state"}, {"message"}},
                  {}};
  add_config(listing, client::member(endpoint, "config"), "active");
  add_config(listing, client::member(endpoint, "pending_config"), "pending");
  print(listing, format);
}

// Wait until the update is over, print what serves then, and fail where it came to nothing.
Result<int> finish_update(client::Server& server, const std::string& name, Format format) {
  constexpr std::chrono::milliseconds kPause(50);
  while (true) {
    const auto endpoint = TRY(server.get(address_of(name)));
    const auto& state = client::member(endpoint, "state");
    const auto update = client::text_or(state, "config_update");
    if (update == "IN_PROGRESS") {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    print_endpoint(endpoint, format);
    if (update == "NOT_UPDATING") return 0;
    return fail(Code::invalid_state, "the new config does not serve: {}",
                client::text_or(state, "message"));
  }
}

// The endpoint of a registered model; where there is none, the serving endpoint of that name.
Result<Json> ask_either(client::Server& server, const std::string& model_path,
                        const client::Query& query, const std::string& serving_path,
                        const client::Query& serving_query) {
  auto of_model = server.get(model_path, query);
  if (of_model.ok()) return of_model;
  auto of_serving = server.get(serving_path, serving_query);
  return of_serving.ok() ? std::move(of_serving) : std::move(of_model);
}

}  // namespace

Result<int> endpoints_create(Invocation& call) {
  std::string name;
  ConfigFlags served;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", "What to call it");
  served.declare(flags);
  auto server = TRY(connect(flags, format));
  auto config = TRY(served.config(flags));
  TRY(server.post(kRoot, JsonObject{{"name", name}, {"config", std::move(config)}}));
  return finish_update(server, name, format);
}

Result<int> endpoints_update(Invocation& call) {
  std::string name;
  ConfigFlags served;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", "The serving endpoint");
  served.declare(flags);
  auto server = TRY(connect(flags, format));
  auto config = TRY(served.config(flags));
  TRY(server.send("PUT", address_of(name, "/config"), std::move(config)));
  return finish_update(server, name, format);
}

Result<int> endpoints_get(Invocation& call) {
  std::string name;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", "The serving endpoint");
  auto server = TRY(connect(flags, format));
  const auto endpoint = TRY(server.get(address_of(name)));
  print_endpoint(endpoint, format);
  return 0;
}

Result<int> endpoints_delete(Invocation& call) {
  std::string name;
  Flags flags(call);
  flags.positional(name, "NAME", "The serving endpoint");
  auto server = TRY(connect(flags));
  TRY(server.send("DELETE", address_of(name), JsonObject()));
  return 0;
}

Result<int> endpoints_events(Invocation& call) {
  std::string name;
  std::string served;
  int64_t most = 100;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", "The registered model, or the serving endpoint");
  flags.positional(served, "VERSION", "One version, or one served model", Need::optional);
  flags.integer(most, "--max", "At most so many, the newest", 1, kMaxEvents);
  auto server = TRY(connect(flags, format));
  const auto max_results = std::to_string(most);
  const auto found = TRY(ask_either(
      server, "/api/2.0/mlflow/endpoints/events",
      {{"registered_model_name", name}, {"version", served}, {"max_results", max_results}},
      address_of(name, "/events"), {{"served", served}, {"max_results", max_results}}));
  Listing listing{{{"time"}, {"served"}, {"event"}, {"server"}, {"message"}}, {}};
  for (const auto& event : client::items(found, "events")) {
    listing.rows.push_back({time_text(client::integer_or(event, "timestamp")),
                            client::text_or(event, "served"), client::text_or(event, "event"),
                            client::text_or(event, "server"), client::text_or(event, "message")});
  }
  print(listing, format);
  return 0;
}

Result<int> endpoints_logs(Invocation& call) {
  std::string name;
  std::string served;
  Flags flags(call);
  flags.positional(name, "NAME", "The registered model, or the serving endpoint");
  flags.positional(served, "VERSION", "One version, or the served model", Need::optional);
  auto server = TRY(connect(flags));
  const auto below = fmt::format("/served-models/{}/build-logs", percent_encode(served));
  const auto found = TRY(ask_either(server, "/api/2.0/mlflow/endpoints/logs",
                                    {{"registered_model_name", name}, {"version", served}},
                                    address_of(name, below), {}));
  const auto text = client::text_or(found, "logs");
  print_line(std::string_view(text).substr(0, text.find_last_not_of('\n') + 1));
  return 0;
}

}  // namespace slipway::cli
