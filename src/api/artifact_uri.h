// api/artifact_uri.h — where in the artifact store an artifact address points.
#pragma once
#include <string_view>

#include "base/result.h"
#include "files/path.h"
#include "store/store.h"

namespace slipway::api {

/// Find the place of `mlflow-artifacts:/PATH`, `runs:/RUN_ID/PATH` or `models:/MODEL_ID`.
///
/// Errors   not_implemented: the files are elsewhere (s3:, file:, …), which this server does not
///          read for others; invalid_parameter_value: the path is not safe;
///          resource_does_not_exist: no such run or logged model.
Result<files::Path> resolve_artifact_uri(std::string_view uri, store::Store& store);

/// Read a path that a request names.
/// Errors   invalid_parameter_value, in MLflow's two words: the path is not safe.
Result<files::Path> asked_path(std::string_view text);

}  // namespace slipway::api
