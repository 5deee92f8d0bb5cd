// store/registry_events.h — what webhooks are told of changes in the registry.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/connection.h"
#include "store/model_versions.h"
#include "store/registry.h"

namespace slipway::store {

// Each writes an event down within the change it tells of. A prompt's events have its own names.
// Source   events and members as mlflow 3.17.2 sends them.
Result<void> tell_model_created(db::Connection& conn, const RegisteredModel& model);
Result<void> tell_version_created(db::Connection& conn, const ModelVersion& version);

/// `value` unset: the tag was deleted.
Result<void> tell_model_tag(db::Connection& conn, std::string_view name, std::string_view key,
                            const std::optional<std::string>& value);
Result<void> tell_version_tag(db::Connection& conn, std::string_view name, std::string_view version,
                              std::string_view key, const std::optional<std::string>& value);

/// `version` unset: the alias was deleted.
Result<void> tell_alias(db::Connection& conn, std::string_view name, std::string_view alias,
                        const std::optional<std::string>& version);

}  // namespace slipway::store
