// serve/scoring.h — one scoring request from bytes to bytes.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "models/model.h"
#include "serve/usage.h"

namespace slipway::serve {

/// A scoring request's body may have this many bytes (the guide's limit).
constexpr uint64_t kMaxBodyBytes = 16u << 20;

/// An answer may have this many values.
constexpr size_t kMaxAnswerValues = size_t{1} << 24;

/// Score many rows a slice at a time, so that what a model needs on its way is bounded.
/// Errors   as Model::predict; invalid_parameter_value: more than kMaxAnswerValues would come.
Result<data::Batch> predict_rows(const models::Model& model, const data::Batch& rows,
                                 const JsonObject& params);

/// Scores as an answer's body.
struct Scores {
  std::string text;
  size_t n_rows = 0;
};

/// Score the rows of a body and write {"predictions": [...]}: a list of records where the model
/// names its outputs, else of values, as MLflow's scoring server does.
/// Errors   as read_request_body and Model::predict.
Result<Scores> score(const models::Model& model, std::string_view body,
                     std::string_view content_type);

/// As score(), from a request to a response, counted; an error becomes MLflow's JSON with its
/// status.
http::Response invoke(const models::Model& model, const http::Request& request, Usage& usage);

}  // namespace slipway::serve
