// models/packed_trees.h — the trees of an ensemble as they lie in memory, and the walk through
// them.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "models/packed_node.h"
#include "models/rank_trees.h"
#include "models/tree_ensemble.h"

namespace slipway::models {

/// Trees over rows of X (float, double) that add up Sum (float, double).
///
/// A step goes to `child` where !(x >= threshold), which takes NaN along, else to child + 1. A
/// split whose missing values go right looks at -x and has its children swapped. A leaf has
/// threshold NaN and leads to itself.
template <typename X, typename Sum>
class PackedTrees {
 public:
  /// Errors   as TreeEnsemble::make().
  static Result<PackedTrees> pack(const std::vector<Tree>& trees, const EnsembleForm& form);

  /// Add every tree to sums, which hold the base scores.
  void add(BasicMatrixView<X> rows, std::span<Sum> sums) const;

 private:
  using Bits = std::conditional_t<sizeof(X) == 4, uint32_t, uint64_t>;

  // Trees are walked in groups, a step in each at a time, so that their loads overlap.
  static constexpr size_t kLanes = 8;
  // Whole numbers stand in floats as bits; with this bit they look like ordinary floats, as
  // comparing denormal ones is many times slower.
  static constexpr Bits kOrdinary = Bits{1} << (sizeof(X) * 8 - 2);

  using Node = PackedNode<X>;
  static constexpr uint32_t kCategory = Node::kCategory;
  struct Group {
    uint32_t roots[kLanes];
    uint32_t depth;    // steps to the deepest leaf
    uint32_t n_trees;  // the lanes beyond repeat the first tree
  };
  struct Linear {
    Sum constant;
    uint32_t begin;  // in linear_features_ and linear_coefficients_
    uint32_t end;
  };
  struct Packer;
  struct Walk;

  PackedTrees() = default;
  std::vector<std::vector<uint32_t>> choose_columns(const std::vector<Tree>& trees);
  void measure_categories(const std::vector<Tree>& trees);
  void add_group(size_t i, uint32_t root, uint32_t depth);
  void add_ranks(const std::vector<uint32_t>& roots);
  void walk(BasicMatrixView<X> rows, Sum* sums) const;
  void expand(const X* row, X* out) const;
  void add_leaf(uint32_t leaf, uint32_t output, const X* row, Sum* sums) const;
  template <bool kCategories>
  void walk_block(const X* expanded, BasicMatrixView<X> rows, Sum* sums) const;

  size_t n_features_ = 0;
  size_t n_outputs_ = 0;
  bool vectors_are_leaves_ = false;
  bool leaves_are_linear_ = false;
  X lowest_category_ = 0;  // what is below has none
  std::vector<Node> nodes_;
  std::vector<Sum> leaves_;              // parallel to nodes_; empty where leaves are vectors
  std::vector<uint32_t> vector_places_;  // parallel to nodes_; a leaf's place in vectors_
  std::vector<Sum> vectors_;
  std::vector<uint32_t> linear_places_;  // parallel to nodes_; 1 + the leaf's place in linears_
  std::vector<Linear> linears_;
  std::vector<uint32_t> linear_features_;
  std::vector<double> linear_coefficients_;
  std::vector<Group> groups_;
  std::vector<uint32_t> outputs_;         // of each tree
  std::vector<PackedColumn> columns_;     // of the expanded row, by kind and then by feature
  std::vector<uint32_t> category_bits_;   // of each feature; empty where no split is by category
  std::vector<uint32_t> category_words_;  // sets as bits; after the categories unknown and missing
  const RankKernel<X, Sum>* kernel_ = nullptr;
  std::optional<RankTrees<X, Sum>> ranks_;  // the same trees, where kernel_ is faster with them
};

}  // namespace slipway::models
