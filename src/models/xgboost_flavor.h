// models/xgboost_flavor.h — a model as mlflow.xgboost.log_model writes it.
#pragma once
#include <memory>
#include <string>

#include "models/model.h"
#include "models/xgboost_model.h"

namespace slipway::models {

/// Whose predict() it repeats: that of Booster, XGBClassifier, or XGBRegressor and XGBRanker.
enum class XgboostForm { booster, classifier, regressor };

/// Make a Model that predicts as the object does that was logged. A booster and a regressor give
/// float32; a classifier gives labels: the number of the class, or of several targets 0 and 1 each
/// as float64. Its output columns have no name, as MLflow gives an array.
///
/// booster    for a classifier or regressor only the trees up to its best iteration.
/// signature  of the MLmodel; without inputs, the booster's feature names are taken as doubles, and
///            where it has none, the columns in their order.
/// Errors   invalid_parameter_value: the signature has another number of inputs than the booster
///          has features, or lacks one of them.
/// Source   XGBClassifier.predict of xgboost 3.2.0, as observed: tests/clients/trees_test.py.
Result<std::unique_ptr<Model>> make_xgboost_flavor(XgboostModel booster, XgboostForm form,
                                                   Signature signature, std::string input_example);

/// Make of predict()'s scores the labels that XGBClassifier gives, or the values of the others.
data::Batch xgboost_labels(const XgboostModel& booster, const std::vector<float>& scores,
                           size_t n_rows);
data::Batch xgboost_values(const XgboostModel& booster, const std::vector<float>& scores,
                           size_t n_rows);

}  // namespace slipway::models
