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
  int32_t left = -1;  // -1: a leaf, and so is right
  int32_t right = -1;
  uint32_t feature = 0;
  float value = 0;            // leaf: what it adds; split: x < value goes left
  bool default_left = false;  // where a missing x goes
  int32_t category_set = -1;  // >= 0: x in Tree::category_sets[…] goes right, any other x left
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
  /// Check and pack trees; nodes that nothing leads to (pruned ones) are left out.
  ///
  /// base_scores  one for each output.
  /// Errors   invalid_parameter_value: a child, feature, output or category out of range, a node
  ///          reached twice, a threshold that is NaN; names tree and node.
  static Result<TreeEnsemble> make(const std::vector<Tree>& trees, size_t n_features,
                                   std::vector<float> base_scores);

  /// Evaluate: sums [n_rows × n_outputs()] row-major. Both sizes are checked invariants.
  ///
  /// rows     n_features() columns wide.
  void predict(MatrixView rows, std::span<float> sums) const;

  size_t n_features() const { return n_features_; }
  size_t n_outputs() const { return base_scores_.size(); }
  size_t n_trees() const { return outputs_.size(); }

 private:
  // Trees are walked in groups, a step in each at a time, so that their loads overlap.
  static constexpr size_t kLanes = 8;

  // Goes to `child` where !(x >= threshold), which takes NaN along, else to child + 1. The walk
  // sees each row as (x, -x, category codes): a split whose missing values go right looks at -x and
  // has its children swapped, so no step asks where NaN goes. A leaf has threshold NaN and leads to
  // itself.
  struct Node {
    float threshold;   // categories: where the set is in category_words_
    uint32_t feature;  // place in the expanded row; the top bit is set where it is a category
    uint32_t child;
  };
  struct Group {
    uint32_t roots[kLanes];
    uint32_t depth;    // steps to the deepest leaf
    uint32_t n_trees;  // the lanes beyond repeat the first tree
  };
  struct Packer;
  struct Walk;

  TreeEnsemble() = default;
  void measure_categories(const std::vector<Tree>& trees);
  size_t expanded_width() const;
  void expand(const float* row, float* out) const;
  template <bool kCategories>
  void predict_block(const float* rows, size_t n_rows, float* sums) const;

  size_t n_features_ = 0;
  std::vector<float> base_scores_;
  std::vector<Node> nodes_;
  std::vector<float> leaves_;  // parallel to nodes_
  std::vector<Group> groups_;
  std::vector<uint32_t> outputs_;         // of each tree
  std::vector<uint32_t> category_bits_;   // of each feature; empty where no split is by category
  std::vector<uint32_t> category_words_;  // sets as bits; after the categories unknown and missing
};

}  // namespace slipway::models
