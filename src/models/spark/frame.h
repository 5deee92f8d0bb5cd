// models/spark/frame.h — the table that goes from stage to stage: columns that Spark ML knows.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "data/column.h"

namespace slipway::models::spark {

/// A column of vectors, all `size` long: dense rows one after another, or only some places of each.
struct Vectors {
  size_t n_rows = 0;
  size_t size = 0;
  bool sparse = false;
  std::vector<size_t> starts;     // sparse: n_rows + 1
  std::vector<uint32_t> indices;  // sparse: ascending within a row, < size
  std::vector<double> values;

  static Vectors dense(size_t n_rows, size_t size) {
    return {n_rows, size, false, {}, {}, std::vector<double>(n_rows * size)};
  }
  static Vectors empty_sparse(size_t n_rows, size_t size) {
    return {n_rows, size, true, {0}, {}, {}};
  }

  double* row(size_t i) { return values.data() + i * size; }
  const double* row(size_t i) const { return values.data() + i * size; }
  /// Sparse, row by row: put a value into the row that is being filled, or end that row.
  void put(size_t index, double value) {
    indices.push_back(static_cast<uint32_t>(index));
    values.push_back(value);
  }
  void end_row() { starts.push_back(indices.size()); }

  /// Call with each (index, value) of a row; of a sparse one only those that it has.
  template <typename Call>
  void each(size_t i, Call&& call) const {
    if (!sparse) {
      for (size_t c = 0; c < size; ++c) call(c, values[i * size + c]);
      return;
    }
    for (size_t k = starts[i]; k < starts[i + 1]; ++k) call(size_t{indices[k]}, values[k]);
  }
  /// Σ value × weight; weights are `size` long.
  double dot(size_t i, const double* weights) const;
  /// Errors   resource_exhausted: the matrix would be too large.
  Result<Vectors> to_dense() const;
};

/// A column of lists of words.
struct Words {
  std::vector<size_t> starts = {0};  // n_rows + 1
  std::vector<std::string> words;

  void end_row() { starts.push_back(words.size()); }
};

using Cells = std::variant<data::Column, Vectors, Words>;

struct FrameColumn {
  Cells cells;
  std::vector<std::string> labels;  // StringIndexer's: what each index stood for
  std::vector<size_t> levels;       // of each place: how many values a category has, 0 = a number;
                                    // empty: numbers
};

/// Rows in work. Numbers that are missing are NaN.
class Frame {
 public:
  explicit Frame(size_t n_rows) : n_rows_(n_rows) {}

  size_t n_rows() const { return n_rows_; }
  const FrameColumn* find(const std::string& name) const;
  void set(const std::string& name, Cells cells) { columns_[name] = {std::move(cells), {}, {}}; }
  void set(const std::string& name, FrameColumn column) { columns_[name] = std::move(column); }
  void set_numbers(const std::string& name, std::vector<double> values);
  void erase(const std::string& name) { columns_.erase(name); }

  /// Errors   invalid_parameter_value: no such column, or one of another kind, named.
  Result<const FrameColumn*> get(const std::string& name) const;
  Result<const data::Column*> scalars(const std::string& name) const;
  Result<std::vector<double>> numbers(const std::string& name) const;
  Result<const Vectors*> vectors(const std::string& name) const;
  /// The same, and they must be `size` long for the stage `stage`.
  Result<const Vectors*> vectors(const std::string& name, size_t size,
                                 std::string_view stage) const;
  Result<const Words*> words(const std::string& name) const;

  /// Keep the rows that are marked.
  void keep(const std::vector<uint8_t>& marks);

 private:
  size_t n_rows_;
  std::map<std::string, FrameColumn> columns_;
};

/// A number as Java writes it: 1.0, 1.0E10, NaN.
std::string java_text(double value);
std::string java_text(float value);
/// The cell as Spark's cast to a string gives it; nothing is asked of cells that are missing.
std::string spark_text(const data::Column& column, size_t row);

}  // namespace slipway::models::spark
