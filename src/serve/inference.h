// serve/inference.h — the Open Inference Protocol's requests and answers (version 2, REST).
#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/message.h"
#include "models/model.h"
#include "serve/usage.h"

namespace slipway::serve {

/// Which model a request is for, as answers name it.
struct ModelName {
  std::string name;
  std::string version;
};

/// Answer POST …/infer, counted.
///
/// A tensor of shape [n] or [n, 1] is the column of its name; the only tensor of a request, of
/// shape [n, k], is the model's k columns in their order; one of more dimensions, or that the model
/// takes as one, stays a tensor. `data` may be nested or flat (row-major). The model's params are
/// among `parameters`.
/// BOOL, INT8…INT64, UINT8…UINT64, FP16, FP32, FP64 and BYTES are taken; null is a missing value of
/// FP and BYTES. BYTES of a binary column are base64, of a datetime column ISO 8601. Each output is
/// a tensor of shape [n]; outputs without names are one of shape [n, k] named "output-1". With the
/// header Inference-Header-Content-Length the bytes of tensors stand behind the JSON, and answers
/// give theirs so where `binary_data` is asked for.
/// Errors   400 {"error": …}: names the tensor and, where there is one, the value.
/// Source   Open Inference Protocol (KServe), "Inference" of the REST specification, v2, and its
///          binary tensor data extension.
http::Response infer(const models::Model& model, const ModelName& name,
                     const http::Request& request, Usage& usage);

/// What GET /v2/models/NAME answers: inputs and outputs with their types and shapes.
Json model_metadata(const models::Model& model, const ModelName& name);

/// What GET /v2 answers; `version` is this program's.
Json server_metadata(std::string_view version);

/// An error in the protocol's form, {"error": …}, with the status of its code.
http::Response inference_error(const Error& error);

}  // namespace slipway::serve
