#include "models/packed_trees.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

namespace slipway::models {
namespace {

constexpr uint32_t kMaxFeatures = 1u << 24;
constexpr uint32_t kMaxOutputs = 1u << 20;
constexpr uint32_t kMaxCategory = 1u << 24;  // up to here float32 tells whole numbers apart
// 64 MB: a small damaged file must not take more; and places in bits stay below kOrdinary.
constexpr size_t kMaxCategoryWords = 1u << 24;
constexpr size_t kMaxNodes = 1u << 31;
constexpr size_t kMaxPlaces = std::numeric_limits<uint32_t>::max();

// The largest X that goes left; none where nothing does.
template <typename X>
std::optional<X> last_left(double threshold, Compare left) {
  constexpr X kInfinity = std::numeric_limits<X>::infinity();
  if (left == Compare::less && threshold == -kInfinity) return std::nullopt;
  const auto near = static_cast<X>(threshold);
  const auto value = static_cast<double>(near);
  const bool goes_left = left == Compare::less ? value < threshold : value <= threshold;
  return goes_left ? near : std::nextafter(near, -kInfinity);
}

ColumnKind kind_of(const TreeNode& node) {
  if (node.category_set >= 0) return ColumnKind::category;
  switch (node.missing) {
    case Missing::nan: return node.default_left ? ColumnKind::plain : ColumnKind::negated;
    case Missing::nan_or_zero:
      return node.default_left ? ColumnKind::plain_zero : ColumnKind::negated_zero;
    case Missing::none: break;
  }
  return ColumnKind::filled;
}

bool is_split(const TreeNode& node) { return node.left != -1 || node.right != -1; }

}  // namespace

/// Lays the nodes of one tree after another so that the two children of a split are neighbours.
template <typename X, typename Sum>
struct PackedTrees<X, Sum>::Packer {
  PackedTrees& out;
  const EnsembleForm& form;
  const Tree& tree;
  size_t number;                                     // of the tree, for messages
  const std::vector<std::vector<uint32_t>>& places;  // of a feature's column, by kind
  std::vector<int32_t> order;                        // given node at each packed place
  std::vector<uint32_t> depths;
  std::vector<bool> seen;
  std::vector<uint32_t> linear_of;  // 1 + place in out.linears_ of each given node

  template <typename... Args>
  Error broken(size_t node, fmt::format_string<Args...> format, Args&&... args) const {
    return fail(Code::invalid_parameter_value, "tree {}, node {}: {}", number, node,
                fmt::format(format, std::forward<Args>(args)...));
  }

  /// Errors   invalid_parameter_value. Gives the tree's depth.
  Result<uint32_t> pack() {
    const size_t n = tree.nodes.size();
    if (n == 0) return broken(0, "the tree has no nodes");
    if (tree.output >= out.n_outputs_) {
      return broken(0, "adds to output {}, there are {}", tree.output, out.n_outputs_);
    }
    if (out.nodes_.size() + n > kMaxNodes) return broken(0, "too many nodes");
    if (!tree.vectors.empty() && tree.vectors.size() != n * out.n_outputs_) {
      return broken(0, "has {} values for {} nodes and {} outputs", tree.vectors.size(), n,
                    out.n_outputs_);
    }
    TRY(pack_linears());
    const auto base = static_cast<uint32_t>(out.nodes_.size());
    seen.assign(n, false);
    order.reserve(n);
    depths.reserve(n);
    order.push_back(0);
    depths.push_back(0);
    seen[0] = true;
    for (size_t i = 0; i < order.size(); ++i) TRY(pack_node(i, base));
    return depths.back();
  }

