// models/lightgbm_flavor.h — a Booster as mlflow.lightgbm.log_model writes it.
#pragma once
#include <memory>
#include <string>

#include "models/lightgbm_model.h"
#include "models/model.h"

namespace slipway::models {

/// Make a Model that predicts as Booster.predict does. Its output columns are float64 and have no
/// name, as MLflow gives an array.
///
/// A text column of a feature that came as a pandas category is looked up among the values that the
/// model keeps, numbers too where these are numbers; a value that is not among them is missing.
/// Other numbers are taken as they are.
///
/// signature  of the MLmodel: its columns in order are the features; without inputs, the feature
///            names are taken as doubles.
/// Errors   invalid_parameter_value: the signature has another number of inputs than the booster
///          has features.
Result<std::unique_ptr<Model>> make_lightgbm_flavor(LightgbmModel booster, Signature signature,
                                                    std::string input_example);

}  // namespace slipway::models
