#include "client/registry.h"

#include <algorithm>

#include "base/text.h"
#include "client/fields.h"
#include "client/pages.h"

namespace slipway::client {
namespace {

std::string route(std::string_view name) { return "/api/2.0/mlflow/" + std::string(name); }

ModelVersion version_of(const Json& json) {
  ModelVersion version;
  version.name = text_or(json, "name");
  version.version = text_or(json, "version");
  version.stage = text_or(json, "current_stage");
  version.status = text_or(json, "status");
  version.source = text_or(json, "source");
  version.run_id = text_or(json, "run_id");
  version.description = text_or(json, "description");
  version.tags = texts_by_key(json, "tags");
  version.creation_time_ms = integer_or(json, "creation_timestamp");
  version.last_updated_time_ms = integer_or(json, "last_updated_timestamp");
  for (const auto& alias : items(json, "aliases")) {
    if (alias.is_string()) version.aliases.emplace_back(alias.get_string().c_str());
  }
  return version;
}

RegisteredModel model_of(const Json& json) {
  RegisteredModel model;
  model.name = text_or(json, "name");
  model.description = text_or(json, "description");
  model.tags = texts_by_key(json, "tags");
  model.creation_time_ms = integer_or(json, "creation_timestamp");
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

Query query_of(const RegistrySearch& search) {
  Query query;
  if (!search.filter.empty()) query.emplace_back("filter", search.filter);
  for (const auto& order : search.order_by) query.emplace_back("order_by", order);
  return query;
}

}  // namespace

Result<std::vector<RegisteredModel>> search_models(Server& server, const RegistrySearch& search) {
  std::vector<RegisteredModel> models;
  TRY(get_pages(server, route("registered-models/search"), query_of(search),
                [&](const Json& page) -> Result<Next> {
                  for (const auto& item : items(page, "registered_models")) {
                    models.push_back(model_of(item));
                  }
                  return Next::page;
                }));
  return models;
}

Result<std::vector<ModelVersion>> search_versions(Server& server, const RegistrySearch& search) {
  std::vector<ModelVersion> versions;
  TRY(get_pages(server, route("model-versions/search"), query_of(search),
                [&](const Json& page) -> Result<Next> {
                  for (const auto& item : items(page, "model_versions")) {
                    versions.push_back(version_of(item));
                  }
                  return Next::page;
                }));
  return versions;
}

Result<RegisteredModel> get_model(Server& server, std::string_view name) {
  const auto got = TRY(server.get(route("registered-models/get"), {{"name", std::string(name)}}));
  return model_of(member(got, "registered_model"));
}

Result<std::vector<ModelVersion>> list_versions(Server& server, std::string_view name) {
  if (name.find('\'') != name.npos) {
    return fail(Code::invalid_parameter_value, "a model's name has no quote in it: {}", name);
  }
  const auto model = TRY(get_model(server, name));
  auto versions =
      TRY(search_versions(server, {fmt::format("name = '{}'", name), {"version_number ASC"}}));
  for (auto& version : versions) {  // a search tells no aliases
    version.aliases.clear();
    for (const auto& [alias, number] : model.aliases) {
      if (number == version.version) version.aliases.push_back(alias);
    }
  }
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
