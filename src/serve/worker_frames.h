// serve/worker_frames.h — requests to worker processes, and their answers, as frames.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "serve/worker_pool.h"
#include "serve/worker_process.h"

namespace slipway::serve {

/// What a worker answered.
struct WorkerAnswers {
  std::vector<Result<WorkerAnswer>> parts;  // one for each request
  bool out_of_memory = false;
  std::string damage;  // what is wrong with the frame; "" = nothing
};

/// Write requests as one frame: {"accept", "parts": [{"type", "size", "params", "checked"}]}, then
/// their bodies.
Frame request_frame(const std::vector<WorkerRequest>& requests);

/// Read an answer: {"parts": [{"size", "rows"} or {"code", "message"}], "out_of_memory"}, then the
/// bodies.
WorkerAnswers read_answers(const Frame& frame, size_t n_expected);

/// Read the answer to the first frame and give what the worker says of itself.
/// Errors   internal_error: it could not load the model (the message is its own).
Result<std::string> read_welcome(const Frame& frame);

}  // namespace slipway::serve
