// models/sklearn/kernel.h — kernels between rows: linear, polynomial, radial, sigmoid.
#pragma once
#include <span>
#include <string>

#include "models/sklearn/state.h"

namespace slipway::models::sklearn {

struct Kernel {
  enum class Kind { linear, polynomial, radial, sigmoid };
  Kind kind = Kind::radial;
  double gamma = 1;
  double offset = 0;  // coef0
  double degree = 3;

  /// Errors   not_implemented: another kernel than the four (a function, "precomputed"), named.
  static Result<Kernel> make(const State& state, double gamma);

  double operator()(std::span<const double> a, std::span<const double> b) const;
};

/// Kernel of each row of x with each of `points`.
Matrix kernel_matrix(const Kernel& kernel, const Matrix& x, const Matrix& points);

/// Rows of an attribute that is an array, or a sparse matrix of scipy's.
Result<Matrix> rows_of(const State& state, std::string_view name);

}  // namespace slipway::models::sklearn
