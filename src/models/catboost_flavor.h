// models/catboost_flavor.h — a model as mlflow.catboost.log_model writes it.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "models/catboost_model.h"
#include "models/mlmodel.h"
#include "models/model.h"

namespace slipway::models {

/// Make a Model that predicts as the object's own predict() does: CatBoostClassifier gives labels,
/// a list of one each where there are more than two classes; the others values, of Poisson and
/// Tweedie their exponent.
///
/// model_class  its class in MLflow's words: CatBoost, CatBoostClassifier, CatBoostRegressor or
///              CatBoostRanker.
/// Errors   not_implemented: another class, or a loss whose predict() gives something else, named;
///          invalid_parameter_value: the signature does not fit the features.
Result<std::unique_ptr<Model>> make_catboost_flavor(CatboostModel model,
                                                    std::string_view model_class,
                                                    const Mlmodel& mlmodel,
                                                    std::string input_example);

}  // namespace slipway::models
