// TreeSums: most trees are a TreeEnsemble; those that split by equality are walked as they are.
#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include "models/onnx/tree_table.h"

namespace slipway::models::onnx {
namespace {

constexpr size_t kMaxFeatures = 1u << 24;

bool is_threshold(Mode mode) { return mode <= Mode::greater || mode == Mode::leaf; }

// x < threshold is x <= the next number below it.
double below(double threshold, bool is_double) {
  if (is_double) return std::nextafter(threshold, -std::numeric_limits<double>::infinity());
  return std::nextafter(static_cast<float>(threshold), -std::numeric_limits<float>::infinity());
}

// A split in the ensemble's terms: x <= value goes left.
TreeNode node_of(const TableNode& node, Compare compare, bool is_double) {
  TreeNode out;
  if (node.mode == Mode::leaf) return out;
  const bool is_less = node.mode == Mode::less_equal || node.mode == Mode::less;
  const bool is_strict = node.mode == Mode::less || node.mode == Mode::greater_equal;
  out.left = is_less ? node.yes : node.no;
  out.right = is_less ? node.no : node.yes;
  out.default_left = node.missing_is_yes == is_less;
  out.feature = node.feature;
  out.value = node.threshold;
  if (is_strict && compare == Compare::less_equal) out.value = below(node.threshold, is_double);
  return out;
}

Compare compare_of(const TreeTable& table) {
  bool all_strict = true;
  for (const auto& tree : table.trees) {
    for (const auto& node : tree.nodes) {
      all_strict &=
          node.mode == Mode::leaf || node.mode == Mode::less || node.mode == Mode::greater_equal;
    }
  }
  return all_strict ? Compare::less : Compare::less_equal;
}

// The one output that a tree's leaves have weights for, or nothing where there are several.
std::optional<uint32_t> only_output(const TableTree& tree) {
  for (const auto& weight : tree.weights) {
    if (weight.output != tree.weights[0].output) return std::nullopt;
  }
  return tree.weights.empty() ? 0 : tree.weights[0].output;
}

Result<TreeEnsemble> ensemble_of(const TreeTable& table, size_t n_features) {
  EnsembleForm form;
  form.n_features = n_features;
  form.base_scores.assign(table.n_outputs, 0);
  form.rows = form.sums = table.is_double ? Number::float64 : Number::float32;
  form.left = compare_of(table);
  const bool vectors = std::ranges::any_of(
      table.trees, [](const TableTree& tree) { return !only_output(tree).has_value(); });
  size_t n_nodes = 0;
  size_t n_weights = 0;
  for (const auto& tree : table.trees) {
    n_nodes += tree.nodes.size();
    n_weights += tree.weights.size();
  }
  if (vectors && n_nodes * table.n_outputs > 8 * n_weights + (1u << 20)) {
    return fail(Code::not_implemented, "leaves with weights for few of {} outputs",
                table.n_outputs);
  }
  std::vector<Tree> trees;
  for (const auto& given : table.trees) {
    auto& tree = trees.emplace_back();
    for (const auto& node : given.nodes) {
      tree.nodes.push_back(node_of(node, form.left, table.is_double));
    }
    if (vectors) {
      tree.vectors.assign(tree.nodes.size() * table.n_outputs, 0);
      for (const auto& w : given.weights) {
        tree.vectors[static_cast<size_t>(w.node) * table.n_outputs + w.output] += w.value;
      }
      continue;
    }
    tree.output = *only_output(given);
    for (const auto& w : given.weights) {
      auto& node = tree.nodes[static_cast<size_t>(w.node)];
      if (node.left == -1 && node.right == -1) node.value += w.value;
    }
  }
  return TreeEnsemble::make(trees, std::move(form));
}

/// Trees with splits by equality, walked one by one.
struct Walked {
  TreeTable table;
  std::vector<std::vector<size_t>> starts;  // of each tree's weights, by node; one more at the end

  Result<void> check_trees() {
    for (size_t t = 0; t < table.trees.size(); ++t) {
      auto& tree = table.trees[t];
      const auto n = static_cast<int32_t>(tree.nodes.size());
      // nodes may share what lies below them, but nothing may lead to itself
      enum class Seen : uint8_t { no, open, done };
      std::vector<Seen> seen(tree.nodes.size(), Seen::no);
      std::vector<int32_t> open{0};
      while (!open.empty()) {
        const int32_t at = open.back();
        if (at < 0 || at >= n) {
          return fail(Code::invalid_parameter_value, "tree {}: there is no node {}", t, at);
        }
        auto& state = seen[static_cast<size_t>(at)];
        const auto& node = tree.nodes[static_cast<size_t>(at)];
        if (state != Seen::no || node.mode == Mode::leaf) {
          state = Seen::done;
          open.pop_back();
          continue;
        }
        state = Seen::open;
        for (const int32_t child : {node.yes, node.no}) {
          if (child < 0 || child >= n || seen[static_cast<size_t>(child)] == Seen::open) {
            return fail(Code::invalid_parameter_value, "tree {}, node {}: leads to node {}", t, at,
                        child);
          }
          if (seen[static_cast<size_t>(child)] == Seen::no) open.push_back(child);
        }
      }
      std::ranges::stable_sort(tree.weights, {}, &TableWeight::node);
      auto& start = starts.emplace_back(tree.nodes.size() + 1, 0);
      for (const auto& weight : tree.weights) ++start[static_cast<size_t>(weight.node) + 1];
      for (size_t i = 1; i < start.size(); ++i) start[i] += start[i - 1];
    }
    return {};
  }

