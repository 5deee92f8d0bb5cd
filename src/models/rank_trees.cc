#include "models/rank_trees.h"

#include <algorithm>
#include <map>
#include <utility>

namespace slipway::models {
namespace {

constexpr size_t kMaxThresholds = 255;  // of a source: ranks are 0 to 255
constexpr uint8_t kNever = 255;         // no rank is greater

ColumnKind unsigned_kind(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::negated: return ColumnKind::plain;
    case ColumnKind::negated_zero: return ColumnKind::plain_zero;
    default: return kind;
  }
}

// The x from which on a split leads to its second side; NaN where that is nowhere.
template <typename X>
X bound(const PackedNode<X>& node, ColumnKind kind) {
  constexpr X kInfinity = std::numeric_limits<X>::infinity();
  if (!is_negated(kind)) return node.threshold;
  if (std::isnan(node.threshold)) return -kInfinity;  // every x goes right
  // right where !(-x >= threshold), which is x > -threshold
  return node.threshold == -kInfinity ? std::numeric_limits<X>::quiet_NaN()
                                      : std::nextafter(-node.threshold, kInfinity);
}

}  // namespace

template <typename X, typename Sum>
struct RankMaker {
  using Out = RankTrees<X, Sum>;
  using Key = std::pair<uint32_t, ColumnKind>;

  std::span<const PackedNode<X>> nodes;
  std::span<const Sum> leaves;
  std::span<const PackedColumn> columns;
  Out out{};
  std::map<Key, std::vector<X>> thresholds;
  std::map<Key, size_t> first_source;

  static bool is_leaf(const PackedNode<X>& node, uint32_t at) { return node.child == at; }

  ColumnKind kind_of(const PackedNode<X>& node) const { return columns[node.column].kind; }
  Key key_of(const PackedNode<X>& node) const {
    const auto column = columns[node.column];
    return {column.feature, unsigned_kind(column.kind)};
  }

  bool fits(std::span<const uint32_t> roots) const {
    for (const auto column : columns) {
      if (column.kind == ColumnKind::category) return false;
    }
    for (size_t i = 0; i + 1 < roots.size(); ++i) {
      if (roots[i + 1] - roots[i] > 2 * Out::kMaxLeaves - 1) return false;
    }
    return true;
  }

  void collect() {
    for (uint32_t at = 0; at < nodes.size(); ++at) {
      if (is_leaf(nodes[at], at)) continue;
      const X from = bound(nodes[at], kind_of(nodes[at]));
      auto& list = thresholds[key_of(nodes[at])];
      if (!std::isnan(from)) list.push_back(from);
    }
    for (auto& [key, list] : thresholds) {
      std::ranges::sort(list);
      list.erase(std::unique(list.begin(), list.end()), list.end());
      first_source[key] = out.sources.size();
      size_t begin = 0;
      do {  // one too where every split leads to one side
        const size_t n = std::min(list.size() - begin, kMaxThresholds);
        add_source(key, std::span<const X>(list).subspan(begin, n));
        begin += n;
      } while (begin < list.size());
    }
  }

  void add_source(const Key& key, std::span<const X> list) {
    constexpr X kNan = std::numeric_limits<X>::quiet_NaN();
    constexpr size_t kBlock = Out::kBlock;
    const auto first = static_cast<uint32_t>(out.thresholds.size());
    const size_t n_blocks = list.size() / kBlock + 1;
    Line<X> empty;
    empty.values.fill(kNan);
    out.thresholds.resize(first + Out::kPivotLines + n_blocks, empty);
    X* const pivots = out.thresholds[first].values.data();
    X* const blocks = out.thresholds[first + Out::kPivotLines].values.data();
    std::ranges::copy(list, blocks);
    for (size_t i = 0; (i + 1) * kBlock <= list.size(); ++i) pivots[i] = list[(i + 1) * kBlock - 1];
    const size_t n_pivots = std::max<size_t>(list.size() / kBlock, 1);
    const auto n_lines = static_cast<uint32_t>((n_pivots + kBlock - 1) / kBlock);
    out.sources.push_back({key.first, key.second, first, n_lines, -1, -1});
  }

