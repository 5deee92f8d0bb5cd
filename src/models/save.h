// models/save.h — write a model folder that we and an unmodified MLflow client load.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>

#include "base/result.h"
#include "data/column.h"
#include "models/linear_model.h"
#include "models/preprocess.h"

namespace slipway::models {

/// The bytes of an XGBoost model.ubj, as Booster.save_raw gives them.
struct XgboostBytes {
  std::string ubj;
};

struct SaveRequest {
  const Preprocess& preprocess;
  const std::variant<XgboostBytes, LinearModel>& estimator;
  data::Batch example = {};             // a few raw rows; the input example; may be empty
  std::string artifact_path = "model";  // its name within the run
  std::string run_id = "";              // "" = none
  std::string model_id = "";            // "m-…"; "" = none
  int64_t time_ms = 0;                  // 0 = now
};

/// Write MLmodel, the flavour's files, requirements and input example into `dir` (made if needed).
///
/// Effect   the folder loads with models::load() and with mlflow.pyfunc.load_model (3.17), which
///          needs no package of ours: the few lines of Python it needs lie in the folder.
/// Errors   invalid_parameter_value: preparation and estimator do not fit, or the XGBoost bytes are
///          damaged; otherwise as write_file.
/// Source   "Model folder" in docs/FORMATS.md.
Result<void> save(const SaveRequest& request, const std::filesystem::path& dir);

}  // namespace slipway::models