  template <typename X>
  static bool holds(const TableNode& node, X x) {
    const auto threshold = static_cast<X>(node.threshold);
    switch (node.mode) {
      case Mode::less_equal: return x <= threshold;
      case Mode::less: return x < threshold;
      case Mode::greater_equal: return x >= threshold;
      case Mode::greater: return x > threshold;
      case Mode::equal: return x == threshold;
      case Mode::not_equal: return x != threshold;
      case Mode::member:
        return std::ranges::any_of(node.members, [&](float m) { return static_cast<X>(m) == x; });
      case Mode::leaf: break;
    }
    return false;
  }

  template <typename X>
  void add(BasicMatrixView<X> rows, std::span<X> sums) const {
    for (size_t i = 0; i < rows.n_rows; ++i) {
      const X* row = rows.row(i);
      for (size_t t = 0; t < table.trees.size(); ++t) {
        const auto& tree = table.trees[t];
        size_t at = 0;
        while (tree.nodes[at].mode != Mode::leaf) {
          const auto& node = tree.nodes[at];
          const X x = row[node.feature];
          const bool yes = holds(node, x) || (node.missing_is_yes && std::isnan(x));
          at = static_cast<size_t>(yes ? node.yes : node.no);
        }
        for (size_t w = starts[t][at]; w < starts[t][at + 1]; ++w) {
          sums[i * table.n_outputs + tree.weights[w].output] +=
              static_cast<X>(tree.weights[w].value);
        }
      }
    }
  }
};

}  // namespace

struct TreeSums::Form {
  std::variant<TreeEnsemble, Walked> trees;
};

Result<TreeSums> TreeSums::make(TreeTable table) {
  TreeSums out;
  out.n_outputs_ = table.n_outputs;
  out.n_trees_ = table.trees.size();
  out.is_double_ = table.is_double;
  out.used_.assign(table.n_outputs, false);
  bool thresholds = true;
  for (const auto& tree : table.trees) {
    for (const auto& weight : tree.weights) {
      out.used_[weight.output] = true;
      out.all_positive_ &= weight.value >= 0;
    }
    for (const auto& node : tree.nodes) {
      if (node.mode == Mode::leaf) continue;
      thresholds &= is_threshold(node.mode);
      out.n_features_ = std::max(out.n_features_, size_t{node.feature} + 1);
    }
  }
  if (out.n_features_ > kMaxFeatures) {
    return fail(Code::invalid_parameter_value, "a tree reads feature {}", out.n_features_ - 1);
  }
  if (thresholds) {
    auto ensemble = TRY(ensemble_of(table, out.n_features_));
    out.form_ = std::make_shared<const Form>(Form{std::move(ensemble)});
    return out;
  }
  Walked walked{std::move(table), {}};
  TRY(walked.check_trees());
  out.form_ = std::make_shared<const Form>(Form{std::move(walked)});
  return out;
}

namespace {

// The features that trees read, of rows that may have more.
template <typename X>
Result<std::vector<X>> features_of(const Tensor& x, size_t n_features) {
  if (x.element() == Element::string) {
    return fail(Code::invalid_parameter_value, "trees take numbers, not texts");
  }
  const auto extent = TRY(extent_of(x));
  if (extent.n_columns < n_features) {
    return fail(Code::invalid_parameter_value, "rows of {} columns, the trees read {}",
                extent.n_columns, n_features);
  }
  auto all = numbers<X>(x);
  if (extent.n_columns == n_features) return all;
  std::vector<X> out(extent.n_rows * n_features);
  for (size_t i = 0; i < extent.n_rows; ++i) {
    std::copy_n(all.begin() + static_cast<ptrdiff_t>(i * extent.n_columns), n_features,
                out.begin() + static_cast<ptrdiff_t>(i * n_features));
  }
  return out;
}

template <typename X, typename Trees>
Result<std::vector<X>> add_up(const Trees& trees, const Tensor& x, size_t n_features,
                              size_t n_outputs) {
  const auto extent = TRY(extent_of(x));
  TRY(count({static_cast<int64_t>(extent.n_rows), static_cast<int64_t>(n_outputs)}));
  std::vector<X> copied;
  const auto* own = x.as<X>();
  if (own == nullptr || extent.n_columns != n_features) {
    copied = TRY((features_of<X>(x, n_features)));
    own = &copied;
  }
  std::vector<X> sums(extent.n_rows * n_outputs, 0);
  const BasicMatrixView<X> rows{own->data(), extent.n_rows, n_features};
  if (const auto* ensemble = std::get_if<TreeEnsemble>(&trees)) {
    ensemble->predict(rows, std::span<X>(sums));
  } else {
    std::get<Walked>(trees).add(rows, std::span<X>(sums));
  }
  return sums;
}

}  // namespace

Result<std::vector<float>> TreeSums::single(const Tensor& x) const {
  return add_up<float>(form_->trees, x, n_features_, n_outputs_);
}

Result<std::vector<double>> TreeSums::twice(const Tensor& x) const {
  return add_up<double>(form_->trees, x, n_features_, n_outputs_);
}

}  // namespace slipway::models::onnx
