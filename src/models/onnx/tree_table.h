// models/onnx/tree_table.h — the trees of an ONNX tree operator, read from its lists and evaluated.
#pragma once
#include <memory>
#include <vector>

#include "base/result.h"
#include "models/onnx/operators.h"
#include "models/tree_ensemble.h"

namespace slipway::models::onnx {

enum class Mode : uint8_t {
  less_equal,
  less,
  greater_equal,
  greater,
  equal,
  not_equal,
  member,  // of a set
  leaf
};

/// A node; where the mode holds for x, the walk goes to `yes`.
struct TableNode {
  Mode mode = Mode::leaf;
  bool missing_is_yes = false;
  uint32_t feature = 0;
  double threshold = 0;
  int32_t yes = -1;
  int32_t no = -1;
  std::vector<float> members;
};

/// What a leaf adds to an output.
struct TableWeight {
  int32_t node = 0;
  uint32_t output = 0;
  double value = 0;
};

struct TableTree {
  std::vector<TableNode> nodes;  // the first is the root
  std::vector<TableWeight> weights;
};

/// Trees in ONNX's own terms. The operator says neither how many features there are (what the
/// nodes read says that) nor how many outputs have weights.
struct TreeTable {
  std::vector<TableTree> trees;
  size_t n_outputs = 0;
  bool is_double = false;  // thresholds and leaves; sums are then too
};

/// Trees ready to add up. Immutable.
class TreeSums {
 public:
  /// Errors   invalid_parameter_value: a child, a feature or an output out of range, a node reached
  ///          twice, a threshold that is NaN; names tree and node.
  static Result<TreeSums> make(TreeTable table);

  /// Add up the trees' leaves: [n_rows × n_outputs()], from zero and in the trees' order.
  /// Errors   invalid_parameter_value: fewer columns than the trees read, or texts.
  Result<std::vector<float>> single(const Tensor& x) const;
  Result<std::vector<double>> twice(const Tensor& x) const;

  size_t n_outputs() const { return n_outputs_; }
  size_t n_trees() const { return n_trees_; }
  bool is_double() const { return is_double_; }
  /// Whether any leaf has a weight for the output, whatever it is.
  bool has_weights(size_t output) const { return used_[output]; }
  bool all_positive() const { return all_positive_; }

 private:
  struct Form;
  size_t n_outputs_ = 0;
  size_t n_trees_ = 0;
  size_t n_features_ = 0;
  bool is_double_ = false;
  bool all_positive_ = true;
  std::vector<bool> used_;
  std::shared_ptr<const Form> form_;
};

/// Read the lists of a TreeEnsembleRegressor or …Classifier, whose weights' lists begin with
/// `prefix` ("target" or "class").
Result<TreeTable> read_table(const NodeView& node, std::string_view prefix, size_t n_outputs);

/// Read those of a TreeEnsemble (ai.onnx.ml 5).
Result<TreeTable> read_newer_table(const NodeView& node);

}  // namespace slipway::models::onnx
