// models/onnx/feed.h — between the columns of a request and a graph's inputs and outputs.
#pragma once
#include <vector>

#include "data/column.h"
#include "models/onnx/file.h"
#include "models/onnx/tensor.h"

namespace slipway::models::onnx {

/// Make a tensor for each input: of all columns side by side where there is one input, else of the
/// column of each input's name. Numbers become the input's type; a missing number is NaN.
///
/// Errors   invalid_parameter_value: no such column, texts where numbers are wanted or the other
///          way round, a missing value where the type has none, or a width that does not fit.
Result<std::vector<Tensor>> feed(const std::vector<Port>& inputs, const data::Batch& rows);

/// Make a column of each output; its keys name the values of a row.
/// Errors   internal_error: an output has not as many rows as came in.
Result<data::Batch> columns_of(const std::vector<Port>& outputs, std::vector<Tensor> tensors,
                               size_t n_rows);

}  // namespace slipway::models::onnx
