// models/tree_ensemble.h — every kind of tree model once it is loaded, and its evaluation.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "models/matrix.h"

namespace slipway::models {

/// Which x are missing at a split, and so go where the node says.
enum class Missing : uint8_t {
  nan,
  nan_or_zero,  // zero: |x| <= 1e-35 (LightGBM's bound)
  none          // NaN is taken for 0
};

/// A node as loaders give it.
struct TreeNode {
  int32_t left = -1;  // -1: a leaf, and so is right
  int32_t right = -1;
  uint32_t feature = 0;
  double value = 0;           // leaf: what it adds; split: the threshold
  bool default_left = false;  // where a missing x goes
  int32_t category_set = -1;  // >= 0: split by whether x, cut to a whole number, is a member of
                              // Tree::category_sets[…]; NaN is missing
  Missing missing = Missing::nan;
  bool set_goes_left = false;  // members of the set go left instead of right, any other x opposite
};

/// A leaf that adds constant + Σ coefficient × x, or its node's value where one of these x is NaN.
struct LinearLeaf {
  int32_t node = 0;
  double constant = 0;
  std::vector<uint32_t> features;
  std::vector<double> coefficients;
};

struct Tree {
  std::vector<TreeNode> nodes;                       // the first is the root
  std::vector<std::vector<uint32_t>> category_sets;  // members of each set, any order
  uint32_t output = 0;                               // which output it adds to
  double weight = 1;                                 // every leaf's value times this
  std::vector<double> vectors;      // n_outputs for each node in order: leaves add to every output;
                                    // empty: a leaf adds its value to `output`
  std::vector<LinearLeaf> linears;  // at most one for each leaf; not together with vectors
};

enum class Number : uint8_t { float32, float64 };
enum class Compare : uint8_t { less, less_equal };
/// What the category of an x between -1 and 0 is: none, as of any x below 0, or 0.
enum class CategoryCut : uint8_t { down, toward_zero };

/// How a library evaluates its trees.
struct EnsembleForm {
  size_t n_features = 0;
  std::vector<double> base_scores = {0};  // one for each output: where its sum starts
  Number rows = Number::float32;          // what predict() takes; float64 needs float64 sums
  Number sums = Number::float32;          // leaves are rounded to it, after the tree's weight
  Compare left = Compare::less;           // x < threshold goes left, or x <= threshold; the
                                          // threshold is compared as it is, also with float32 rows
  CategoryCut cut = CategoryCut::down;
};

/// Sum of trees for each output, starting from a base score and in the trees' order.
/// Immutable; any number of threads may call predict(). Copies share the trees.
class TreeEnsemble {
 public:
  /// Check and pack trees; nodes that nothing leads to (pruned ones) are left out.
  ///
  /// Errors   invalid_parameter_value: a child, feature, output or category out of range, a node
  ///          reached twice, a threshold that is NaN; names tree and node.
  static Result<TreeEnsemble> make(const std::vector<Tree>& trees, EnsembleForm form);

  /// Evaluate: sums [n_rows × n_outputs()] row-major. Sizes, and that the types are the form's, are
  /// checked invariants.
  ///
  /// rows     n_features() columns wide.
  void predict(MatrixView rows, std::span<float> sums) const;
  void predict(MatrixView rows, std::span<double> sums) const;
  void predict(Matrix64View rows, std::span<double> sums) const;

  size_t n_features() const { return form_.n_features; }
  size_t n_outputs() const { return form_.base_scores.size(); }
  size_t n_trees() const { return n_trees_; }
  /// Leaves too, and those that were left out.
  size_t n_nodes() const { return n_nodes_; }

 private:
  struct Packed;
  template <typename X, typename Sum>
  void evaluate(BasicMatrixView<X> rows, std::span<Sum> sums) const;

  TreeEnsemble() = default;

  EnsembleForm form_;
  size_t n_trees_ = 0;
  size_t n_nodes_ = 0;
  std::shared_ptr<const Packed> packed_;
};

}  // namespace slipway::models
