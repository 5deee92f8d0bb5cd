#include "models/tree_ensemble.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace slipway::models {
namespace {

constexpr uint32_t kCategory = 1u << 31;
// Whole numbers stand in floats as bits; with this bit they look like ordinary floats, as
// comparing denormal ones is many times slower.
constexpr uint32_t kOrdinary = 1u << 30;
constexpr uint32_t kMaxFeatures = 1u << 24;
constexpr uint32_t kMaxCategory = 1u << 24;  // up to here float32 tells whole numbers apart
// 64 MB: a small damaged file must not take more; and places in bits stay below kOrdinary.
constexpr size_t kMaxCategoryWords = 1u << 24;
constexpr size_t kMaxNodes = 1u << 31;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

/// Lays the nodes of one tree after another so that the two children of a split are neighbours.
struct TreeEnsemble::Packer {
  TreeEnsemble& out;
  const Tree& tree;
  size_t number;               // of the tree, for messages
  std::vector<int32_t> order;  // given node at each packed place
  std::vector<uint32_t> depths;
  std::vector<bool> seen;

  template <typename... Args>
  Error broken(size_t node, fmt::format_string<Args...> format, Args&&... args) const {
    return fail(Code::invalid_parameter_value, "tree {}, node {}: {}", number, node,
                fmt::format(format, std::forward<Args>(args)...));
  }

  /// Errors   invalid_parameter_value. Gives the tree's depth.
  Result<uint32_t> pack() {
    if (tree.nodes.empty()) return broken(0, "the tree has no nodes");
    if (tree.output >= out.n_outputs()) {
      return broken(0, "adds to output {}, there are {}", tree.output, out.n_outputs());
    }
    if (out.nodes_.size() + tree.nodes.size() > kMaxNodes) return broken(0, "too many nodes");
    const auto base = static_cast<uint32_t>(out.nodes_.size());
    seen.assign(tree.nodes.size(), false);
    order.push_back(0);
    depths.push_back(0);
    seen[0] = true;
    for (size_t i = 0; i < order.size(); ++i) TRY(pack_node(i, base));
    return depths.back();
  }

  Result<void> pack_node(size_t place, uint32_t base) {
    const auto number_in_tree = static_cast<size_t>(order[place]);
    const TreeNode& node = tree.nodes[number_in_tree];
    const auto here = base + static_cast<uint32_t>(place);
    if (node.left == -1 && node.right == -1) {
      out.nodes_.push_back({kNan, 0, here});
      out.leaves_.push_back(node.value);
      return {};
    }
    if (node.feature >= out.n_features_) {
      return broken(number_in_tree, "splits on feature {}, there are {}", node.feature,
                    out.n_features_);
    }
    const auto child = base + static_cast<uint32_t>(order.size());
    const bool swapped = node.category_set < 0 && !node.default_left;
    TRY(visit(number_in_tree, swapped ? node.right : node.left, depths[place] + 1));
    TRY(visit(number_in_tree, swapped ? node.left : node.right, depths[place] + 1));
    Node packed{node.value, node.feature, child};
    if (node.category_set >= 0) {
      const auto set = TRY(pack_set(number_in_tree, node));
      packed.threshold = std::bit_cast<float>(set | kOrdinary);
      packed.feature = (2 * static_cast<uint32_t>(out.n_features_) + node.feature) | kCategory;
    } else if (std::isnan(node.value)) {
      return broken(number_in_tree, "its threshold is NaN");
    } else if (swapped) {  // right where x >= t, which is -x < -(the float below t)
      packed.threshold = node.value == -kInfinity ? kNan : -std::nextafter(node.value, -kInfinity);
      packed.feature += static_cast<uint32_t>(out.n_features_);
    }
    out.nodes_.push_back(packed);
    out.leaves_.push_back(0);
    return {};
  }

