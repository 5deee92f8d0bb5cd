// store/logged_model_rows.h — logged models by their integer keys, for searches and the registry.
#pragma once
#include <cstdint>
#include <string_view>

#include "db/connection.h"
#include "store/logged_models.h"

namespace slipway::store {

/// Read a logged model with all its data. Errors resource_does_not_exist.
Result<LoggedModel> load_logged_model(db::Connection& conn, int64_t key);

/// Add a registered version to the tag mlflow.modelVersions of the logged model it was made from.
/// Errors   resource_does_not_exist: no such logged model.
Result<void> note_model_version(db::Connection& conn, std::string_view model_id,
                                std::string_view name, int64_t version);

}  // namespace slipway::store
