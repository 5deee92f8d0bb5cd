// models/xgboost_flavor.h — a model as mlflow.xgboost.log_model writes it.
#pragma once
#include <memory>
#include <string>

#include "models/model.h"
#include "models/xgboost_model.h"

namespace slipway::models {

/// Make a Model that predicts as Booster.predict does (probabilities, also where the folder holds
/// an XGBClassifier). Its output columns are float32 and have no name, as MLflow gives an array.
///
/// signature  of the MLmodel; without inputs, the booster's feature names are taken as doubles, and
///            where it has none, the columns in their order.
/// Errors   invalid_parameter_value: the signature has another number of inputs than the booster
///          has features, or lacks one of them.
Result<std::unique_ptr<Model>> make_xgboost_flavor(XgboostModel booster, Signature signature,
                                                   std::string input_example);

}  // namespace slipway::models
