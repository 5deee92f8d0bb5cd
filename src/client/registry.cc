#include "client/registry.h"

#include <algorithm>

#include "base/text.h"
#include "client/fields.h"

namespace slipway::client {
namespace {

std::string route(std::string_view name) { return "/api/2.0/mlflow/" + std::string(name); }

ModelVersion version_of(const Json& json) {
  ModelVersion version{text_or(json, "name"),
                       text_or(json, "version"),
                       text_or(json, "current_stage"),
                       text_or(json, "status"),
                       text_or(json, "source"),
                       text_or(json, "run_id"),
                       {},
                       integer_or(json, "creation_timestamp")};
  for (const auto& alias : items(json, "aliases")) {
    if (alias.is_string()) version.aliases.emplace_back(alias.get_string().c_str());
  }
  return version;
}

RegisteredModel model_of(const Json& json) {
  RegisteredModel model;
  model.name = text_or(json, "name");
  model.description = text_or(json, "description");
  model.last_updated_time_ms = integer_or(json, "last_updated_timestamp");
  for (const auto& item : items(json, "latest_versions")) {
    model.latest_versions.push_back(version_of(item));
  }
  for (const auto& item : items(json, "aliases")) {
    model.aliases[text_or(item, "alias")] = text_or(item, "version");
  }
  return model;
}

Endpoint endpoint_of(const Json& json) {
  Endpoint endpoint{text_or(json, "registered_model_name"), {}};
  for (const auto& item : items(json, "versions")) {
    endpoint.versions.push_back({text_or(item, "version"), text_or(item, "stage"),
                                 text_or(item, "state"), text_or(item, "message"),
                                 text_or(item, "path")});
  }
  return endpoint;
}

Token token_of(const Json& json) {
  return {text_or(json, "token_id"), text_or(json, "comment"), integer_or(json, "creation_time"),
          integer_or(json, "expiry_time")};
}

// GET page after page; `take` gets each.
template <typename Take>
Result<void> each_page(Server& server, const std::string& path, const Query& query, Take take) {
  std::string token;
  do {
    auto asked = query;
    if (!token.empty()) asked.emplace_back("page_token", token);
    const auto page = TRY(server.get(path, asked));
    take(page);
    token = text_or(page, "next_page_token");
  } while (!token.empty());
  return {};
}

}  // namespace

Result<std::vector<RegisteredModel>> list_models(Server& server, std::string_view filter) {
  std::vector<RegisteredModel> models;
  Query query;
  if (!filter.empty()) query.emplace_back("filter", filter);
  TRY(each_page(server, route("registered-models/search"), query, [&](const Json& page) {
    for (const auto& item : items(page, "registered_models")) models.push_back(model_of(item));
  }));
  return models;
}

Result<RegisteredModel> get_model(Server& server, std::string_view name) {
  const auto got = TRY(server.get(route("registered-models/get"), {{"name", std::string(name)}}));
  return model_of(member(got, "registered_model"));
}

Result<std::vector<ModelVersion>> list_versions(Server& server, std::string_view name) {
  if (name.find('\'') != name.npos) {
    return fail(Code::invalid_parameter_value, "a model's name has no quote in it: {}", name);
  }
  std::vector<ModelVersion> versions;
  const Query query{{"filter", fmt::format("name = '{}'", name)},
                    {"order_by", "version_number ASC"}};
  TRY(each_page(server, route("model-versions/search"), query, [&](const Json& page) {
    for (const auto& item : items(page, "model_versions")) versions.push_back(version_of(item));
  }));
  return versions;
}

Result<ModelVersion> register_version(Server& server, std::string_view name,
                                      std::string_view source, std::string_view run_id) {
  const auto made = server.post(route("registered-models/create"), JsonObject{{"name", name}});
  if (!made.ok() && made.error().code != Code::resource_already_exists) return made.error();
  JsonObject body{{"name", name}, {"source", source}};
  if (!run_id.empty()) body["run_id"] = run_id;
  const auto version = TRY(server.post(route("model-versions/create"), body));
  return version_of(member(version, "model_version"));
}

Result<ModelVersion> transition(Server& server, std::string_view name, std::string_view version,
                                std::string_view stage, Archive archive_existing) {
  const JsonObject body{{"name", name},
                        {"version", version},
                        {"stage", stage},
                        {"archive_existing_versions", archive_existing == Archive::yes}};
  const auto moved = TRY(server.post(route("model-versions/transition-stage"), body));
  return version_of(member(moved, "model_version"));
}

Result<void> set_alias(Server& server, std::string_view name, std::string_view alias,
                       std::string_view version) {
  const JsonObject body{{"name", name}, {"alias", alias}, {"version", version}};
  TRY(server.post(route("registered-models/alias"), body));
  return {};
}

Result<void> delete_alias(Server& server, std::string_view name, std::string_view alias) {
  const JsonObject body{{"name", name}, {"alias", alias}};
  TRY(server.send("DELETE", route("registered-models/alias"), body));
  return {};
}

Result<ModelVersion> version_by_alias(Server& server, std::string_view name,
                                      std::string_view alias) {
  const Query query{{"name", std::string(name)}, {"alias", std::string(alias)}};
  const auto got = TRY(server.get(route("registered-models/alias"), query));
  return version_of(member(got, "model_version"));
}

Result<std::vector<ModelVersion>> latest_versions(Server& server, std::string_view name,
                                                  const std::vector<std::string>& stages) {
  JsonObject body{{"name", name}};
  if (!stages.empty()) body["stages"] = texts_json(stages);
  const auto got = TRY(server.post(route("registered-models/get-latest-versions"), body));
  std::vector<ModelVersion> versions;
  for (const auto& item : items(got, "model_versions")) versions.push_back(version_of(item));
  return versions;
}

Result<ModelVersion> newest_version(Server& server, std::string_view name, std::string_view stage) {
  std::vector<std::string> stages;
  if (lower(stage) != "latest") stages.emplace_back(stage);
  const auto versions = TRY(latest_versions(server, name, stages));
  const auto newest = std::ranges::max_element(versions, {}, [](const ModelVersion& version) {
    return to_integer(version.version).value_or(0);
  });
  if (newest != versions.end()) return *newest;
  return fail(Code::resource_does_not_exist, "'{}' has no version in stage '{}'", name, stage);
}

Result<ModelVersion> get_version(Server& server, std::string_view name, std::string_view version) {
  const Query query{{"name", std::string(name)}, {"version", std::string(version)}};
  const auto got = TRY(server.get(route("model-versions/get"), query));
  return version_of(member(got, "model_version"));
}

Result<std::string> download_uri(Server& server, std::string_view name, std::string_view version) {
  const Query query{{"name", std::string(name)}, {"version", std::string(version)}};
  const auto got = TRY(server.get(route("model-versions/get-download-uri"), query));
  return text_member(got, "artifact_uri");
}

Result<std::string> score(Server& server, std::string_view name, std::string_view place,
                          std::string body) {
  const auto path =
      fmt::format("/model/{}/{}/invocations", percent_encode(name), percent_encode(place));
  return server.post_text(path, std::move(body), "application/json");
}

Result<void> delete_model(Server& server, std::string_view name) {
  TRY(server.send("DELETE", route("registered-models/delete"), JsonObject{{"name", name}}));
  return {};
}

Result<void> delete_version(Server& server, std::string_view name, std::string_view version) {
  const JsonObject body{{"name", name}, {"version", version}};
  TRY(server.send("DELETE", route("model-versions/delete"), body));
  return {};
}

Result<Endpoint> enable_endpoint(Server& server, std::string_view name) {
  const auto enabled =
      TRY(server.post(route("endpoints/enable"), JsonObject{{"registered_model_name", name}}));
  return endpoint_of(member(enabled, "endpoint"));
}

Result<void> disable_endpoint(Server& server, std::string_view name) {
  TRY(server.post(route("endpoints/disable"), JsonObject{{"registered_model_name", name}}));
  return {};
}

Result<std::vector<Endpoint>> list_endpoints(Server& server) {
  const auto got = TRY(server.get(route("endpoints/list")));
  std::vector<Endpoint> endpoints;
  for (const auto& item : items(got, "endpoints")) endpoints.push_back(endpoint_of(item));
  return endpoints;
}

Result<CreatedToken> create_token(Server& server, std::string_view comment,
                                  int64_t lifetime_seconds) {
  JsonObject body{{"comment", comment}};
  if (lifetime_seconds > 0) body["lifetime_seconds"] = lifetime_seconds;
  const auto made = TRY(server.post("/api/2.0/token/create", body));
  return CreatedToken{text_or(made, "token_value"), token_of(member(made, "token_info"))};
}

Result<std::vector<Token>> list_tokens(Server& server) {
  const auto got = TRY(server.get("/api/2.0/token/list"));
  std::vector<Token> tokens;
  for (const auto& item : items(got, "token_infos")) tokens.push_back(token_of(item));
  return tokens;
}

Result<void> delete_token(Server& server, std::string_view token_id) {
  TRY(server.post("/api/2.0/token/delete", JsonObject{{"token_id", token_id}}));
  return {};
}

}  // namespace slipway::client
