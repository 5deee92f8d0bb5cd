// models/onnx_flavor.h — a model as mlflow.onnx.log_model writes it.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "models/mlmodel.h"
#include "models/model.h"

namespace slipway::models {

/// What an MLmodel says of such a model.
struct OnnxSettings {
  std::filesystem::path dir;
  std::string path = "model.onnx";  // within dir
  Mlmodel::Flavor flavor;           // `providers` and `onnx_session_options.…` are read
  std::string signature_inputs;     // JSON texts; "" = none
  std::string signature_outputs;
  std::string signature_params;
  std::string input_example;
};

/// Make a Model of an ONNX file. Where our own operators suffice they score it; else ONNX Runtime
/// does, if the options allow it here.
///
/// It predicts what MLflow's pyfunc of it gives: a column for each output. An output of several
/// values a row is a column of that shape, where MLflow puts them below each other.
/// Errors   not_implemented: an operator that is not evaluated, named, and ONNX Runtime is not
///          allowed or not found; invalid_parameter_value: a damaged file.
Result<std::unique_ptr<Model>> make_onnx_flavor(OnnxSettings settings, const LoadOptions& options);

}  // namespace slipway::models
