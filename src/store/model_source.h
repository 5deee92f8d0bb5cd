// store/model_source.h — where a new model version's files are, and whether it may point there.
#pragma once
#include <string>

#include "db/connection.h"
#include "store/model_versions.h"

namespace slipway::store {

/// A source that was checked and resolved.
struct ModelSource {
  std::string source;            // as kept; models:/ aliases and stages became version numbers
  std::string storage_location;  // where the files are: no runs:/ and no models:/
  std::string run_id;
  std::string model_id;
};

/// Check and resolve the source of a new version.
///
/// Refused are: a way out by `..` however encoded; a local path, a runs:/ or an mlflow-artifacts
/// address outside the artifacts of the run (or logged model) that the request names; an unknown
/// models:/ address. Other schemes are taken as they are. Prompts have a placeholder for a source.
/// Errors   invalid_parameter_value; resource_does_not_exist: a models:/ address of no version.
/// Source   mlflow 3.17.2 as observed; its advisories on model version sources.
Result<ModelSource> resolve_source(db::Connection& conn, const NewModelVersion& request);

}  // namespace slipway::store