  Result<void> visit(size_t parent, int32_t child, uint32_t depth) {
    if (child < 0 || static_cast<size_t>(child) >= tree.nodes.size()) {
      return broken(parent, "leads to node {}, there are {}", child, tree.nodes.size());
    }
    if (seen[static_cast<size_t>(child)]) {
      return broken(parent, "leads to node {}, which is reached twice", child);
    }
    seen[static_cast<size_t>(child)] = true;
    order.push_back(child);
    depths.push_back(depth);
    return {};
  }

  /// Give the place of the node's set in category_words_, in bits.
  Result<uint32_t> pack_set(size_t node_number, const TreeNode& node) {
    const auto set = static_cast<size_t>(node.category_set);
    if (set >= tree.category_sets.size()) {
      return broken(node_number, "has category set {}, there are {}", set,
                    tree.category_sets.size());
    }
    const uint32_t n_bits = out.category_bits_[node.feature];
    auto& words = out.category_words_;
    const size_t n_words = (n_bits + 2 + 31) / 32;
    if (n_bits > kMaxCategory || words.size() + n_words > kMaxCategoryWords) {
      return broken(node_number, "its category sets are too large");
    }
    const auto place = static_cast<uint32_t>(words.size() * 32);
    words.resize(words.size() + n_words, 0);
    const auto add = [&](uint32_t bit) { words[(place + bit) / 32] |= 1u << (bit % 32); };
    for (const uint32_t member : tree.category_sets[set]) add(member);
    if (!node.default_left) add(n_bits + 1);
    return place;
  }
};

// Sets of one feature are equally wide, so that a row's code needs no check against each of them.
void TreeEnsemble::measure_categories(const std::vector<Tree>& trees) {
  for (const auto& tree : trees) {
    for (const auto& node : tree.nodes) {
      const auto set = static_cast<size_t>(node.category_set);
      if (node.category_set < 0 || node.feature >= n_features_) continue;
      category_bits_.resize(n_features_, 0);
      if (set >= tree.category_sets.size()) continue;
      for (const uint32_t member : tree.category_sets[set]) {
        auto& n_bits = category_bits_[node.feature];
        n_bits = std::max(n_bits, std::min(member, kMaxCategory) + 1);
      }
    }
  }
}

Result<TreeEnsemble> TreeEnsemble::make(const std::vector<Tree>& trees, size_t n_features,
                                        std::vector<float> base_scores) {
  if (n_features > kMaxFeatures) {
    return fail(Code::invalid_parameter_value, "{} features; at most {} are possible", n_features,
                kMaxFeatures);
  }
  TreeEnsemble out;
  out.n_features_ = n_features;
  out.base_scores_ = std::move(base_scores);
  out.measure_categories(trees);
  for (size_t i = 0; i < trees.size(); ++i) {
    const auto root = static_cast<uint32_t>(out.nodes_.size());
    Packer packer{out, trees[i], i, {}, {}, {}};
    const uint32_t depth = TRY(packer.pack());
    if (i % kLanes == 0) {
      out.groups_.emplace_back();
      std::ranges::fill(out.groups_.back().roots, root);
    }
    auto& group = out.groups_.back();
    group.roots[i % kLanes] = root;
    group.n_trees = i % kLanes + 1;
    group.depth = std::max(group.depth, depth);
    out.outputs_.push_back(trees[i].output);
  }
  return out;
}

void TreeEnsemble::predict(MatrixView rows, std::span<float> sums) const {
  check(rows.n_columns == n_features_, "as many columns as the trees have features");
  check(sums.size() == rows.n_rows * n_outputs(), "a sum for each row and output");
  for (size_t i = 0; i < sums.size(); ++i) sums[i] = base_scores_[i % n_outputs()];

  // A block of rows and a group of trees together stay in the first cache.
  constexpr size_t kBlock = 4096;
  const size_t width = expanded_width();
  std::array<float, kBlock> small;
  std::vector<float> large(width > kBlock ? width : 0);
  float* const block = large.empty() ? small.data() : large.data();
  const size_t block_rows = std::max<size_t>(kBlock / width, 1);
  for (size_t begin = 0; begin < rows.n_rows; begin += block_rows) {
    const size_t n = std::min(block_rows, rows.n_rows - begin);
    for (size_t i = 0; i < n; ++i) {
      expand(rows.row(begin + i), block + i * width);
    }
    float* block_sums = sums.data() + begin * n_outputs();
    if (category_bits_.empty()) {
      predict_block<false>(block, n, block_sums);
    } else {
      predict_block<true>(block, n, block_sums);
    }
  }
}

size_t TreeEnsemble::expanded_width() const {
  return n_features_ == 0 ? 1 : n_features_ * (category_bits_.empty() ? 2 : 3);
}

void TreeEnsemble::expand(const float* row, float* out) const {
  for (size_t f = 0; f < n_features_; ++f) out[f] = row[f];
  for (size_t f = 0; f < n_features_; ++f) out[n_features_ + f] = -row[f];
  for (size_t f = 0; f < category_bits_.size(); ++f) {
    const auto n_bits = category_bits_[f];
    const float x = row[f];
    uint32_t code = std::isnan(x) ? n_bits + 1 : n_bits;  // missing, unknown
    if (x >= 0 && x < static_cast<float>(n_bits)) code = static_cast<uint32_t>(x);
    out[2 * n_features_ + f] = std::bit_cast<float>(code | kOrdinary);
  }
}

// Pointers that the compiler can keep in registers for the whole walk.
struct TreeEnsemble::Walk {
  const Node* nodes;
  const uint32_t* category_words;
  const float* row;

