// models/mlmodel.h — the MLmodel file: what MLflow says about a model folder, in YAML.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::models {

/// The parts of an MLmodel that we read and write.
struct Mlmodel {
  using Flavor = std::map<std::string, std::string>;  // plain values by key; nested ones left out

  std::string artifact_path;
  std::string run_id;            // "" = none
  std::string model_uuid;        // 32 hex digits
  std::string model_id;          // "" = none
  std::string utc_time_created;  // "2026-11-23 09:08:07.123456"
  std::string mlflow_version;    // the version whose format it is, "3.17.2"
  std::map<std::string, Flavor> flavors;
  std::string signature_inputs;  // JSON texts; "" = no signature
  std::string signature_outputs;
  std::string example_path;  // of saved_input_example_info; "" = no example
};

/// Read an MLmodel.
/// Errors   invalid_parameter_value: not YAML, over 1 MB, nested too deep, or with aliases; says
///          where.
Result<Mlmodel> parse_mlmodel(std::string_view yaml);

/// Write an MLmodel as MLflow 3.17 does (keys in its order).
std::string mlmodel_text(const Mlmodel& mlmodel);

}  // namespace slipway::models
