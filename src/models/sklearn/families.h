// models/sklearn/families.h — the classes that are evaluated, one table for each family.
#pragma once
#include <span>

#include "models/sklearn/estimator.h"

namespace slipway::models::sklearn {

std::span<const EstimatorRow> compose_rows();
std::span<const EstimatorRow> distribution_rows();
std::span<const EstimatorRow> encoder_rows();
std::span<const EstimatorRow> expansion_rows();
std::span<const EstimatorRow> function_rows();
std::span<const EstimatorRow> imputer_rows();
std::span<const EstimatorRow> linear_rows();
std::span<const EstimatorRow> scaling_rows();

}  // namespace slipway::models::sklearn
