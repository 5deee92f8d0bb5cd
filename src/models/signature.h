// models/signature.h — which columns a model takes and gives, in MLflow's JSON.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/column.h"

namespace slipway::models {

/// MLflow's column types (mlflow.types.DataType, 3.17.2).
enum class ColumnType { boolean, integer, long_, float_, double_, string, binary, datetime };

/// A tensor as a signature has it.
struct TensorSpec {
  std::string dtype;           // numpy's name, such as "float32"
  std::vector<int64_t> shape;  // the first is the rows; -1 = any size

  /// The type of a column that holds such values: all integers int64, halves float32.
  data::Type type() const;
};

struct ColumnSpec {
  std::string name;
  ColumnType type = ColumnType::double_;
  bool required = true;
  std::optional<TensorSpec> tensor = {};  // of a named tensor; `type` is then its values' type
};

/// What a request may say beside its rows.
struct ParamSpec {
  std::string name;
  ColumnType type = ColumnType::double_;
  bool is_list = false;  // of shape (-1,)
  Json default_value;
};

struct Signature {
  std::vector<ColumnSpec> inputs;
  std::vector<ColumnSpec> outputs;
  std::optional<TensorSpec> tensor = {};  // the one input without a name; `inputs` is then empty
  std::vector<ParamSpec> params = {};

  /// Tell whether the inputs are tensors, which enforce_tensors() is for.
  bool takes_tensors() const;
};

/// Read the `signature` of an MLmodel: its `inputs`, `outputs` and `params` are JSON texts of lists
/// like [{"type": "long", "name": "month", "required": true}].
/// Errors   invalid_parameter_value: the JSON or a type is not one we know; the message names it.
Result<Signature> parse_signature(std::string_view inputs, std::string_view outputs,
                                  std::string_view params = "");

/// Write one side of a signature as MLflow does.
std::string signature_text(const std::vector<ColumnSpec>& columns);

/// Give the type that a data column has in a signature.
ColumnType column_type(data::Type type);

/// Spelling of a type in the JSON, such as "long".
std::string_view column_type_name(ColumnType type);

/// Bring a batch to a signature's inputs as MLflow does before it scores: columns in the
/// signature's order, extra ones dropped, numbers widened where that loses nothing (int to long,
/// int to double, float to double).
///
/// Errors   invalid_parameter_value: required columns are missing (MLflow's words, all of them), a
///          column has a type that cannot be widened, or an integer column has a value that is
///          missing or fractional: names column, row (from 0) and value.
/// Source   mlflow.models.utils._enforce_schema, 3.17.2, as observed.
Result<data::Batch> enforce(const Signature& signature, const data::Batch& rows);

/// Bring a batch to a signature of tensors: one column for each, of its type() and, behind the
/// rows, its shape. Numbers are cast as a request's JSON is; rows of another shape but as many
/// values are reshaped. For the tensor without a name (the column ""), columns of single values are
/// put beside each other.
///
/// Errors   invalid_parameter_value: an input is missing, its shape does not match, a value is
///          missing or does not fit the type.
/// Source   mlflow.models.utils._enforce_tensor_schema, 3.17.2, as observed.
Result<data::Batch> enforce_tensors(const Signature& signature, const data::Batch& rows);

/// Check a request's `params` against a signature and add the defaults of those not given; what
/// the signature does not name is left out.
///
/// Errors   invalid_parameter_value: a value of another type, in MLflow's words.
/// Source   mlflow.models.utils._enforce_params_schema, 3.17.2, as observed.
Result<JsonObject> enforce_params(const Signature& signature, const JsonObject& params);

}  // namespace slipway::models
