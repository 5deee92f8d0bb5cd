// models/onnx/graph.h — an ONNX graph that we evaluate ourselves.
#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/onnx/file.h"
#include "models/onnx/tensor.h"

namespace slipway::models::onnx {

/// A graph ready to run. Immutable; any number of threads may run it. Copies share what it is made
/// of.
class Graph {
 public:
  /// Check a file and make a graph of it.
  ///
  /// Errors   not_implemented: an operator, an attribute or an element type that is not evaluated,
  ///          named: ONNX Runtime may know it;
  ///          invalid_parameter_value: damaged, a value that nothing gives, operators in a circle.
  static Result<Graph> make(const File& file, const ExternalFiles& files);

  const std::vector<Port>& inputs() const;
  const std::vector<Port>& outputs() const;

  /// Run it: one tensor for each input, of its element type, in inputs' order.
  ///
  /// Returns  one tensor for each output.
  /// Errors   invalid_parameter_value: a shape does not fit an input or an operator, which is
  ///          named; a value that an operator refuses.
  Result<std::vector<Tensor>> run(std::vector<Tensor> inputs) const;

 private:
  struct Plan;
  explicit Graph(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}
  std::shared_ptr<const Plan> plan_;
};

/// Hold a shape against what an input takes.
/// Errors   invalid_parameter_value: another rank or another size.
Result<void> check_shape(const Port& port, const Shape& shape);

}  // namespace slipway::models::onnx
