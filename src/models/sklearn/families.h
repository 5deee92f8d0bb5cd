// models/sklearn/families.h — the classes that are evaluated, one table for each family.
#pragma once
#include <span>

#include "models/sklearn/estimator.h"

namespace slipway::models::sklearn {

std::span<const EstimatorRow> bayes_rows();
/// LightGBM's and XGBoost's classes, which are used within scikit-learn's.
std::span<const EstimatorRow> booster_rows();
std::span<const EstimatorRow> boosting_rows();
std::span<const EstimatorRow> compose_rows();
std::span<const EstimatorRow> decision_rows();
std::span<const EstimatorRow> distribution_rows();
std::span<const EstimatorRow> encoder_rows();
std::span<const EstimatorRow> ensemble_rows();
std::span<const EstimatorRow> expansion_rows();
std::span<const EstimatorRow> forest_rows();
std::span<const EstimatorRow> function_rows();
std::span<const EstimatorRow> imputer_rows();
std::span<const EstimatorRow> linear_rows();
std::span<const EstimatorRow> mixture_rows();
std::span<const EstimatorRow> neighbor_rows();
std::span<const EstimatorRow> neural_rows();
std::span<const EstimatorRow> projection_rows();
std::span<const EstimatorRow> scaling_rows();
std::span<const EstimatorRow> selection_rows();
std::span<const EstimatorRow> text_rows();
std::span<const EstimatorRow> vector_rows();
std::span<const EstimatorRow> wrapper_rows();

}  // namespace slipway::models::sklearn
