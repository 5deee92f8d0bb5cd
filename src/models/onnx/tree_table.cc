// Reading of tree operators: lists of nodes and of leaves' weights.
#include "models/onnx/tree_table.h"

#include <algorithm>
#include <unordered_map>

namespace slipway::models::onnx {
namespace {

constexpr std::string_view kModes[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE",    "BRANCH_GT",
                                       "BRANCH_EQ",  "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF"};

/// Where a node with a tree's and a node's number lies.
class Places {
 public:
  struct Place {
    size_t tree = 0;
    int32_t node = 0;
  };

  /// False where there is such a node already.
  bool add(int64_t tree, int64_t node) {
    const auto [at, is_new] = trees_.emplace(tree, trees_.size());
    if (is_new) nodes_.emplace_back();
    auto& nodes = nodes_[at->second];
    last_ = {at->second, static_cast<int32_t>(nodes.size())};
    return nodes.emplace(node, last_.node).second;
  }
  Place last() const { return last_; }
  /// Nothing where there is none.
  const Place* find(int64_t tree, int64_t node) {
    const auto found = trees_.find(tree);
    if (found == trees_.end()) return nullptr;
    const auto at = nodes_[found->second].find(node);
    if (at == nodes_[found->second].end()) return nullptr;
    found_ = {found->second, at->second};
    return &found_;
  }

 private:
  std::unordered_map<int64_t, size_t> trees_;
  std::vector<std::unordered_map<int64_t, int32_t>> nodes_;
  Place last_;
  Place found_;
};

/// A list of numbers, floats or a tensor of doubles.
struct NumberList {
  std::vector<double> values;
  bool is_double = false;
};

Result<NumberList> number_list(const NodeView& node, const std::string& name) {
  NumberList out;
  if (node.has(name + "_as_tensor")) {
    const auto tensor = TRY(node.tensor(name + "_as_tensor"));
    out.is_double = tensor.element() == Element::float64;
    out.values = numbers<double>(tensor);
    return out;
  }
  const auto floats = node.floats(name);
  out.values.assign(floats.begin(), floats.end());
  return out;
}

struct TableReader {
  const NodeView& node;
  TreeTable table;
  Places places;

  Result<void> read_nodes() {
    const auto trees = node.integers("nodes_treeids");
    const auto ids = node.integers("nodes_nodeids");
    const auto features = node.integers("nodes_featureids");
    const auto yes = node.integers("nodes_truenodeids");
    const auto no = node.integers("nodes_falsenodeids");
    const auto missing = node.integers("nodes_missing_value_tracks_true");
    const auto modes = node.strings("nodes_modes");
    const auto thresholds = TRY(number_list(node, "nodes_values"));
    table.is_double = thresholds.is_double;
    const size_t n = trees.size();
    if (ids.size() != n || features.size() != n || yes.size() != n || no.size() != n ||
        modes.size() != n || thresholds.values.size() != n ||
        (!missing.empty() && missing.size() != n)) {
      return node.odd("its lists of nodes are not equally long");
    }
    for (size_t i = 0; i < n; ++i) {
      if (!places.add(trees[i], ids[i])) {
        return node.odd(fmt::format("node {} of tree {} is there twice", ids[i], trees[i]));
      }
      if (places.last().tree == table.trees.size()) table.trees.emplace_back();
      auto& out = table.trees[places.last().tree].nodes.emplace_back();
      const auto mode = std::ranges::find(kModes, modes[i]);
      if (mode == std::end(kModes) || *mode == "BRANCH_MEMBER") {
        return node.unsupported("mode " + modes[i]);
      }
      out.mode = static_cast<Mode>(mode - std::begin(kModes));
      if (out.mode == Mode::leaf) continue;
      if (features[i] < 0 || features[i] > UINT32_MAX) return node.odd("a feature below 0");
      out.feature = static_cast<uint32_t>(features[i]);
      out.threshold = thresholds.values[i];
      out.missing_is_yes = !missing.empty() && missing[i] != 0;
    }
    for (size_t i = 0; i < n; ++i) {
      const auto here = *places.find(trees[i], ids[i]);
      auto& out = table.trees[here.tree].nodes[static_cast<size_t>(here.node)];
      if (out.mode == Mode::leaf) continue;
      const auto* to_yes = places.find(trees[i], yes[i]);
      out.yes = to_yes == nullptr ? -2 : to_yes->node;
      const auto* to_no = places.find(trees[i], no[i]);
      out.no = to_no == nullptr ? -2 : to_no->node;
    }
    return {};
  }

