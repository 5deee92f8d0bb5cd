// client/registry.h — registered models, versions, endpoints and tokens on a server.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "client/server.h"

namespace slipway::client {

struct ModelVersion {
  std::string name;
  std::string version;
  std::string stage;
  std::string status;
  std::string source;
  std::string run_id;
  std::string description;
  std::vector<std::string> aliases;
  std::map<std::string, std::string> tags;
  int64_t creation_time_ms = 0;
  int64_t last_updated_time_ms = 0;
};

struct RegisteredModel {
  std::string name;
  std::string description;
  int64_t creation_time_ms = 0;
  int64_t last_updated_time_ms = 0;
  std::vector<ModelVersion> latest_versions;
  std::map<std::string, std::string> aliases;  // alias → version
  std::map<std::string, std::string> tags;
};

/// A search of registered models or of versions.
struct RegistrySearch {
  std::string filter;  // in MLflow's search language, such as `name LIKE 'flight%'`; "" = all
  std::vector<std::string> order_by;
};
Result<std::vector<RegisteredModel>> search_models(Server& server,
                                                   const RegistrySearch& search = {});
Result<RegisteredModel> get_model(Server& server, std::string_view name);
/// Aliases are not among what it finds.
Result<std::vector<ModelVersion>> search_versions(Server& server, const RegistrySearch& search);
/// Every version of a model with its aliases, lowest first. Errors   resource_does_not_exist.
Result<std::vector<ModelVersion>> list_versions(Server& server, std::string_view name);
/// Make the registered model where there is none, then its next version.
Result<ModelVersion> register_version(Server& server, std::string_view name,
                                      std::string_view source, std::string_view run_id);
enum class Archive { no, yes };
Result<ModelVersion> transition(Server& server, std::string_view name, std::string_view version,
                                std::string_view stage, Archive archive_existing);
Result<void> set_alias(Server& server, std::string_view name, std::string_view alias,
                       std::string_view version);
Result<void> delete_alias(Server& server, std::string_view name, std::string_view alias);
/// Errors   invalid_parameter_value: no such alias, as MLflow says it.
Result<ModelVersion> version_by_alias(Server& server, std::string_view name,
                                      std::string_view alias);
/// Give the highest version of each of `stages`; of each stage there is, where it is empty.
Result<std::vector<ModelVersion>> latest_versions(Server& server, std::string_view name,
                                                  const std::vector<std::string>& stages);
/// Give the highest version in `stage`, or of all for "latest".
/// Errors   resource_does_not_exist: there is none.
Result<ModelVersion> newest_version(Server& server, std::string_view name, std::string_view stage);
Result<ModelVersion> get_version(Server& server, std::string_view name, std::string_view version);
/// Give the artifact address of a version's files.
Result<std::string> download_uri(Server& server, std::string_view name, std::string_view version);
Result<void> delete_model(Server& server, std::string_view name);
Result<void> delete_version(Server& server, std::string_view name, std::string_view version);

struct EndpointVersion {
  std::string version;
  std::string stage;
  std::string state;
  std::string message;
  std::string path;
};

struct Endpoint {
  std::string registered_model_name;
  std::vector<EndpointVersion> versions;
};

Result<Endpoint> enable_endpoint(Server& server, std::string_view name);
Result<void> disable_endpoint(Server& server, std::string_view name);
Result<std::vector<Endpoint>> list_endpoints(Server& server);

/// Score rows with a deployed model and give the answer's JSON text. `place` is a version, a stage
/// or an alias; `body` as MLflow's /invocations takes it, such as {"dataframe_split": …}.
/// Errors   the server's own; the token of `server` must be one that may score.
Result<std::string> score(Server& server, std::string_view name, std::string_view place,
                          std::string body);

struct Token {
  std::string token_id;
  std::string comment;
  int64_t creation_time_ms = 0;
  int64_t expiry_time_ms = -1;  // -1: never
};

struct CreatedToken {
  std::string value;
  Token token;
};

/// `lifetime_seconds` of 0: it never ends.
Result<CreatedToken> create_token(Server& server, std::string_view comment,
                                  int64_t lifetime_seconds);
Result<std::vector<Token>> list_tokens(Server& server);
Result<void> delete_token(Server& server, std::string_view token_id);

}  // namespace slipway::client
