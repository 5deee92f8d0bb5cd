// store/model_versions.h — the numbered versions of a registered model.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/values.h"

namespace slipway::store {

enum class VersionStatus { pending_registration, failed_registration, ready };

/// Give the wire's spelling, such as `READY`.
std::string_view version_status_name(VersionStatus status);

struct ModelVersion {
  std::string name;
  int64_t version = 0;
  int64_t creation_timestamp_ms = 0;
  int64_t last_updated_timestamp_ms = 0;
  std::optional<std::string> description;
  std::string user_id;
  std::string current_stage;  // None, Staging, Production, Archived
  std::string source;
  std::string run_id;
  std::string run_link;
  std::string model_id;
  VersionStatus status = VersionStatus::ready;
  std::string status_message;
  std::vector<Tag> tags;
  std::vector<std::string> aliases;
};

struct NewModelVersion {
  std::string name;
  std::string source;
  std::string run_id;
  std::string run_link;
  std::string model_id;
  std::optional<std::string> description;
  std::vector<Tag> tags;
};

/// Make the next version of a registered model and give it. Numbers are never used again.
///
/// Errors   resource_does_not_exist: the model; invalid_parameter_value: a source that leaves the
///          run's or logged model's artifacts, or a broken limit.
Result<ModelVersion> create_model_version(db::Connection& conn, const NewModelVersion& request);

/// Give a version. `version` is the wire's text: Errors invalid_parameter_value: no integer;
/// resource_does_not_exist: unknown or deleted.
Result<ModelVersion> get_model_version(db::Connection& conn, std::string_view name,
                                       std::string_view version);

/// Set the description and give the version. Errors as get_model_version.
Result<ModelVersion> update_model_version(db::Connection& conn, std::string_view name,
                                          std::string_view version,
                                          const std::optional<std::string>& description);

/// Delete a version and its aliases. Errors as get_model_version.
Result<void> delete_model_version(db::Connection& conn, std::string_view name,
                                  std::string_view version);

enum class ArchiveExisting { no, yes };

/// Move a version to a stage (any case) and give it; with `yes` the stage's other versions are
/// archived, which is for Staging and Production only.
/// Errors   as get_model_version; invalid_parameter_value: the stage.
Result<ModelVersion> transition_stage(db::Connection& conn, std::string_view name,
                                      std::string_view version, std::string_view stage,
                                      ArchiveExisting archive_existing);

/// Set or delete a tag; deleting one that is not there is fine. Errors as get_model_version.
Result<void> set_model_version_tag(db::Connection& conn, std::string_view name,
                                   std::string_view version, const Tag& tag);
Result<void> delete_model_version_tag(db::Connection& conn, std::string_view name,
                                      std::string_view version, std::string_view key);

/// Give where a version's files are, with runs:/ and models:/ resolved when it was made.
/// Errors   as get_model_version.
Result<std::string> download_uri(db::Connection& conn, std::string_view name,
                                 std::string_view version);

/// Find versions; request.max_results must be 1..200000.
Result<Page<ModelVersion>> search_model_versions(db::Connection& conn,
                                                 const SearchRequest& request);

/// List the versions of a model that serving may load: READY and not Archived, lowest first.
/// Errors   as get_registered_model.
Result<std::vector<ModelVersion>> active_versions(db::Connection& conn, std::string_view name);

}  // namespace slipway::store
