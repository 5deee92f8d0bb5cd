// serve/datatype.h — the types of the Open Inference Protocol's tensors, and their bytes.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"

namespace slipway::serve {

/// A type as the protocol names it.
struct Datatype {
  std::string_view name;
  data::Type type;     // of the column that holds such values
  size_t n_bytes = 0;  // of one value; 0: its length stands before it
  double low = 0;      // of whole numbers
  double high = 0;
};

std::span<const Datatype> datatypes();
/// Find a type by its name, or null.
const Datatype* datatype_named(std::string_view name);

/// Name the type of a column, of a signature's column, of a signature's tensor.
std::string_view datatype_of(data::Type type);
std::string_view datatype_of(models::ColumnType type);
std::string_view datatype_of(const models::TensorSpec& tensor);

/// Read `n_values` values from bytes: little-endian and packed; each of BYTES after its length in
/// four bytes.
/// Errors   invalid_parameter_value: not that many bytes; names the tensor.
/// Source   Open Inference Protocol, "Binary tensor data extension".
Result<data::Column> column_from_bytes(std::string_view tensor, const Datatype& datatype,
                                       std::string_view bytes, size_t n_values);

/// Append the i-th value of a column as such bytes, in the type that datatype_of() names. A missing
/// text is empty, a missing number NaN.
void append_value_bytes(std::string& out, const data::Column& column, size_t i);

}  // namespace slipway::serve
