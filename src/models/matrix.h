// models/matrix.h — a borrowed table of numbers: what estimators read.
#pragma once
#include <cstddef>
#include <span>

namespace slipway::models {

/// A row-major [n_rows × n_columns] matrix that lives elsewhere; NaN is "missing".
/// Only for parameters: it must not outlive the values.
template <typename T>
struct BasicMatrixView {
  const T* values = nullptr;
  size_t n_rows = 0;
  size_t n_columns = 0;

  const T* row(size_t i) const { return values + i * n_columns; }
};

using MatrixView = BasicMatrixView<float>;
using Matrix64View = BasicMatrixView<double>;

}  // namespace slipway::models
