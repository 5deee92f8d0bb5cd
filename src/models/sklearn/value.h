// models/sklearn/value.h — what goes from step to step: typed columns, a matrix, or a sparse one.
#pragma once
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "data/column.h"

namespace slipway::models::sklearn {

/// Row-major numbers. `single` says that numpy holds them as float32: they are then rounded to it
/// after each operation, as numpy's are.
struct Matrix {
  size_t n_rows = 0;
  size_t n_columns = 0;
  std::vector<double> values;
  bool single = false;

  double* row(size_t i) { return values.data() + i * n_columns; }
  const double* row(size_t i) const { return values.data() + i * n_columns; }
  /// Round to float32 where the matrix is single.
  void round();
};

Matrix make_matrix(size_t n_rows, size_t n_columns, double value = 0);

/// Rows of (column, value), columns ascending within a row.
struct SparseMatrix {
  size_t n_rows = 0;
  size_t n_columns = 0;
  std::vector<size_t> starts;  // n_rows + 1
  std::vector<uint32_t> columns;
  std::vector<double> values;
};

using Value = std::variant<data::Batch, Matrix, SparseMatrix>;

size_t n_rows(const Value& value);
size_t n_columns(const Value& value);

enum class Missing { refuse, accept };

/// Give a value as a matrix, as scikit-learn's check_array does.
/// Errors   invalid_parameter_value: a column of text, an infinite number, or, unless accepted, a
///          missing one; in scikit-learn's words with column and row.
Result<Matrix> dense(const Value& value, Missing missing = Missing::refuse);

/// The same, and it must be `n_features` wide for the estimator `name`.
Result<Matrix> features(const Value& value, size_t n_features, std::string_view name,
                        Missing missing = Missing::refuse);

/// As features(), but a sparse value stays sparse. What comes back is no batch.
Result<Value> features_or_sparse(const Value& value, size_t n_features, std::string_view name,
                                 Missing missing = Missing::refuse);

/// Give a value as columns: those of a batch as they are, those of a matrix without names.
data::Batch columns(const Value& value);

/// Give some columns of a value, in the order named; numbers must be < n_columns().
Value take_columns(const Value& value, const std::vector<size_t>& wanted);

/// Put values with equal rows side by side: columns if any has text, else sparse or a matrix.
enum class Layout { dense, sparse };
Result<Value> side_by_side(const std::vector<Value>& parts, size_t n_rows, Layout layout);

/// Multiply: x [n × p] times the transpose of `weights` [k × p], plus `offsets` (k, or none).
Matrix times_transposed(const Value& x, const Matrix& weights, const std::vector<double>& offsets);

SparseMatrix to_sparse(const Matrix& matrix);

/// Give the columns of a matrix as unnamed columns of a batch (float32 where it is single).
data::Batch unnamed_columns(const Matrix& matrix);

}  // namespace slipway::models::sklearn
