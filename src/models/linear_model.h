// models/linear_model.h — logistic regression over encoded features.
#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "models/matrix.h"

namespace slipway::models {

/// P(class 1) = 1 / (1 + exp(-(intercept + Σ coefficient × x))), all in double.
struct LinearModel {
  double intercept = 0;
  std::vector<double> coefficients;  // one for each matrix column

  /// Score rows; one P(class 1) each.
  /// Errors   invalid_parameter_value: rows are not coefficients.size() wide.
  Result<std::vector<double>> predict(MatrixView rows) const;

  Json to_json() const;
  /// Errors   invalid_parameter_value: not what to_json() writes; names the part.
  static Result<LinearModel> from_json(const Json& json);
};

}  // namespace slipway::models
