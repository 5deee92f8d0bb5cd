// data/convert.h — columns between Arrow's types and ours.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "data/column.h"

namespace arrow {
class ChunkedArray;
class DataType;
}  // namespace arrow

namespace slipway::data {

/// Our type for one of Arrow's, as Table::column says; nothing where there is none.
std::optional<Type> our_type(const arrow::DataType& type);

/// Arrow's type for one of ours; timestamps are in UTC.
std::shared_ptr<arrow::DataType> arrow_type(Type type);

/// Copy a column out of Arrow. Errors as Table::column.
Result<Column> column_from_arrow(const std::string& name,
                                 const std::shared_ptr<arrow::ChunkedArray>& values);

/// Copy a column into Arrow. Errors   internal_error: out of memory.
Result<std::shared_ptr<arrow::ChunkedArray>> column_to_arrow(const Column& column);

}  // namespace slipway::data
