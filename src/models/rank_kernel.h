// models/rank_kernel.h — the evaluation of ranked trees, compiled once for each instruction set.
//
// Who includes it defines SLIPWAY_KERNEL, the attribute of functions that use the set, and `Wide`,
// what these registers do with 64 bytes. No function of another kind is called from here, so that
// nothing of it is compiled for processors that lack the set.
#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

#include "models/rank_trees.h"

namespace slipway::models {
namespace {

constexpr size_t kRowsPerMask = 64;
constexpr size_t kMasks = 4;  // that go down a tree after another, while it lies in the cache
constexpr size_t kRowsAtOnce = kRowsPerMask * kMasks;

template <typename X>
SLIPWAY_KERNEL inline X prepared(X x, ColumnKind kind) {
  if (kind == ColumnKind::plain_zero) {
    const X zero = static_cast<X>(kZeroBound);
    return x <= zero && x >= -zero ? std::numeric_limits<X>::quiet_NaN() : x;
  }
  if (kind == ColumnKind::filled) return x == x ? x : X{0};
  return x;
}

// Ranks of 64 rows, of which the first n are there.
template <uint32_t kLines, ColumnKind kKind, typename X>
SLIPWAY_KERNEL inline void rank_rows(const X* table, const X* values, size_t stride, size_t n,
                                     uint8_t* ranks) {
  if (n >= kRowsPerMask) {
#pragma GCC unroll 4
    for (size_t i = 0; i < kRowsPerMask; ++i) {
      ranks[i] = Wide::template rank<kLines>(table, prepared(values[i * stride], kKind));
    }
    return;
  }
  for (size_t i = 0; i < kRowsPerMask; ++i) {
    const X x = values[(i < n ? i : 0) * stride];
    ranks[i] = Wide::template rank<kLines>(table, prepared(x, kKind));
  }
}

template <ColumnKind kKind, typename X>
SLIPWAY_KERNEL inline void rank_rows(const X* table, uint32_t n_lines, const X* values,
                                     size_t stride, size_t n, uint8_t* ranks) {
  switch (n_lines) {
    case 1: return rank_rows<1, kKind>(table, values, stride, n, ranks);
    case 2: return rank_rows<2, kKind>(table, values, stride, n, ranks);
    default: return rank_rows<4, kKind>(table, values, stride, n, ranks);
  }
}

template <typename X>
SLIPWAY_KERNEL inline void rank_rows(const X* table, const RankSource& source, const X* values,
                                     size_t stride, size_t n, uint8_t* ranks) {
  const uint32_t n_lines = source.n_pivot_lines;
  switch (source.kind) {
    case ColumnKind::filled:
      return rank_rows<ColumnKind::filled>(table, n_lines, values, stride, n, ranks);
    case ColumnKind::plain_zero:
      return rank_rows<ColumnKind::plain_zero>(table, n_lines, values, stride, n, ranks);
    default: return rank_rows<ColumnKind::plain>(table, n_lines, values, stride, n, ranks);
  }
}

// Ranks of a feature in n rows, for one mask after another: [mask][column][row].
template <typename X, typename Sum>
SLIPWAY_KERNEL inline void rank_source(const RankTrees<X, Sum>& trees, const RankSource& source,
                                       const X* values, size_t stride, size_t n, uint8_t* out) {
  const X* table = trees.thresholds[source.first_line].values.data();
  const size_t mask_size = trees.n_columns * kRowsPerMask;
  for (size_t begin = 0; begin < n; begin += kRowsPerMask) {
    alignas(64) uint8_t ranks[kRowsPerMask];
    const size_t left = n - begin;
    const X* const from = values + begin * stride;
    rank_rows(table, source, from, stride, left, ranks);
    uint8_t* const here = out + begin / kRowsPerMask * mask_size;
    if (source.low_column >= 0) {
      std::memcpy(here + static_cast<size_t>(source.low_column) * kRowsPerMask, ranks, 64);
    }
    if (source.high_column < 0) continue;
    for (size_t i = 0; i < kRowsPerMask && i < left; ++i) {
      const X x = prepared(from[i * stride], source.kind);
      ranks[i] = x != x ? 255 : ranks[i];
    }
    std::memcpy(here + static_cast<size_t>(source.high_column) * kRowsPerMask, ranks, 64);
  }
}

// Which of 64 rows reach each leaf of a tree; the last are filled up with none to a multiple of 8.
template <typename X, typename Sum>
SLIPWAY_KERNEL inline void reach_leaves(const RankTrees<X, Sum>& trees, const RankTree& tree,
                                        const uint8_t* ranks, uint64_t* reach) {
  const RankNode* node = trees.nodes.data() + tree.first_node;
  reach[0] = ~uint64_t{0};
  if (tree.n_nodes == 0) reach[RankTrees<X, Sum>::kLeaf] = ~uint64_t{0};
  for (uint32_t i = 0; i < tree.n_nodes; ++i, ++node) {
    const uint64_t high = Wide::greater(ranks + size_t{node->column} * kRowsPerMask, node->rank);
    const uint64_t here = reach[i];
    reach[node->low] = here & ~high;
    reach[node->high] = here & high;
  }
  uint64_t* const end = reach + RankTrees<X, Sum>::kLeaf + tree.n_leaves;
  for (size_t i = 0; (tree.n_leaves + i) % 8 != 0; ++i) end[i] = 0;
}

// The leaves of a tree that 64 rows reach: of each bit of their numbers, the rows that have it.
//
// A level's nodes split the rows that reach them; who goes to the second side has that level's bit.
template <typename X, typename Sum>
SLIPWAY_KERNEL inline void descend_heap(const RankTrees<X, Sum>& trees, const RankTree& tree,
                                        const uint8_t* ranks, uint64_t* bits) {
  const HeapNode* node = trees.heaps.data() + tree.first_heap;
  uint64_t reach[64];
  const uint64_t* from = reach;
  uint64_t* to = reach + 1;
  reach[0] = ~uint64_t{0};
  for (uint32_t level = 0; level + 1 < tree.depth; ++level) {
    uint64_t any = 0;
    for (uint32_t n = 1u << level; n > 0; --n, ++node) {
      const uint64_t here = *from++;
      const uint64_t high =
          here & Wide::greater(ranks + node->place, static_cast<uint8_t>(node->rank));
      any |= high;
      *to++ = here ^ high;
      *to++ = high;
    }
    bits[tree.depth - 1 - level] = any;
  }
  uint64_t any = 0;
  for (uint32_t n = 1u << (tree.depth - 1); n > 0; --n, ++node) {
    any |= *from++ & Wide::greater(ranks + node->place, static_cast<uint8_t>(node->rank));
  }
  bits[0] = any;
}

template <typename X, typename Sum>
SLIPWAY_KERNEL inline void add_tree(const RankTrees<X, Sum>& trees, size_t number,
                                    const uint8_t* ranks, Sum* sums) {
  const RankTree& tree = trees.trees[number];
  alignas(64) uint8_t leaf_of[kRowsPerMask];
  if (tree.first_heap != RankTree::kNoHeap) {
    uint64_t bits[RankTrees<X, Sum>::kHeapDepth];
    descend_heap(trees, tree, ranks, bits);
    Wide::number_rows(bits, tree.depth, leaf_of);
    Wide::add_leaves(trees.heap_leaves_of(number), 1u << tree.depth, leaf_of, sums);
    return;
  }
  alignas(64) uint64_t reach[RankTrees<X, Sum>::kLeaf + RankTrees<X, Sum>::kMaxLeaves];
  reach_leaves(trees, tree, ranks, reach);
  Wide::number_leaves(reach + RankTrees<X, Sum>::kLeaf, tree.n_leaves, leaf_of);
  Wide::add_leaves(trees.leaves_of(tree), tree.n_leaves, leaf_of, sums);
}

template <typename X, typename Sum>
SLIPWAY_KERNEL void add_rows(const RankTrees<X, Sum>& trees, BasicMatrixView<X> rows, Sum* sums,
                             size_t n_outputs) {
  std::vector<Line<uint8_t>> ranks(trees.n_columns * kMasks);
  std::vector<Line<Sum>> line_sums(n_outputs * kRowsAtOnce / Line<Sum>::kSize);
  uint8_t* const all_ranks = ranks.data()->values.data();
  Sum* const all_sums = line_sums.data()->values.data();
  for (size_t begin = 0; begin < rows.n_rows; begin += kRowsAtOnce) {
    const size_t n = rows.n_rows - begin < kRowsAtOnce ? rows.n_rows - begin : kRowsAtOnce;
    for (const auto& source : trees.sources) {
      rank_source(trees, source, rows.row(begin) + source.feature, rows.n_columns, n, all_ranks);
    }
    Sum* const here = sums + begin * n_outputs;
    for (size_t k = 0; k < n_outputs; ++k) {
      Sum* const line = all_sums + k * kRowsAtOnce;
      for (size_t i = 0; i < n; ++i) line[i] = here[i * n_outputs + k];
    }
    const size_t n_masks = (n + kRowsPerMask - 1) / kRowsPerMask;
    for (size_t tree = 0; tree < trees.trees.size(); ++tree) {
      Sum* const tree_sums = all_sums + trees.trees[tree].output * kRowsAtOnce;
      for (size_t mask = 0; mask < n_masks; ++mask) {
        const uint8_t* mask_ranks = all_ranks + mask * trees.n_columns * kRowsPerMask;
        add_tree(trees, tree, mask_ranks, tree_sums + mask * kRowsPerMask);
      }
    }
    for (size_t k = 0; k < n_outputs; ++k) {
      const Sum* const line = all_sums + k * kRowsAtOnce;
      for (size_t i = 0; i < n; ++i) here[i * n_outputs + k] = line[i];
    }
  }
}

}  // namespace
}  // namespace slipway::models
