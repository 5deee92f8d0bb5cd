// serve/tensors.h — the tensors of an Open Inference request as columns, and columns as tensors.
#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"

namespace slipway::serve {

/// An output that a request asks for.
struct AskedOutput {
  std::string name;
  bool is_binary = false;
};

/// An inference request's body, read.
struct InferenceRequest {
  std::string id;  // "" where none was sent
  data::Batch rows;
  JsonObject params;                 // those of the signature, with its defaults
  std::vector<AskedOutput> outputs;  // empty: all
  bool binary = false;               // all outputs as bytes, where `outputs` does not say
};

/// Read a body: `n_json` bytes of JSON, behind them the bytes of binary tensors. See infer() in
/// serve/inference.h for what is taken and refused.
Result<InferenceRequest> read_inference_request(std::string_view body, size_t n_json,
                                                const models::Signature& signature);

/// The `outputs` of an answer, and the bytes that go behind its JSON.
struct Tensors {
  std::string text;
  std::string bytes;
};

/// Write the outputs that a request asks for.
/// Errors   invalid_parameter_value: an output is asked for that the model does not give.
Result<Tensors> write_tensors(const data::Batch& scores, const InferenceRequest& request);

/// Describe columns as the protocol's tensors: [{"name", "datatype", "shape"}]; those without names
/// as one, called `unnamed`.
Json tensor_specs(const std::vector<models::ColumnSpec>& columns, std::string_view unnamed);

/// Describe what a model takes as the protocol's tensors.
Json input_specs(const models::Signature& signature);

}  // namespace slipway::serve
