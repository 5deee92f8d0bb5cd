// models/signature.h — which columns a model takes and gives, in MLflow's JSON.
#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/column.h"

namespace slipway::models {

/// MLflow's column types (mlflow.types.DataType, 3.17.2).
enum class ColumnType { boolean, integer, long_, float_, double_, string, binary, datetime };

struct ColumnSpec {
  std::string name;
  ColumnType type = ColumnType::double_;
  bool required = true;
};

struct Signature {
  std::vector<ColumnSpec> inputs;
  std::vector<ColumnSpec> outputs;
};

/// Read the `signature` of an MLmodel: its `inputs` and `outputs` are JSON texts of lists like
/// [{"type": "long", "name": "month", "required": true}].
/// Errors   invalid_parameter_value: the JSON or a type is not one we know; the message names it.
Result<Signature> parse_signature(std::string_view inputs, std::string_view outputs);

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

}  // namespace slipway::models
