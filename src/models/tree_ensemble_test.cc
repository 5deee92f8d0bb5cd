#include "models/tree_ensemble.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace slipway::models {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TreeNode leaf(float value) { return {-1, -1, 0, value, false, -1}; }

float plain_walk(const Tree& tree, const float* row) {
  const TreeNode* node = &tree.nodes[0];
  while (node->left >= 0) {
    const float x = row[node->feature];
    bool left = x < node->value;
    if (node->category_set >= 0) {
      left = true;
      for (const auto member : tree.category_sets[node->category_set]) {
        if (std::floor(x) == static_cast<float>(member) && x >= 0) left = false;
      }
    }
    if (std::isnan(x)) left = node->default_left;
    node = &tree.nodes[left ? node->left : node->right];
  }
  return node->value;
}

enum class Categories { no, yes };

// Unbalanced trees over 7 features, of which the last two are categories where asked for.
std::vector<Tree> random_trees(Random& random, size_t n, Categories categories) {
  std::vector<Tree> trees(n);
  for (auto& tree : trees) {
    tree.output = static_cast<uint32_t>(random.below(3));
    tree.nodes.push_back(leaf(0));
    for (size_t i = 0; i < tree.nodes.size(); ++i) {
      if (tree.nodes.size() > 60 || random.uniform() < 0.2) {
        tree.nodes[i] = leaf(static_cast<float>(random.normal()));
        continue;
      }
      TreeNode node;
      node.left = static_cast<int32_t>(tree.nodes.size());
      node.right = node.left + 1;
      node.feature = static_cast<uint32_t>(random.below(7));
      node.value = std::round(static_cast<float>(random.normal()) * 4) / 4;
      node.default_left = random.below(2) == 1;
      if (categories == Categories::yes && node.feature >= 5) {
        node.category_set = static_cast<int32_t>(tree.category_sets.size());
        tree.category_sets.emplace_back();
        for (uint32_t c = 0; c < 70; ++c) {
          if (random.below(3) == 0) tree.category_sets.back().push_back(c);
        }
      }
      tree.nodes[i] = node;
      tree.nodes.insert(tree.nodes.end(), 2, leaf(0));
    }
  }
  return trees;
}

std::vector<float> random_rows(Random& random, size_t n) {
  constexpr float kOdd[] = {kNan, 0.0f, -0.0f, kInfinity, -kInfinity, 0.25f, -0.25f, 1e-45f, 1e7f};
  std::vector<float> rows(n * 7);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i] = std::round(static_cast<float>(random.normal()) * 8) / 8;
    if (i % 7 >= 5) rows[i] = static_cast<float>(random.below(90)) - 5;
    if (random.below(4) == 0) rows[i] = kOdd[random.below(std::size(kOdd))];
  }
  return rows;
}

// One walk through a tree at a time, in the same order, is what the packed form must repeat.
TEST(TreeEnsemble, EqualsAPlainWalkToTheBit) {
  for (const auto categories : {Categories::no, Categories::yes}) {
    Random random(5);
    const auto trees = random_trees(random, 37, categories);
    const auto ensemble = TreeEnsemble::make(trees, {7, {0.5f, -1.0f, 0.0f}});
    ASSERT_TRUE(ensemble.ok()) << ensemble.error().message;
    const size_t n_rows = 700;  // several blocks, the last not full
    const auto rows = random_rows(random, n_rows);
    std::vector<float> sums(n_rows * 3);
    ensemble->predict({rows.data(), n_rows, 7}, sums);
    for (size_t i = 0; i < n_rows; ++i) {
      float expected[3] = {0.5f, -1.0f, 0.0f};
      for (const auto& tree : trees) expected[tree.output] += plain_walk(tree, &rows[i * 7]);
      for (size_t k = 0; k < 3; ++k) ASSERT_EQ(sums[i * 3 + k], expected[k]) << i << " " << k;
      float one[3];
      ensemble->predict({&rows[i * 7], 1, 7}, one);
      for (size_t k = 0; k < 3; ++k) ASSERT_EQ(one[k], expected[k]) << i;
    }
  }
}

