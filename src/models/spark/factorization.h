// models/spark/factorization.h — factorization machines, of classifiers and of regressors.
#pragma once
#include <vector>

#include "models/spark/stage.h"

namespace slipway::models::spark {

struct FactorizationMachine {
  double intercept = 0;
  std::vector<double> linear;
  Weights factors;  // a row for each feature

  double score(const Vectors& x, size_t row) const;
};

/// Errors   invalid_parameter_value: the data does not fit.
Result<FactorizationMachine> factorization_machine(const Saved& saved);

}  // namespace slipway::models::spark