  // Where a node's column and rank are; columns are made as they are needed.
  std::pair<uint16_t, uint8_t> place(const PackedNode<X>& node) {
    const auto kind = kind_of(node);
    const auto key = key_of(node);
    const X from = bound(node, kind);
    size_t source = first_source[key];
    uint8_t rank = kNever;
    if (!std::isnan(from)) {
      const auto& list = thresholds[key];
      const auto index = static_cast<size_t>(std::ranges::lower_bound(list, from) - list.begin());
      source += index / kMaxThresholds;
      rank = static_cast<uint8_t>(index % kMaxThresholds);
    }
    const bool high = is_negated(kind) && rank != kNever;
    auto& column = high ? out.sources[source].high_column : out.sources[source].low_column;
    if (column < 0) column = static_cast<int32_t>(out.n_columns++);
    return {static_cast<uint16_t>(column), rank};
  }

  // A split that no x passes sends NaN right all the same where that is its way.
  static bool only_nan_goes_right(const PackedNode<X>& node, ColumnKind kind) {
    return is_negated(kind) && std::isnan(bound(node, kind));
  }

  bool add_tree(uint32_t begin, uint32_t end, uint32_t output) {
    RankTree tree{static_cast<uint32_t>(out.nodes.size()), 0, 0, 0, output, 0, RankTree::kNoHeap};
    tree.first_leaf = static_cast<uint32_t>(out.leaves.size() * Line<Sum>::kSize);
    std::vector<uint16_t> name(end - begin);
    for (uint32_t at = begin; at < end; ++at) {
      const bool leaf = is_leaf(nodes[at], at);
      name[at - begin] =
          static_cast<uint16_t>(leaf ? Out::kLeaf + tree.n_leaves++ : tree.n_nodes++);
    }
    out.leaves.resize(out.leaves.size() + (tree.n_leaves + 63) / 64 * (64 / Line<Sum>::kSize));
    Sum* const values = out.leaves.data()->values.data() + tree.first_leaf;
    std::vector<uint32_t> depths(end - begin);
    for (uint32_t at = begin; at < end; ++at) {
      const auto& node = nodes[at];
      if (is_leaf(node, at)) {
        values[name[at - begin] - Out::kLeaf] = leaves[at];
        continue;
      }
      const auto kind = kind_of(node);
      if (only_nan_goes_right(node, kind)) return false;
      const auto [column, rank] = place(node);
      const uint16_t first = name[node.child - begin];
      const uint16_t second = name[node.child + 1 - begin];
      const bool swapped = is_negated(kind);
      out.nodes.push_back({column, swapped ? second : first, swapped ? first : second, rank});
      depths[node.child - begin] = depths[node.child + 1 - begin] = depths[at - begin] + 1;
      tree.depth = std::max(tree.depth, depths[at - begin] + 1);
    }
    out.max_depth = std::max(out.max_depth, tree.depth);
    out.trees.push_back(tree);
    return true;
  }

  // A heap costs a comparison for each place, also where there is no node.
  void add_heaps() {
    for (auto& tree : out.trees) {
      const size_t number = static_cast<size_t>(&tree - out.trees.data());
      out.heap_leaves.resize((number + 1) * (64 / Line<Sum>::kSize));
      if (tree.depth > Out::kHeapDepth) continue;
      const uint32_t n_places = (1u << tree.depth) - 1;
      if (tree.depth > 0 && n_places <= 2 * tree.n_nodes) {
        tree.first_heap = static_cast<uint32_t>(out.heaps.size());
        out.heaps.resize(out.heaps.size() + n_places, {0, kNever});
      }
      fill_heap(tree, number, tree.n_nodes == 0 ? Out::kLeaf : 0, 0, 0);
    }
  }

  // Lay what `name` leads to at `place` of the heap; a leaf higher up is all those below it.
  void fill_heap(const RankTree& tree, size_t number, uint16_t name, size_t place, uint32_t depth) {
    if (name >= Out::kLeaf) {
      const size_t n = size_t{1} << (tree.depth - depth);
      const size_t first = (place + 1) * n - (size_t{1} << tree.depth);
      Sum* const values = out.heap_leaves.data()->values.data() + number * 64;
      std::fill_n(values + first, n, out.leaves_of(tree)[name - Out::kLeaf]);
      return;
    }
    const auto& node = out.nodes[tree.first_node + name];
    if (tree.first_heap != RankTree::kNoHeap) {
      out.heaps[tree.first_heap + place] = {node.column * 64u, node.rank};
    }
    fill_heap(tree, number, node.low, 2 * place + 1, depth + 1);
    fill_heap(tree, number, node.high, 2 * place + 2, depth + 1);
  }

