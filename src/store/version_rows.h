// store/version_rows.h — registered models and versions by their integer keys.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/model_versions.h"

namespace slipway::store {

/// Find a registered model. Errors resource_does_not_exist; invalid_parameter_value: the name.
Result<int64_t> registered_model_key(db::Connection& conn, std::string_view name);

/// Find a version by the wire's text. Errors as get_model_version.
Result<int64_t> version_key(db::Connection& conn, std::string_view name, std::string_view version);

/// Read a version with its tags and aliases. Errors resource_does_not_exist.
Result<ModelVersion> load_version(db::Connection& conn, int64_t key);

/// Read the highest version of each of the stages, in their order; of all where it is empty.
Result<std::vector<ModelVersion>> highest_of_stages(db::Connection& conn, int64_t model_key,
                                                    const std::vector<std::string>& stages);

/// Give a stage's own spelling for one in any case.
/// Errors   invalid_parameter_value: there is none.
Result<std::string> canonical_stage(std::string_view stage);

/// Note that a registered model changed now, and raise the registry's generation.
Result<void> touch_model(db::Connection& conn, int64_t model_key);
/// Raise the registry's generation alone.
Result<void> raise_generation(db::Connection& conn);

}  // namespace slipway::store