  Result<void> read_weights(std::string_view prefix) {
    const auto list = [&](std::string_view name) {
      return node.integers(fmt::format("{}_{}", prefix, name));
    };
    const auto trees = list("treeids");
    const auto nodes = list("nodeids");
    const auto outputs = list("ids");
    const auto weights = TRY(number_list(node, fmt::format("{}_weights", prefix)));
    const size_t n = trees.size();
    if (nodes.size() != n || outputs.size() != n || weights.values.size() != n) {
      return node.odd("its lists of weights are not equally long");
    }
    table.is_double |= weights.is_double;
    for (size_t i = 0; i < n; ++i) {
      const auto* place = places.find(trees[i], nodes[i]);
      if (place == nullptr || outputs[i] < 0 ||
          static_cast<uint64_t>(outputs[i]) >= table.n_outputs) {
        return node.odd(fmt::format("a weight of node {} of tree {} for output {}", nodes[i],
                                    trees[i], outputs[i]));
      }
      table.trees[place->tree].weights.push_back(
          {place->node, static_cast<uint32_t>(outputs[i]), weights.values[i]});
    }
    return {};
  }
};

// Lists of the newer operator: splits and leaves are numbered apart, over all trees.
struct NewerReader {
  const NodeView& node;
  std::vector<double> splits;
  std::vector<double> modes;
  std::vector<double> leaf_weights;
  std::vector<std::vector<float>> members;  // of the splits by membership, in their order
  std::vector<size_t> member_of;            // place in members of each split
  std::vector<bool> seen;                   // splits
  TreeTable table;

  Result<void> read() {
    const auto thresholds = TRY(node.tensor("nodes_splits"));
    table.is_double = thresholds.element() == Element::float64;
    splits = numbers<double>(thresholds);
    const auto mode_list = TRY(node.tensor("nodes_modes", SmallIntegers::widen));
    modes = numbers<double>(mode_list);
    const auto weights = TRY(node.tensor("leaf_weights"));
    leaf_weights = numbers<double>(weights);
    const size_t n = splits.size();
    for (const auto* name : {"nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids",
                             "nodes_trueleafs", "nodes_falseleafs"}) {
      if (node.integers(name).size() != n)
        return node.odd(fmt::format("{} is not {} long", name, n));
    }
    const auto missing = node.integers("nodes_missing_value_tracks_true");
    if (modes.size() != n || (!missing.empty() && missing.size() != n) ||
        node.integers("leaf_targetids").size() != leaf_weights.size()) {
      return node.odd("its lists are not equally long");
    }
    TRY(read_members());
    seen.assign(n, false);
    for (const int64_t root : node.integers("tree_roots")) {
      table.trees.emplace_back();
      TRY(read_tree(root));
    }
    return {};
  }

  // Sets of all splits in one list, each ended by NaN.
  Result<void> read_members() {
    member_of.assign(splits.size(), 0);
    if (!node.has("membership_values")) return {};
    const auto values = TRY(node.tensor("membership_values"));
    size_t n = 0;
    for (size_t i = 0; i < splits.size(); ++i) {
      if (modes[i] == static_cast<double>(Mode::member)) member_of[i] = n++;
    }
    members.emplace_back();
    for (const float value : numbers<float>(values)) {
      if (value == value) {
        members.back().push_back(value);
      } else {
        members.emplace_back();
      }
    }
    return {};
  }

