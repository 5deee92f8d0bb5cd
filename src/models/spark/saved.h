// models/spark/saved.h — a stage as Spark ML saved it: its parameters as JSON, its data as Parquet.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/nested.h"

namespace slipway::models::spark {

/// The bytes of a saved model's files by their path, such as "stages/0_x/metadata/part-00000".
using Files = std::map<std::string, std::string>;

/// What loading may take, so that sparse sizes in a file stay bounded.
struct Allowance {
  size_t n_cells;
  size_t depth = 0;  // of pipelines within pipelines
};

using Table = data::Nested;

/// Cells of a table, checked. Errors   invalid_parameter_value: missing or of another kind, named.
Result<const Table*> column_of(const Table& table, std::string_view name);
Result<double> number_of(const Table& table, std::string_view name, size_t row);
Result<std::vector<double>> numbers_of(const Table& table, std::string_view name, size_t row);
Result<std::vector<std::string>> texts_of(const Table& table, std::string_view name, size_t row);

/// The places of a list's items, first and last + 1.
struct Span {
  size_t begin;
  size_t end;
};
Result<Span> items_of(const Table& list, size_t row);

/// A matrix as Spark keeps it, brought to rows one after another.
struct Weights {
  size_t n_rows = 0;
  size_t n_columns = 0;
  std::vector<double> values;

  const double* row(size_t i) const { return values.data() + i * n_columns; }
};

/// One saved stage. Borrows the files.
class Saved {
 public:
  /// Errors   invalid_parameter_value: no metadata there, or damaged; says where.
  static Result<Saved> open(const Files& files, const std::string& folder, Allowance& allowance);

  /// Such as "org.apache.spark.ml.feature.PCAModel", and its last part.
  const std::string& class_name() const { return class_name_; }
  std::string_view name() const;
  const std::string& uid() const { return uid_; }
  /// The first number of the Spark version that saved it.
  int64_t spark_version() const { return spark_version_; }
  Allowance& allowance() const { return *allowance_; }
  const Json& metadata() const { return metadata_; }

  /// A parameter that was set, else its default, else null.
  const Json* find(std::string_view param) const;
  const Json* find_set(std::string_view param) const;
  Result<std::string> text(std::string_view param) const;
  std::string text_or(std::string_view param, std::string_view otherwise) const;
  Result<double> number(std::string_view param) const;
  double number_or(std::string_view param, double otherwise) const;
  bool truth_or(std::string_view param, bool otherwise) const;
  /// Empty where it is not given.
  Result<std::vector<std::string>> texts(std::string_view param) const;
  Result<std::vector<double>> numbers(std::string_view param) const;

  /// Read a folder of Parquet files of this stage.
  Result<Table> table(std::string_view folder = "data") const;
  Result<Saved> open_inner(std::string_view folder) const;
  /// Names of the folders within one of this stage's folders.
  std::vector<std::string> folders_in(std::string_view folder) const;

  /// A vector (org.apache.spark.ml.linalg) of a table, all its places.
  Result<std::vector<double>> vector_of(const Table& table, std::string_view name,
                                        size_t row) const;
  Result<std::vector<double>> vector_in(const Table& vectors, size_t row) const;
  Result<Weights> matrix_of(const Table& table, std::string_view name, size_t row) const;
  Result<Weights> matrix_in(const Table& matrices, size_t row) const;
  Result<void> take_cells(size_t n_rows, size_t n_columns) const;

  /// Say what does not fit, or is not evaluated, in front of it the stage's name.
  Error odd(std::string_view why) const;
  Error unsupported(std::string_view what) const;
  Result<void> require(bool holds, std::string_view why) const;

 private:
  Saved(const Files& files, std::string folder, Allowance& allowance)
      : files_(&files), folder_(std::move(folder)), allowance_(&allowance) {}

  const Files* files_;
  std::string folder_;  // "" or ends with "/"
  Allowance* allowance_;
  Json metadata_;
  std::string class_name_;
  std::string uid_;
  int64_t spark_version_ = 0;
};

/// A number in a parameter's JSON: also "NaN", "Inf" and "-Inf".
Result<double> param_number(const Json& json);

}  // namespace slipway::models::spark
