// models/onnx/builder.h — writes an ONNX graph, node by node.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/onnx/file.h"
#include "models/onnx/tensor.h"
#include "models/tree_ensemble.h"

namespace slipway::models::onnx {

/// A value within the graph: what others call it.
struct Wire {
  std::string name;
  Element element = Element::float32;
};

/// An attribute to be written.
struct Setting {
  std::string name;
  std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
               std::vector<std::string>>
      value;
};

/// Collects a graph. Names are made here and never collide.
class Builder {
 public:
  /// Shapes: -1 = as many as there are rows.
  Wire input(std::string name, Element element, const Shape& shape);
  void output(const std::string& name, const Wire& wire, const Shape& shape);
  Wire constant(const Tensor& tensor);
  Wire floats(const std::vector<double>& values, Shape shape = {});  // shape {}: one row
  Wire integers(const std::vector<int64_t>& values);

  /// An operator of ai.onnx with one output, of the first input's type unless said.
  Wire node(std::string_view op, const std::vector<Wire>& inputs,
            const std::vector<Setting>& settings = {}, Element element = Element::none);
  /// One of ai.onnx.ml.
  Wire ml_node(std::string_view op, const std::vector<Wire>& inputs,
               const std::vector<Setting>& settings, Element element = Element::float32);

  Wire cast(const Wire& wire, Element element);
  /// Columns side by side; each is a matrix.
  Wire beside(const std::vector<Wire>& wires);
  /// Some columns of a matrix, in the order named.
  Wire columns(const Wire& matrix, const std::vector<size_t>& wanted);

  /// The sums of trees that read rows of float32: [rows × n_outputs].
  ///
  /// trees    as TreeEnsemble::unpack() gives them: x <= value goes left.
  /// Errors   not_implemented: splits by category or linear leaves.
  Result<Wire> trees(const Wire& rows, const std::vector<Tree>& trees,
                     const std::vector<double>& base_scores, double divide_by = 1);

  /// The file's bytes: opsets ai.onnx 18, ai.onnx.ml 3, IR version 9.
  std::string finish() const;

 private:
  Wire add(std::string_view op, std::string_view domain, const std::vector<Wire>& inputs,
           const std::vector<Setting>& settings, Element element);
  std::string fresh(std::string_view stem);

  std::string graph_;  // GraphProto's fields so far
  size_t n_names_ = 0;
};

}  // namespace slipway::models::onnx
