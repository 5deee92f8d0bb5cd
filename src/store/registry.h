// store/registry.h — registered models: names under which versions, aliases and stages live.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/model_versions.h"
#include "store/values.h"

namespace slipway::store {

struct Alias {
  std::string alias;
  int64_t version = 0;
  bool operator==(const Alias&) const = default;
};

struct RegisteredModel {
  std::string name;
  int64_t creation_timestamp_ms = 0;
  int64_t last_updated_timestamp_ms = 0;
  std::optional<std::string> description;
  std::vector<ModelVersion> latest_versions;  // the highest of each stage
  std::vector<Tag> tags;
  std::vector<Alias> aliases;
};

/// Make a registered model and give it.
/// Errors   resource_already_exists; invalid_parameter_value: the name or a tag.
Result<RegisteredModel> create_registered_model(db::Connection& conn, std::string_view name,
                                                const std::vector<Tag>& tags,
                                                const std::optional<std::string>& description);

/// Give a registered model. Errors resource_does_not_exist; invalid_parameter_value: the name.
Result<RegisteredModel> get_registered_model(db::Connection& conn, std::string_view name);

/// Rename with all its versions, and give it. Errors as get and create.
Result<RegisteredModel> rename_registered_model(db::Connection& conn, std::string_view name,
                                                std::string_view new_name);

/// Set the description and give the model. Errors as get_registered_model.
Result<RegisteredModel> update_registered_model(db::Connection& conn, std::string_view name,
                                                const std::optional<std::string>& description);

/// Delete for good, with versions, tags and aliases. Errors as get_registered_model.
Result<void> delete_registered_model(db::Connection& conn, std::string_view name);

/// Set or delete a tag; deleting one that is not there is fine. Errors as get_registered_model.
Result<void> set_registered_model_tag(db::Connection& conn, std::string_view name, const Tag& tag);
Result<void> delete_registered_model_tag(db::Connection& conn, std::string_view name,
                                         std::string_view key);

/// Point an alias to a version; drop it (fine where there is none).
/// Errors   resource_does_not_exist: model or version; invalid_parameter_value: the alias.
Result<void> set_alias(db::Connection& conn, std::string_view name, std::string_view alias,
                       std::string_view version);
Result<void> delete_alias(db::Connection& conn, std::string_view name, std::string_view alias);
/// Give the version an alias names.
/// Errors   resource_does_not_exist: the model; invalid_parameter_value: no such alias.
Result<ModelVersion> get_by_alias(db::Connection& conn, std::string_view name,
                                  std::string_view alias);

/// Give the highest version of each of `stages` (any case); of all stages where it is empty.
/// Errors   resource_does_not_exist; invalid_parameter_value: an unknown stage.
Result<std::vector<ModelVersion>> latest_versions(db::Connection& conn, std::string_view name,
                                                  const std::vector<std::string>& stages);

/// Find models; request.max_results must be 1..1000. Prompts are hidden unless the filter names
/// the tag mlflow.prompt.is_prompt.
Result<Page<RegisteredModel>> search_registered_models(db::Connection& conn,
                                                       const SearchRequest& request);

/// A number that grows with every write to the registry or the endpoints; cheap to ask.
Result<int64_t> registry_generation(db::Connection& conn);

}  // namespace slipway::store