TEST(TreeEnsemble, ComparesAtTheVeryThreshold) {
  for (const float threshold : {0.0f, -0.0f, 1.0f, 1e-45f, 3.4028235e38f, kInfinity, -kInfinity}) {
    for (const bool default_left : {false, true}) {
      Tree tree{{{1, 2, 0, threshold, default_left, -1}, leaf(1), leaf(2)}, {}, 0};
      const auto ensemble = TreeEnsemble::make({tree}, {1});
      ASSERT_TRUE(ensemble.ok());
      for (const float x : {threshold, std::nextafter(threshold, -kInfinity),
                            std::nextafter(threshold, kInfinity), 0.0f, -0.0f, kNan}) {
        float sum = 0;
        ensemble->predict({&x, 1, 1}, {&sum, 1});
        EXPECT_EQ(sum, plain_walk(tree, &x)) << x << " < " << threshold;
      }
    }
  }
}

TEST(TreeEnsemble, AddsWithoutTrees) {
  const auto ensemble = TreeEnsemble::make({}, {0, {0.25f}});
  ASSERT_TRUE(ensemble.ok());
  std::vector<float> sums(2);
  ensemble->predict({nullptr, 2, 0}, sums);
  EXPECT_EQ(sums, (std::vector<float>{0.25f, 0.25f}));
}

TEST(TreeEnsemble, WalksADeepChain) {
  Tree tree;
  for (int32_t i = 0; i < 1000; ++i) {  // x < i: leaf i
    tree.nodes.push_back({2 * i + 1, 2 * i + 2, 0, static_cast<float>(i), false, -1});
    tree.nodes.push_back(leaf(static_cast<float>(i)));
  }
  tree.nodes.push_back(leaf(-1));
  const auto ensemble = TreeEnsemble::make({tree}, {1});
  ASSERT_TRUE(ensemble.ok()) << ensemble.error().message;
  const float rows[] = {0.5f, 998.5f, 5000, kNan};
  float sums[4];
  ensemble->predict({rows, 4, 1}, sums);
  EXPECT_EQ(sums[0], 1);
  EXPECT_EQ(sums[1], 999);
  EXPECT_EQ(sums[2], -1);
  EXPECT_EQ(sums[3], -1);
}

std::string refusal(Tree tree, size_t n_features = 2) {
  const auto ensemble = TreeEnsemble::make({std::move(tree)}, {n_features});
  return ensemble.ok() ? "" : ensemble.error().message;
}

TEST(TreeEnsemble, RefusesWhatWouldLeadAstray) {
  const TreeNode split{1, 2, 0, 0.5f, false, -1};
  const auto with = [&](auto change) {
    Tree tree{{split, leaf(1), leaf(2)}, {}, 0};
    change(tree);
    return refusal(tree);
  };
  EXPECT_EQ(with([](Tree&) {}), "");
  EXPECT_EQ(with([](Tree& t) { t.nodes.clear(); }), "tree 0, node 0: the tree has no nodes");
  EXPECT_EQ(with([](Tree& t) { t.nodes[0].right = 3; }),
            "tree 0, node 0: leads to node 3, there are 3");
  EXPECT_EQ(with([](Tree& t) { t.nodes[0].left = -1; }),
            "tree 0, node 0: leads to node -1, there are 3");
  EXPECT_EQ(with([](Tree& t) { t.nodes[0].left = -7; }),
            "tree 0, node 0: leads to node -7, there are 3");
  EXPECT_EQ(with([](Tree& t) { t.nodes[0].left = 0; }),
            "tree 0, node 0: leads to node 0, which is reached twice");
  EXPECT_EQ(with([](Tree& t) { t.nodes[0].left = 2; }),
            "tree 0, node 0: leads to node 2, which is reached twice");
  EXPECT_EQ(with([](Tree& t) { t.nodes[0].feature = 2; }),
            "tree 0, node 0: splits on feature 2, there are 2");
  EXPECT_EQ(with([](Tree& t) { t.nodes[0].value = kNan; }), "tree 0, node 0: its threshold is NaN");
  EXPECT_EQ(with([](Tree& t) { t.output = 1; }), "tree 0, node 0: adds to output 1, there are 1");
  EXPECT_EQ(with([](Tree& t) { t.nodes[0].category_set = 0; }),
            "tree 0, node 0: has category set 0, there are 0");
  EXPECT_EQ(with([](Tree& t) {
              t.nodes[0].category_set = 0;
              t.category_sets = {{0xFFFFFFFFu}};
            }),
            "tree 0, node 0: its category sets are too large");
}

}  // namespace
}  // namespace slipway::models
