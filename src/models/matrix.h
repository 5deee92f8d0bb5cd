// models/matrix.h — a borrowed table of float32: what estimators read.
#pragma once
#include <cstddef>
#include <span>

namespace slipway::models {

/// A row-major [n_rows × n_columns] float32 matrix that lives elsewhere; NaN is "missing".
/// Only for parameters: it must not outlive the values.
struct MatrixView {
  const float* values = nullptr;
  size_t n_rows = 0;
  size_t n_columns = 0;

  const float* row(size_t i) const { return values + i * n_columns; }
};

}  // namespace slipway::models
