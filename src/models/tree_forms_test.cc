// The forms that libraries give their trees, each against one walk through one tree at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "models/tree_ensemble.h"

namespace slipway::models {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kFeatures = 6;  // the last is a category

bool is_missing(const TreeNode& node, double x) {
  if (std::isnan(x)) return node.missing != Missing::none;
  return node.missing == Missing::nan_or_zero && std::abs(x) <= static_cast<double>(1e-35f);
}

bool goes_left(const Tree& tree, const TreeNode& node, double x, Compare compare) {
  if (node.category_set >= 0) {
    if (std::isnan(x)) return node.default_left;
    const auto& set = tree.category_sets[static_cast<size_t>(node.category_set)];
    const bool member = x >= 0 && std::ranges::count(set, std::floor(x)) > 0;
    return member == node.set_goes_left;
  }
  if (is_missing(node, x)) return node.default_left;
  if (std::isnan(x)) x = 0;
  return compare == Compare::less ? x < node.value : x <= node.value;
}

template <typename X>
size_t plain_leaf(const Tree& tree, const X* row, Compare compare) {
  size_t at = 0;
  while (tree.nodes[at].left >= 0) {
    const auto& node = tree.nodes[at];
    const bool left = goes_left(tree, node, static_cast<double>(row[node.feature]), compare);
    at = static_cast<size_t>(left ? node.left : node.right);
  }
  return at;
}

constexpr double kOdd[] = {kNan,   0.0,   -0.0,   kInfinity, -kInfinity, 0.1,        1e-36,
                           -1e-36, 1e300, -1e300, 1e-45,     1.0 / 3,    16777217.0, 0.25};

double awkward(Random& random) {
  if (random.below(3) == 0) return kOdd[random.below(std::size(kOdd))];
  return std::round(random.normal() * 8) / 8;
}

struct Shape {
  size_t n_outputs = 1;
  size_t max_nodes = 60;
  bool vectors = false;
  bool linear = false;
  bool categories = true;
  bool weights = false;
};

TreeNode random_split(Random& random, Tree& tree, const Shape& shape) {
  TreeNode node;
  node.feature = static_cast<uint32_t>(random.below(kFeatures));
  do node.value = awkward(random);
  while (std::isnan(node.value));
  node.default_left = random.below(2) == 1;
  node.missing = static_cast<Missing>(random.below(3));
  if (shape.categories && node.feature == kFeatures - 1) {
    node.category_set = static_cast<int32_t>(tree.category_sets.size());
    node.set_goes_left = random.below(2) == 1;
    tree.category_sets.emplace_back();
    for (uint32_t c = 0; c < 40; ++c) {
      if (random.below(3) == 0) tree.category_sets.back().push_back(c);
    }
  }
  return node;
}

Tree random_tree(Random& random, const Shape& shape) {
  Tree tree;
  tree.output = static_cast<uint32_t>(random.below(shape.n_outputs));
  if (shape.weights) tree.weight = random.uniform();
  tree.nodes.emplace_back();
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    tree.nodes[i].value = random.normal();
    if (tree.nodes.size() + 2 > shape.max_nodes || random.uniform() < 0.1) continue;
    auto node = random_split(random, tree, shape);
    node.left = static_cast<int32_t>(tree.nodes.size());
    node.right = node.left + 1;
    tree.nodes[i] = node;
    tree.nodes.resize(tree.nodes.size() + 2);
  }
  if (shape.vectors) {
    for (size_t i = 0; i < tree.nodes.size() * shape.n_outputs; ++i) {
      tree.vectors.push_back(random.normal());
    }
  }
  for (size_t i = 0; shape.linear && i < tree.nodes.size(); ++i) {
    if (tree.nodes[i].left >= 0 || random.below(3) == 0) continue;
    tree.linears.push_back({static_cast<int32_t>(i), random.normal(), {1, 0}, {0.3, -0.7}});
  }
  return tree;
}

template <typename X, typename Sum>
void add_plainly(const Tree& tree, const X* row, Compare compare, Sum* sums, size_t n_outputs) {
  const size_t leaf = plain_leaf(tree, row, compare);
  const auto weighted = [&](double value) {
    const auto sum = static_cast<Sum>(value);
    return tree.weight == 1 ? sum : sum * static_cast<Sum>(tree.weight);
  };
  if (!tree.vectors.empty()) {
    for (size_t k = 0; k < n_outputs; ++k) sums[k] += weighted(tree.vectors[leaf * n_outputs + k]);
    return;
  }
  Sum value = weighted(tree.nodes[leaf].value);
  for (const auto& linear : tree.linears) {
    if (static_cast<size_t>(linear.node) != leaf) continue;
    auto sum = static_cast<Sum>(linear.constant);
    for (size_t i = 0; i < linear.features.size(); ++i) {
      sum += static_cast<Sum>(linear.coefficients[i] * row[linear.features[i]]);
    }
    if (!std::isnan(row[0]) && !std::isnan(row[1])) value = sum;
  }
  sums[tree.output] += value;
}

