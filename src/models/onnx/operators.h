// models/onnx/operators.h — the operators that are evaluated, one table for each family.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "models/onnx/file.h"
#include "models/onnx/tensor.h"

namespace slipway::models::onnx {

/// What a node reads; null where an input was left out. Those that the row of the operator calls
/// necessary are there.
using Inputs = std::span<const Tensor* const>;
using Outputs = std::vector<Tensor>;
using Kernel = std::function<Result<Outputs>(Inputs)>;

/// A node while it is made ready.
class NodeView {
 public:
  NodeView(const Node& node, const ExternalFiles& files, int64_t opset,
           std::optional<Element> input_element = {})
      : node_(node), files_(files), opset_(opset), input_element_(input_element) {}

  const Node& node() const { return node_; }
  /// The version of the node's own operator set.
  int64_t opset() const { return opset_; }
  /// The type of the first input; nothing where that is not known before it runs.
  std::optional<Element> input_element() const { return input_element_; }
  bool has(std::string_view name) const { return node_.find(name) != nullptr; }
  int64_t integer(std::string_view name, int64_t otherwise) const;
  float number(std::string_view name, float otherwise) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  std::span<const int64_t> integers(std::string_view name) const;  // none where it is not there
  std::span<const float> floats(std::string_view name) const;
  std::span<const std::string> strings(std::string_view name) const;
  /// Errors   as tensor_of(); invalid_parameter_value: the attribute is not there.
  Result<Tensor> tensor(std::string_view name, SmallIntegers small = SmallIntegers::refuse) const;

  /// Say that an attribute does not fit, or that what it says is not evaluated.
  Error odd(std::string_view why) const;
  Error unsupported(std::string_view what) const;

 private:
  const Node& node_;
  const ExternalFiles& files_;
  int64_t opset_;
  std::optional<Element> input_element_;
};

struct OperatorRow {
  std::string_view name;
  size_t n_inputs;    // that are necessary
  size_t max_inputs;  // kAny: any number, all necessary
  size_t n_outputs;   // at most
  Result<Kernel> (*make)(const NodeView& node);
};
constexpr size_t kAny = SIZE_MAX;

// of the domain ai.onnx
std::span<const OperatorRow> arithmetic_rows();
std::span<const OperatorRow> shape_rows();
std::span<const OperatorRow> matrix_rows();
// of the domain ai.onnx.ml
std::span<const OperatorRow> tree_rows();
std::span<const OperatorRow> feature_rows();
std::span<const OperatorRow> linear_rows();

/// Give one output.
Outputs one(Tensor tensor);

/// Rows and columns of what ai.onnx.ml's operators read: one dimension is one row.
struct Extent {
  size_t n_rows = 0;
  size_t n_columns = 0;
};
Result<Extent> extent_of(const Tensor& tensor);

/// What is done to scores at the end (ai.onnx.ml's post_transform).
enum class PostTransform { none, softmax, logistic, softmax_zero, probit };
Result<PostTransform> post_transform_of(const NodeView& node);
/// Transform one row.
void transform(PostTransform what, std::span<float> row);
float logistic(float x);

/// Class labels of a classifier, texts or whole numbers.
struct Labels {
  std::vector<std::string> texts;
  std::vector<int64_t> numbers;

  size_t size() const { return texts.empty() ? numbers.size() : texts.size(); }
  /// The label of each row, by its place.
  Tensor take(const std::vector<size_t>& places) const;
};

}  // namespace slipway::models::onnx
