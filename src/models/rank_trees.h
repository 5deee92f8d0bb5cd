// models/rank_trees.h — small trees over ranks: the form in which a processor's wide registers
// evaluate them.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "models/matrix.h"
#include "models/packed_node.h"

namespace slipway::models {

/// What fills a register (or a line of a cache) at once.
template <typename T>
struct alignas(64) Line {
  static constexpr size_t kSize = 64 / sizeof(T);
  std::array<T, kSize> values{};
};

/// The thresholds that a feature is held against; its rank is how many of them are <= x. A rank is
/// a byte: a feature with more thresholds has several sources.
struct RankSource {
  uint32_t feature;
  ColumnKind kind;         // plain, plain_zero or filled
  uint32_t first_line;     // in RankTrees::thresholds: pivots, then blocks
  uint32_t n_pivot_lines;  // that are not empty, but one at least
  int32_t low_column;      // column of ranks where NaN has rank 0; -1: none
  int32_t high_column;     // where NaN has rank 255; -1: none
};

struct RankNode {
  uint16_t column;
  uint16_t low;  // where rank <= this->rank leads: to a node, or to leaf number low - kLeaf
  uint16_t high;
  uint8_t rank;
};

struct RankTree {
  uint32_t first_node;
  uint32_t n_nodes;
  uint32_t first_leaf;  // a multiple of 64
  uint32_t n_leaves;
  uint32_t output;
  uint32_t depth;
  uint32_t first_heap;  // in RankTrees::heaps, 2^depth - 1 nodes; kNoHeap: it has none
  static constexpr uint32_t kNoHeap = ~uint32_t{0};
};

/// A node of a heap: its children are at 2 i + 1 and 2 i + 2.
struct HeapNode {
  uint32_t place;  // of its column's ranks, in bytes
  uint32_t rank;
};

/// Trees of up to 256 leaves, each one number.
///
/// Source   the idea of deciding all nodes of a tree at once by comparisons is QuickScorer's
///          (Lucchese et al., SIGIR 2015); here masks of rows go down the tree instead.
template <typename X, typename Sum>
struct RankTrees {
  static constexpr uint16_t kLeaf = 256;
  static constexpr size_t kMaxLeaves = 256;
  static constexpr size_t kMaxColumns = 2048;
  // A rank is found in two steps: how many pivots are <= x gives a block, how many of the block's
  // thresholds are gives the rest. Empty places are NaN.
  static constexpr size_t kBlock = Line<X>::kSize;
  static constexpr size_t kPivots = 256 / kBlock;
  static constexpr size_t kPivotLines = kPivots / kBlock;

  // For one row: every node of a tree is decided at once, then the decisions are followed.
  static constexpr uint32_t kHeapDepth = 6;
  static constexpr size_t kRowNodes = 63;
  static constexpr size_t kRowColumns = 128;
  enum class RowForm {
    none,
    complete,     // up to 6 levels: nodes lie as in a heap, with 64 leaves
    short_masks,  // up to 32 leaves: each node has a mask of those that are left after its second
                  // side was taken; leaves are numbered from the first side to the second, so the
                  // first that is left by all is the row's
    long_masks    // the same up to 64
  };

  std::vector<RankSource> sources;
  size_t n_columns = 0;
  std::vector<Line<X>> thresholds;
  std::vector<RankNode> nodes;
  std::vector<RankTree> trees;
  std::vector<Line<Sum>> leaves;
  std::vector<HeapNode> heaps;         // of trees of up to kHeapDepth levels that are not sparse
  std::vector<Line<Sum>> heap_leaves;  // 64 for each tree
  uint32_t max_depth = 0;
  RowForm row_form = RowForm::none;
  std::vector<Line<uint8_t>> row_columns;  // of each tree's nodes
  std::vector<Line<uint8_t>> row_ranks;
  std::vector<uint32_t> row_places;  // of each tree's first leaf in row_leaves(), and by how many
                                     // bits the number of a leaf is too long
  std::vector<Line<uint32_t>> short_masks;  // two lines for each tree
  std::vector<Line<uint64_t>> long_masks;   // eight lines for each tree
  std::vector<Line<Sum>> ordered_leaves;    // 64 for each tree with masks

  const Sum* row_leaves() const {
    return (row_form == RowForm::complete ? heap_leaves : ordered_leaves).data()->values.data();
  }
  const Sum* heap_leaves_of(size_t tree) const {
    return heap_leaves.data()->values.data() + tree * 64;
  }
  const Sum* leaves_of(const RankTree& tree) const {
    return leaves.data()->values.data() + tree.first_leaf;
  }

  /// Take over packed trees; nothing where they do not fit this form.
  ///
  /// roots   the first node of each tree, and then the number of nodes.
  static std::optional<RankTrees> make(std::span<const PackedNode<X>> nodes,
                                       std::span<const Sum> leaves, std::span<const uint32_t> roots,
                                       std::span<const uint32_t> outputs,
                                       std::span<const PackedColumn> columns);
};

/// How an instruction set evaluates them. Both add to sums, row by row [n_rows × n_outputs].
template <typename X, typename Sum>
struct RankKernel {
  void (*add_rows)(const RankTrees<X, Sum>& trees, BasicMatrixView<X> rows, Sum* sums,
                   size_t n_outputs);
  void (*add_row)(const RankTrees<X, Sum>& trees, const X* row, Sum* sums,
                  size_t n_outputs);  // null: not better than a walk
};

/// The best of this processor; null where it has none. SLIPWAY_SIMD=none, avx2 or avx512 in the
/// environment asks for another.
template <typename X, typename Sum>
const RankKernel<X, Sum>* rank_kernel();

}  // namespace slipway::models