// NaN is equal to NaN here.
template <typename T>
void expect_same(T a, T b, size_t row, size_t output) {
  EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b)))
      << "row " << row << ", output " << output << ": " << a << " and " << b;
}

template <typename X, typename Sum>
void expect_equals_plain_walk(const Shape& shape, size_t n_trees, EnsembleForm form) {
  Random random(7 + n_trees);
  std::vector<Tree> trees;
  for (size_t i = 0; i < n_trees; ++i) trees.push_back(random_tree(random, shape));
  form.n_features = kFeatures;
  form.base_scores.assign(shape.n_outputs, 0.125);
  const auto ensemble = TreeEnsemble::make(trees, form);
  ASSERT_TRUE(ensemble.ok()) << ensemble.error().message;
  constexpr size_t kRows = 333;
  std::vector<X> rows(kRows * kFeatures);
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool category = i % kFeatures == kFeatures - 1 && random.below(2) == 0;
    rows[i] = static_cast<X>(category ? static_cast<double>(random.below(45)) : awkward(random));
  }
  std::vector<Sum> sums(kRows * shape.n_outputs);
  ensemble->predict(BasicMatrixView<X>{rows.data(), kRows, kFeatures}, sums);
  for (size_t i = 0; i < kRows; ++i) {
    std::vector<Sum> expected(shape.n_outputs, static_cast<Sum>(0.125));
    std::vector<Sum> alone(shape.n_outputs);
    const X* row = &rows[i * kFeatures];
    for (const auto& tree : trees) {
      add_plainly(tree, row, form.left, expected.data(), shape.n_outputs);
    }
    ensemble->predict(BasicMatrixView<X>{row, 1, kFeatures}, std::span<Sum>(alone));
    for (size_t k = 0; k < shape.n_outputs; ++k) {
      expect_same(sums[i * shape.n_outputs + k], expected[k], i, k);
      expect_same(alone[k], expected[k], i, k);
    }
  }
}

template <typename X, typename Sum>
void expect_every_shape() {
  EnsembleForm form;
  form.rows = sizeof(X) == 4 ? Number::float32 : Number::float64;
  form.sums = sizeof(Sum) == 4 ? Number::float32 : Number::float64;
  for (const auto left : {Compare::less, Compare::less_equal}) {
    form.left = left;
    for (const size_t max_nodes : {1, 3, 60, 120, 400, 3000}) {
      SCOPED_TRACE(max_nodes);
      const bool linear = max_nodes == 60;
      expect_equals_plain_walk<X, Sum>({1, max_nodes, false, linear, true, !linear}, 21, form);
      expect_equals_plain_walk<X, Sum>({1, max_nodes, false, false, false, false}, 40, form);
      expect_equals_plain_walk<X, Sum>({3, max_nodes, false, false, true, true}, 20, form);
      expect_equals_plain_walk<X, Sum>({3, max_nodes, true, false, false, true}, 19, form);
    }
  }
}

TEST(TreeForms, Float32RowsAndSums) { expect_every_shape<float, float>(); }
TEST(TreeForms, Float32RowsAndFloat64Sums) { expect_every_shape<float, double>(); }
TEST(TreeForms, Float64RowsAndSums) { expect_every_shape<double, double>(); }

std::string refusal(Tree tree, EnsembleForm form = {2, {0, 0}}) {
  const auto ensemble = TreeEnsemble::make({std::move(tree)}, std::move(form));
  return ensemble.ok() ? "" : ensemble.error().message;
}

TEST(TreeForms, RefusesLeavesThatDoNotFit) {
  const Tree good{{{1, 2, 0, 0.5}, {}, {}}, {}};
  auto tree = good;
  tree.vectors = {1, 2, 3, 4, 5};
  EXPECT_EQ(refusal(tree), "tree 0, node 0: has 5 values for 3 nodes and 2 outputs");
  const auto with_linear = [&](LinearLeaf linear) {
    auto changed = good;
    changed.linears = {std::move(linear)};
    return refusal(changed);
  };
  EXPECT_EQ(with_linear({1, 0, {1}, {0.5}}), "");
  EXPECT_EQ(with_linear({0, 0, {1}, {0.5}}), "tree 0, node 0: a linear leaf at node 0");
  EXPECT_EQ(with_linear({-1, 0, {1}, {0.5}}), "tree 0, node 0: a linear leaf at node -1");
  EXPECT_EQ(with_linear({3, 0, {1}, {0.5}}), "tree 0, node 0: a linear leaf at node 3");
  EXPECT_EQ(with_linear({2, 0, {2}, {0.5}}), "tree 0, node 2: reads feature 2, there are 2");
  EXPECT_EQ(with_linear({2, 0, {1, 0}, {0.5}}), "tree 0, node 2: 2 features and 1 coefficients");
  auto vectors = good;
  vectors.vectors.assign(6, 0);
  const auto mixed = TreeEnsemble::make({vectors, good}, {2, {0, 0}});
  EXPECT_EQ(mixed.error().message, "tree 1: only some trees have vector leaves");
}

}  // namespace
}  // namespace slipway::models
