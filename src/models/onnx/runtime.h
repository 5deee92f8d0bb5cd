// models/onnx/runtime.h — ONNX Runtime, opened when first needed: for graphs that we do not
// evaluate.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "models/onnx/file.h"
#include "models/onnx/tensor.h"

namespace slipway::models::onnx {

/// How a session is made; 0 and "" leave it to ONNX Runtime.
struct SessionSettings {
  std::vector<std::string> providers;  // such as CUDAExecutionProvider, the preferred first
  enum class Missing { skip, refuse } missing_provider = Missing::skip;
  int intra_op_threads = 0;
  int inter_op_threads = 0;
  bool parallel = false;
  int optimization_level = -1;
  std::vector<std::pair<std::string, std::string>> entries;
};

/// A model in ONNX Runtime. Any number of threads may run it.
class Session {
 public:
  /// Open the library (the file that SLIPWAY_ONNXRUNTIME names, then no other; else
  /// lib/libonnxruntime.so* beside the program, ../lib, or the system loader's) and a model in it.
  ///
  /// Errors   not_implemented: the library is not found or too old; says how to get it.
  ///          invalid_parameter_value: ONNX Runtime refuses the model or a provider, in its words.
  static Result<std::unique_ptr<Session>> open(const std::filesystem::path& model,
                                               const SessionSettings& settings);
  ~Session();

  const std::vector<Port>& inputs() const;
  const std::vector<Port>& outputs() const;

  /// Run it as Graph::run(). Sequences of maps become matrices; their keys are those of `ports`.
  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs,
                                  std::vector<Port>& ports) const;

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The full name of a provider by a short one (cpu, cuda, tensorrt) in any case, or by its own.
/// Errors   invalid_parameter_value: none that we know; the message lists them.
Result<std::string> provider_name(std::string_view name);

}  // namespace slipway::models::onnx