  struct Open {
    int64_t from;
    bool is_leaf;
    int32_t parent;
    bool is_yes;
  };

  Result<void> read_tree(int64_t root) {
    auto& tree = table.trees.back();
    std::vector<Open> open;
    // a tree that is a leaf has a split whose two sides are that leaf
    const auto n = static_cast<int64_t>(splits.size());
    open.push_back({root, false, -1, false});
    while (!open.empty()) {
      const auto at = open.back();
      open.pop_back();
      const auto here = static_cast<int32_t>(tree.nodes.size());
      if (at.parent >= 0) {
        auto& parent = tree.nodes[static_cast<size_t>(at.parent)];
        (at.is_yes ? parent.yes : parent.no) = here;
      }
      auto& out = tree.nodes.emplace_back();
      if (at.is_leaf) {
        TRY(add_leaf(at.from, here));
        continue;
      }
      if (at.from < 0 || at.from >= n || seen[static_cast<size_t>(at.from)]) {
        return node.odd(fmt::format("split {} is reached twice or not there", at.from));
      }
      const auto i = static_cast<size_t>(at.from);
      seen[i] = true;
      TRY(read_split(i, out));
      open.push_back({node.integers("nodes_falsenodeids")[i],
                      node.integers("nodes_falseleafs")[i] != 0, here, false});
      open.push_back({node.integers("nodes_truenodeids")[i],
                      node.integers("nodes_trueleafs")[i] != 0, here, true});
    }
    return {};
  }

  Result<void> read_split(size_t i, TableNode& out) {
    const auto feature = node.integers("nodes_featureids")[i];
    if (!(modes[i] >= 0 && modes[i] < static_cast<double>(Mode::leaf)) || feature < 0 ||
        feature > UINT32_MAX) {
      return node.odd(fmt::format("split {} has mode {} and feature {}", i, modes[i], feature));
    }
    out.mode = static_cast<Mode>(static_cast<int>(modes[i]));
    out.feature = static_cast<uint32_t>(feature);
    const auto missing = node.integers("nodes_missing_value_tracks_true");
    out.missing_is_yes = !missing.empty() && missing[i] != 0;
    out.threshold = splits[i];
    if (out.mode == Mode::member) {
      if (member_of[i] >= members.size()) return node.odd(fmt::format("split {} has no set", i));
      out.members = members[member_of[i]];
      out.threshold = 0;
    }
    return {};
  }

  Result<void> add_leaf(int64_t leaf, int32_t here) {
    const auto outputs = node.integers("leaf_targetids");
    if (leaf < 0 || static_cast<size_t>(leaf) >= leaf_weights.size()) {
      return node.odd(fmt::format("there is no leaf {}", leaf));
    }
    const auto i = static_cast<size_t>(leaf);
    if (outputs[i] < 0 || static_cast<uint64_t>(outputs[i]) >= table.n_outputs) {
      return node.odd(fmt::format("leaf {} is for output {}", leaf, outputs[i]));
    }
    table.trees.back().weights.push_back(
        {here, static_cast<uint32_t>(outputs[i]), leaf_weights[i]});
    return {};
  }
};

}  // namespace

Result<TreeTable> read_table(const NodeView& node, std::string_view prefix, size_t n_outputs) {
  TableReader reader{node, {}, {}};
  reader.table.n_outputs = n_outputs;
  TRY(reader.read_nodes());
  TRY(reader.read_weights(prefix));
  return std::move(reader.table);
}

Result<TreeTable> read_newer_table(const NodeView& node) {
  NewerReader reader{node, {}, {}, {}, {}, {}, {}, {}};
  const int64_t n_outputs = node.integer("n_targets", 1);
  if (n_outputs < 1 || n_outputs > 1 << 20) return node.odd("n_targets is not possible");
  reader.table.n_outputs = static_cast<size_t>(n_outputs);
  TRY(reader.read());
  return std::move(reader.table);
}

}  // namespace slipway::models::onnx