  Result<void> pack_node(size_t place, uint32_t base) {
    const auto node_number = static_cast<size_t>(order[place]);
    const TreeNode& node = tree.nodes[node_number];
    const auto here = base + static_cast<uint32_t>(place);
    if (!is_split(node)) {
      out.nodes_.push_back({std::numeric_limits<X>::quiet_NaN(), 0, here});
      return pack_leaf(node_number);
    }
    if (node.feature >= out.n_features_) {
      return broken(node_number, "splits on feature {}, there are {}", node.feature,
                    out.n_features_);
    }
    const auto kind = kind_of(node);
    const bool swapped = kind == ColumnKind::category ? node.set_goes_left : is_negated(kind);
    const auto child = base + static_cast<uint32_t>(order.size());
    TRY(visit(node_number, swapped ? node.right : node.left, depths[place] + 1));
    TRY(visit(node_number, swapped ? node.left : node.right, depths[place] + 1));
    Node packed{0, places[static_cast<size_t>(kind)][node.feature], child};
    if (kind == ColumnKind::category) {
      const auto set = TRY(pack_set(node_number, node));
      packed.threshold = std::bit_cast<X>(static_cast<Bits>(set) | kOrdinary);
      packed.column |= kCategory;
    } else if (std::isnan(node.value)) {
      return broken(node_number, "its threshold is NaN");
    } else {
      packed.threshold = second_from(node.value, swapped);
    }
    out.nodes_.push_back(packed);
    no_leaf();
    return {};
  }