  void choose_row_form() {
    if (out.n_columns > Out::kRowColumns) return;
    uint32_t most = 0;
    for (const auto& tree : out.trees) most = std::max(most, tree.n_leaves);
    if (out.max_depth <= Out::kHeapDepth) {
      out.row_form = Out::RowForm::complete;
    } else if (most <= 32) {
      out.row_form = Out::RowForm::short_masks;
    } else if (most <= Out::kRowNodes + 1) {
      out.row_form = Out::RowForm::long_masks;
    }
  }

  void add_row_forms() {
    choose_row_form();
    if (out.row_form == Out::RowForm::none) return;
    for (size_t number = 0; number < out.trees.size(); ++number) {
      const auto& tree = out.trees[number];
      const uint16_t root = tree.n_nodes == 0 ? Out::kLeaf : 0;
      out.row_columns.emplace_back();
      out.row_ranks.emplace_back();
      out.row_ranks.back().values.fill(kNever);
      out.row_places.push_back(static_cast<uint32_t>(number * 64));
      if (out.row_form == Out::RowForm::complete) {
        out.row_places.push_back(Out::kHeapDepth - tree.depth);
        lay_row(tree, root, 0);
        continue;
      }
      out.row_places.push_back(0);
      out.ordered_leaves.resize((number + 1) * (64 / Line<Sum>::kSize));
      if (out.row_form == Out::RowForm::short_masks) {
        out.short_masks.resize((number + 1) * 2);
        order_leaves(tree, number, root, 0, out.short_masks[number * 2].values.data());
      } else {
        out.long_masks.resize((number + 1) * 8);
        order_leaves(tree, number, root, 0, out.long_masks[number * 8].values.data());
      }
    }
  }

  // The row form's heap; where there is no node, rank 255 lets every row go down to the left.
  void lay_row(const RankTree& tree, uint16_t name, size_t place) {
    if (name >= Out::kLeaf) return;
    const auto& node = out.nodes[tree.first_node + name];
    out.row_columns.back().values[place] = static_cast<uint8_t>(node.column);
    out.row_ranks.back().values[place] = node.rank;
    lay_row(tree, node.low, 2 * place + 1);
    lay_row(tree, node.high, 2 * place + 2);
  }

  // Number the leaves below `name` from `first` on; gives the number after the last.
  template <typename Mask>
  uint32_t order_leaves(const RankTree& tree, size_t number, uint16_t name, uint32_t first,
                        Mask* masks) {
    if (name >= Out::kLeaf) {
      Sum* const values = out.ordered_leaves.data()->values.data() + number * 64;
      values[first] = out.leaves_of(tree)[name - Out::kLeaf];
      return first + 1;
    }
    const auto& node = out.nodes[tree.first_node + name];
    out.row_columns.back().values[name] = static_cast<uint8_t>(node.column);
    out.row_ranks.back().values[name] = node.rank;
    const uint32_t middle = order_leaves(tree, number, node.low, first, masks);
    const Mask below_middle = static_cast<Mask>((Mask{1} << middle) - 1);  // middle is at most 63
    masks[name] = static_cast<Mask>(~(below_middle & ~((Mask{1} << first) - 1)));
    return order_leaves(tree, number, node.high, middle, masks);
  }
};

template <typename X, typename Sum>
std::optional<RankTrees<X, Sum>> RankTrees<X, Sum>::make(std::span<const PackedNode<X>> nodes,
                                                         std::span<const Sum> leaves,
                                                         std::span<const uint32_t> roots,
                                                         std::span<const uint32_t> outputs,
                                                         std::span<const PackedColumn> columns) {
  RankMaker<X, Sum> maker{nodes, leaves, columns};
  if (outputs.empty() || !maker.fits(roots)) return std::nullopt;
  maker.collect();
  if (2 * maker.out.sources.size() > kMaxColumns) return std::nullopt;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!maker.add_tree(roots[i], roots[i + 1], outputs[i])) return std::nullopt;
  }
  if (maker.out.n_columns == 0) return std::nullopt;  // leaves alone
  maker.add_heaps();
  maker.add_row_forms();
  return std::move(maker.out);
}

template struct RankTrees<float, float>;
template struct RankTrees<float, double>;
template struct RankTrees<double, double>;

}  // namespace slipway::models
