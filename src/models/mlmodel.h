// models/mlmodel.h — the MLmodel file: what MLflow says about a model folder, in YAML.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::models {

/// The parts of an MLmodel that we read and write.
struct Mlmodel {
  /// Plain values by key, "" for null; those of a map within by "map.key", of a list by "list.0".
  using Flavor = std::map<std::string, std::string>;

  std::string artifact_path;
  std::string run_id;            // "" = none
  std::string model_uuid;        // 32 hex digits
  std::string model_id;          // "" = none
  std::string utc_time_created;  // "2026-11-23 09:08:07.123456"
  std::string mlflow_version;    // the version whose format it is, "3.17.2"
  int64_t model_size_bytes = 0;  // of all files but the MLmodel
  std::map<std::string, Flavor> flavors;
  std::string signature_inputs;  // JSON texts; "" = no signature
  std::string signature_outputs;
  std::string signature_params;      // read only
  bool has_type_hints = false;       // read only: the signature comes from Python's type hints
  std::string example_path;          // of saved_input_example_info; "" = no example
  std::string serving_example_path;  // the same rows as a body for /invocations; "" = none
};

/// Read an MLmodel.
/// Errors   invalid_parameter_value: not YAML, over 1 MB, nested deeper than 32 levels, or with
///          aliases; says where.
Result<Mlmodel> parse_mlmodel(std::string_view yaml);

/// The python_env.yaml beside an MLmodel: the Python and the packages that a model asks for.
struct PythonEnvironment {
  std::string python;                           // "3.11.2"; "" = any
  std::vector<std::string> build_dependencies;  // requirements as pip takes them
  std::vector<std::string> dependencies;        // also "-r FILE", FILE in the model's folder
};

/// Read a python_env.yaml. Errors as parse_mlmodel.
Result<PythonEnvironment> parse_python_environment(std::string_view yaml);

/// Write an MLmodel as MLflow 3.17 does (keys sorted).
std::string mlmodel_text(const Mlmodel& mlmodel);

}  // namespace slipway::models