  // From which prepared x on the second child is taken; NaN where it never is.
  X second_from(double threshold, bool swapped) const {
    constexpr X kInfinity = std::numeric_limits<X>::infinity();
    constexpr X kNever = std::numeric_limits<X>::quiet_NaN();
    const auto last = last_left<X>(threshold, form.left);
    if (swapped) return last ? -*last : kNever;
    if (!last) return -kInfinity;
    return *last == kInfinity ? kNever : std::nextafter(*last, kInfinity);
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

  Sum weighted(double value) const {
    const auto sum = static_cast<Sum>(value);
    return tree.weight == 1 ? sum : sum * static_cast<Sum>(tree.weight);
  }

  Result<void> pack_leaf(size_t node_number) {
    if (tree.vectors.empty()) {
      no_leaf();
      if (!out.leaves_.empty()) out.leaves_.back() = weighted(tree.nodes[node_number].value);
      if (!linear_of.empty()) out.linear_places_.back() = linear_of[node_number];
      return {};
    }
    if (out.vectors_.size() + out.n_outputs_ > kMaxPlaces) {
      return broken(node_number, "too many values");
    }
    out.vector_places_.push_back(static_cast<uint32_t>(out.vectors_.size()));
    for (size_t k = 0; k < out.n_outputs_; ++k) {
      out.vectors_.push_back(weighted(tree.vectors[node_number * out.n_outputs_ + k]));
    }
    return {};
  }

  // Keep what is parallel to nodes_ as long as it.
  void no_leaf() {
    if (out.vectors_are_leaves_) {
      out.vector_places_.push_back(0);
    } else {
      out.leaves_.push_back(0);
    }
    if (out.leaves_are_linear_) out.linear_places_.push_back(0);
  }

  Result<void> pack_linears() {
    if (tree.linears.empty()) return {};
    if (tree.weight != 1) return broken(0, "linear leaves cannot have a weight");
    linear_of.assign(tree.nodes.size(), 0);
    for (const auto& linear : tree.linears) {
      const auto node = static_cast<size_t>(linear.node);
      if (linear.node < 0 || node >= tree.nodes.size() || is_split(tree.nodes[node]) ||
          linear_of[node] != 0) {
        return broken(0, "a linear leaf at node {}", linear.node);
      }
      auto& features = out.linear_features_;
      const size_t end = features.size() + linear.features.size();
      if (linear.features.size() != linear.coefficients.size() || end > kMaxPlaces) {
        return broken(node, "{} features and {} coefficients", linear.features.size(),
                      linear.coefficients.size());
      }
      for (const auto feature : linear.features) {
        if (feature >= out.n_features_) {
          return broken(node, "reads feature {}, there are {}", feature, out.n_features_);
        }
      }
      const auto begin = static_cast<uint32_t>(features.size());
      features.insert(features.end(), linear.features.begin(), linear.features.end());
      out.linear_coefficients_.insert(out.linear_coefficients_.end(), linear.coefficients.begin(),
                                      linear.coefficients.end());
      out.linears_.push_back(
          {static_cast<Sum>(linear.constant), begin, static_cast<uint32_t>(end)});
      linear_of[node] = static_cast<uint32_t>(out.linears_.size());
    }
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
    if (node.default_left == node.set_goes_left) add(n_bits + 1);
    return place;
  }
};

// Sets of one feature are equally wide, so that a row's code needs no check against each of them.
template <typename X, typename Sum>
void PackedTrees<X, Sum>::measure_categories(const std::vector<Tree>& trees) {
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

// Give the place of each feature's column, by kind; those that no split reads have none.
template <typename X, typename Sum>
std::vector<std::vector<uint32_t>> PackedTrees<X, Sum>::choose_columns(
    const std::vector<Tree>& trees) {
  std::vector<std::vector<uint32_t>> places(kColumnKinds);
  for (const auto& tree : trees) {
    for (const auto& node : tree.nodes) {
      if (!is_split(node) || node.feature >= n_features_) continue;
      auto& of_kind = places[static_cast<size_t>(kind_of(node))];
      if (of_kind.empty()) of_kind.resize(n_features_, 0);
      of_kind[node.feature] = 1;
    }
  }
  for (size_t kind = 0; kind < kColumnKinds; ++kind) {
    for (size_t feature = 0; feature < places[kind].size(); ++feature) {
      if (places[kind][feature] == 0) continue;
      places[kind][feature] = static_cast<uint32_t>(columns_.size());
      columns_.push_back({static_cast<uint32_t>(feature), static_cast<ColumnKind>(kind)});
    }
  }
  return places;
}

template <typename X, typename Sum>
void PackedTrees<X, Sum>::add_group(size_t i, uint32_t root, uint32_t depth) {
  if (i % kLanes == 0) {
    groups_.emplace_back();
    std::ranges::fill(groups_.back().roots, root);
    groups_.back().depth = 0;
  }
  auto& group = groups_.back();
  group.roots[i % kLanes] = root;
  group.n_trees = i % kLanes + 1;
  group.depth = std::max(group.depth, depth);
}

template <typename X, typename Sum>
Result<PackedTrees<X, Sum>> PackedTrees<X, Sum>::pack(const std::vector<Tree>& trees,
                                                      const EnsembleForm& form) {
  const size_t n_outputs = form.base_scores.size();
  if (form.n_features > kMaxFeatures || n_outputs > kMaxOutputs) {
    return fail(Code::invalid_parameter_value,
                "{} features and {} outputs; at most {} and {} are possible", form.n_features,
                n_outputs, kMaxFeatures, kMaxOutputs);
  }
  PackedTrees out;
  out.n_features_ = form.n_features;
  out.n_outputs_ = n_outputs;
  if (form.cut == CategoryCut::toward_zero) out.lowest_category_ = std::nextafter(X{-1}, X{0});
  out.vectors_are_leaves_ = !trees.empty() && !trees[0].vectors.empty();
  size_t n_nodes = 0;
  for (size_t i = 0; i < trees.size(); ++i) {
    n_nodes += trees[i].nodes.size();
    out.leaves_are_linear_ |= !trees[i].linears.empty();
    if (trees[i].vectors.empty() == out.vectors_are_leaves_) {
      return fail(Code::invalid_parameter_value, "tree {}: only some trees have vector leaves", i);
    }
  }
  out.nodes_.reserve(n_nodes);
  (out.vectors_are_leaves_ ? out.vector_places_.reserve(n_nodes) : out.leaves_.reserve(n_nodes));
  out.measure_categories(trees);
  const auto places = out.choose_columns(trees);
  std::vector<uint32_t> roots;
  for (size_t i = 0; i < trees.size(); ++i) {
    const auto root = static_cast<uint32_t>(out.nodes_.size());
    Packer packer{out, form, trees[i], i, places, {}, {}, {}, {}};
    const uint32_t depth = TRY(packer.pack());
    out.add_group(i, root, depth);
    roots.push_back(root);
    out.outputs_.push_back(trees[i].output);
  }
  roots.push_back(static_cast<uint32_t>(out.nodes_.size()));
  out.add_ranks(roots);
  return out;
}

template <typename X, typename Sum>
void PackedTrees<X, Sum>::add_ranks(const std::vector<uint32_t>& roots) {
  kernel_ = rank_kernel<X, Sum>();
  if (kernel_ == nullptr || vectors_are_leaves_ || leaves_are_linear_) return;
  ranks_ = RankTrees<X, Sum>::make(nodes_, leaves_, roots, outputs_, columns_);
}

template class PackedTrees<float, float>;
template class PackedTrees<float, double>;
template class PackedTrees<double, double>;

}  // namespace slipway::models
