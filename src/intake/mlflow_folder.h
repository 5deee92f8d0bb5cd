// intake/mlflow_folder.h — the `mlruns` folder that MLflow keeps without a database.
#pragma once
#include <filesystem>
#include <memory>

#include "intake/source.h"

namespace slipway::intake {

/// Tell whether a folder looks like one of MLflow's: an experiment's meta.yaml lies in it.
bool is_mlflow_folder(const std::filesystem::path& folder);

/// Open an `mlruns` folder, to read it only.
///
/// Errors   resource_does_not_exist, invalid_parameter_value: it is no such folder.
/// Source   the layout that mlflow 3.17.2's FileStore writes and reads.
Result<std::unique_ptr<Source>> open_mlflow_folder(const std::filesystem::path& folder);

}  // namespace slipway::intake
