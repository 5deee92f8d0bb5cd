// serve/tensors.h — the tensors of an Open Inference request as columns, and columns as tensors.
#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"

namespace slipway::serve {

/// An inference request's body, read.
struct InferenceRequest {
  std::string id;  // "" where none was sent
  data::Batch rows;
  JsonObject params;                 // those of the signature, with its defaults
  std::vector<std::string> outputs;  // those asked for; empty: all
};

/// Read a body; see infer() in serve/inference.h for what is taken and refused.
Result<InferenceRequest> read_inference_request(std::string_view body,
                                                const models::Signature& signature);

/// Write the `outputs` of an answer.
/// Errors   invalid_parameter_value: an output is asked for that the model does not give.
Result<std::string> tensors_text(const data::Batch& scores, const std::vector<std::string>& asked);

/// Describe columns as the protocol's tensors: [{"name", "datatype", "shape"}]; those without names
/// as one, called `unnamed`.
Json tensor_specs(const std::vector<models::ColumnSpec>& columns, std::string_view unnamed);

/// Describe what a model takes as the protocol's tensors.
Json input_specs(const models::Signature& signature);

}  // namespace slipway::serve
