// models/tree_ensemble.h — every kind of tree model once it is loaded, and its evaluation.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "models/matrix.h"

namespace slipway::models {

/// A node as loaders give it.
struct TreeNode {
  int32_t left = -1;  // -1: a leaf
  int32_t right = -1;
  uint32_t feature = 0;
  float value = 0;            // leaf: what it adds; split: x < value goes left
  bool default_left = false;  // where a missing x goes
  int32_t category_set = -1;  // >= 0: x in Tree::category_sets[…] goes right, else left
};

struct Tree {
  std::vector<TreeNode> nodes;                       // the first is the root
  std::vector<std::vector<uint32_t>> category_sets;  // members of each set, any order
  uint32_t output = 0;                               // which output it adds to
};

/// Sum of trees for each output, in float32, starting from a base score and in the trees' order.
/// Immutable; any number of threads may call predict().
class TreeEnsemble {
 public:
  /// Check and pack trees.
  ///
  /// base_scores  one for each output.
  /// Errors   invalid_parameter_value: a child, feature, output or category out of range, a node
  ///          reached twice or not at all, a threshold that is NaN; names tree and node.
  static Result<TreeEnsemble> make(const std::vector<Tree>& trees, size_t n_features,
                                   std::vector<float> base_scores);

  /// Evaluate: sums [n_rows × n_outputs()] row-major.
  ///
  /// rows     n_features() columns wide (checked, as is the size of `sums`).
  void predict(MatrixView rows, std::span<float> sums) const;

  size_t n_features() const { return n_features_; }
  size_t n_outputs() const { return base_scores_.size(); }
  size_t n_trees() const { return roots_.size(); }

 private:
  TreeEnsemble() = default;
  struct Node;

  size_t n_features_ = 0;
  std::vector<float> base_scores_;
  std::vector<uint32_t> roots_;
};

}  // namespace slipway::models