  template <bool kCategories>
  uint32_t step(uint32_t at) const {
    const Node& node = nodes[at];
    if constexpr (!kCategories) return node.child + (row[node.feature] >= node.threshold);
    // Both questions are asked and one answer taken: which kind a node is cannot be predicted.
    const uint32_t is_category = 0 - (node.feature >> 31);
    const float x = row[node.feature & ~kCategory];
    const uint32_t mask = is_category >> 2;  // without kOrdinary
    const uint32_t bit =
        (std::bit_cast<uint32_t>(node.threshold) & mask) + (std::bit_cast<uint32_t>(x) & mask);
    const uint32_t in_set = category_words[bit / 32] >> (bit % 32) & is_category & 1;
    return node.child + (in_set | ((x >= node.threshold) & ~is_category));
  }

  template <bool kCategories>
  void steps(std::array<uint32_t, kLanes>& at, uint32_t n) const {
    for (; n > 0; --n) {
#pragma GCC unroll 8
      for (size_t lane = 0; lane < kLanes; ++lane) at[lane] = step<kCategories>(at[lane]);
    }
  }
};

template <bool kCategories>
void TreeEnsemble::predict_block(const float* rows, size_t n_rows, float* sums) const {
  constexpr uint32_t kSteps = 8;  // between two looks whether every lane has reached its leaf
  const size_t width = expanded_width();
  const size_t n_outputs = base_scores_.size();
  const uint32_t* outputs = outputs_.data();
  const float* leaves = leaves_.data();
  for (const Group& group : groups_) {
    for (size_t i = 0; i < n_rows; ++i) {
      const Walk walk{nodes_.data(), category_words_.data(), rows + i * width};
      std::array<uint32_t, kLanes> at;
      std::copy_n(group.roots, kLanes, at.begin());
      for (uint32_t left = group.depth; left > 0;) {
        const uint32_t n = std::min(kSteps, left);
        const auto before = at;
        walk.steps<kCategories>(at, n);
        left -= n;
        if (left > 0 && at == before) break;
      }
      float* row_sums = sums + i * n_outputs;
      if (n_outputs == 1 && group.n_trees == kLanes) {  // nearly always; the loop below unrolled
        for (const uint32_t leaf : at) *row_sums += leaves[leaf];
        continue;
      }
      for (size_t lane = 0; lane < group.n_trees; ++lane) {
        row_sums[outputs[lane]] += leaves[at[lane]];
      }
    }
    outputs += group.n_trees;
  }
}

}  // namespace slipway::models
