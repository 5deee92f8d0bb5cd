// models/sklearn_flavor.h — a model as mlflow.sklearn.log_model writes it, scored without Python.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "models/model.h"

namespace slipway::models {

/// What an MLmodel says of such a model beside its file.
struct SklearnSettings {
  std::string predict_fn = "predict";  // or predict_proba, predict_log_proba
  std::string signature_inputs;        // JSON texts; "" = none
  std::string signature_outputs;
  std::string signature_params;
  std::string input_example;
};

/// Make a Model of a skops file or a pickle. It predicts what MLflow's pyfunc of it gives; columns
/// without names, as MLflow gives an array.
///
/// Columns are taken by the names the estimator was fitted on where the batch has them, else in
/// their order.
/// Errors   permission_denied: a class in the file that is not read, named;
///          not_implemented: an estimator, a setting or a predict_fn that is not evaluated, named;
///          invalid_parameter_value: a damaged file.
Result<std::unique_ptr<Model>> make_sklearn_flavor(std::string_view bytes,
                                                   SklearnSettings settings);

}  // namespace slipway::models
