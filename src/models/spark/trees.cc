// Decision trees, random forests and boosted trees, as one TreeEnsemble each.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "models/spark/classifier.h"
#include "models/tree_ensemble.h"

namespace slipway::models::spark {
namespace {

// Columns of the nodes of one or many trees.
struct NodeColumns {
  const Table* id;
  const Table* prediction;
  const Table* stats;
  const Table* left;
  const Table* right;
  const Table* feature;
  const Table* threshold;
  const Table* n_categories;
};

Result<NodeColumns> node_columns(const Table& nodes) {
  NodeColumns out{};
  const auto* split = TRY(column_of(nodes, "split"));
  const struct {
    const Table& from;
    std::string_view name;
    const Table** to;
    Table::Kind kind;
  } wanted[] = {
      {nodes, "id", &out.id, Table::Kind::values},
      {nodes, "prediction", &out.prediction, Table::Kind::values},
      {nodes, "impurityStats", &out.stats, Table::Kind::list},
      {nodes, "leftChild", &out.left, Table::Kind::values},
      {nodes, "rightChild", &out.right, Table::Kind::values},
      {*split, "featureIndex", &out.feature, Table::Kind::values},
      {*split, "leftCategoriesOrThreshold", &out.threshold, Table::Kind::list},
      {*split, "numCategories", &out.n_categories, Table::Kind::values},
  };
  for (const auto& one : wanted) {
    const auto* column = TRY(column_of(one.from, one.name));
    *one.to = column;
    if (column->kind != one.kind ||
        (one.kind == Table::Kind::values && !column->values.is_numeric())) {
      return fail(Code::invalid_parameter_value, "'{}' is of another kind", one.name);
    }
  }
  return out;
}

struct TreeForm {
  size_t n_classes = 0;  // 0: leaves have a value
  bool normalizes = false;
  double weight = 1;
};

// A set has those on the side of fewer categories: what is in none goes to the other side.
Result<void> set_split(const NodeColumns& columns, size_t row, Tree& tree, TreeNode& node) {
  const auto span = TRY(items_of(*columns.threshold, row));
  const double feature = columns.feature->values.number_at(row);
  const double n = columns.n_categories->values.number_at(row);
  const auto& items = columns.threshold->children[0];
  const bool fits = feature >= 0 && feature < 0x1p31 && (n != -1 || span.end == span.begin + 1) &&
                    n < 1e6 && items.kind == Table::Kind::values && items.values.is_numeric();
  if (!fits) return fail(Code::invalid_parameter_value, "a split has no feature or no threshold");
  node.feature = static_cast<uint32_t>(feature);
  if (n == -1) {
    node.value = items.values.number_at(span.begin);
    return {};
  }
  std::vector<uint8_t> is_left(static_cast<size_t>(std::max(n, 0.0)));
  for (size_t i = span.begin; i < span.end; ++i) {
    const double category = items.values.number_at(i);
    if (!(category >= 0 && category < n)) {
      return fail(Code::invalid_parameter_value, "category {} of {}", category, n);
    }
    is_left[static_cast<size_t>(category)] = 1;
  }
  node.set_goes_left = span.end - span.begin <= is_left.size() / 2;
  node.default_left = !node.set_goes_left;
  std::vector<uint32_t> members;
  for (size_t k = 0; k < is_left.size(); ++k) {
    if ((is_left[k] != 0) == node.set_goes_left) members.push_back(static_cast<uint32_t>(k));
  }
  node.category_set = static_cast<int32_t>(tree.category_sets.size());
  tree.category_sets.push_back(std::move(members));
  return {};
}

Result<void> set_leaf(const NodeColumns& columns, size_t row, const TreeForm& form, Tree& tree,
                      TreeNode& node) {
  node.value = columns.prediction->values.number_at(row);
  if (form.n_classes == 0) return {};
  const auto span = TRY(items_of(*columns.stats, row));
  const auto& items = columns.stats->children[0];
  if (span.end - span.begin != form.n_classes || items.kind != Table::Kind::values) {
    return fail(Code::invalid_parameter_value, "a leaf has no counts of {} classes",
                form.n_classes);
  }
  double* counts = tree.vectors.data() + tree.nodes.size() * form.n_classes;
  for (size_t k = 0; k < form.n_classes; ++k) counts[k] = items.values.number_at(span.begin + k);
  if (form.normalizes) normalize_row(counts, form.n_classes);
  return {};
}

// `rows` are those of one tree, the root's first.
Result<Tree> make_tree(const NodeColumns& columns, const std::vector<size_t>& rows,
                       const TreeForm& form) {
  std::unordered_map<double, int32_t> places;
  for (const auto row : rows) {
    places.emplace(columns.id->values.number_at(row), static_cast<int32_t>(places.size()));
  }
  if (places.size() != rows.size() || rows.empty()) {
    return fail(Code::invalid_parameter_value, "a tree has no nodes, or two of one id");
  }
  Tree tree;
  tree.weight = form.weight;
  tree.vectors.resize(rows.size() * form.n_classes);
  for (const auto row : rows) {
    TreeNode node;
    const auto left = places.find(columns.left->values.number_at(row));
    const auto right = places.find(columns.right->values.number_at(row));
    const bool is_leaf = columns.left->values.number_at(row) < 0;
    if (is_leaf) {
      TRY(set_leaf(columns, row, form, tree, node));
    } else {
      if (left == places.end() || right == places.end()) {
        return fail(Code::invalid_parameter_value, "a node's child is not there");
      }
      node.left = left->second;
      node.right = right->second;
      TRY(set_split(columns, row, tree, node));
    }
    tree.nodes.push_back(node);
  }
  return tree;
}

struct ForestForm {
  size_t n_classes = 0;
  bool normalizes = false;
  bool weighted = false;
};

// Rows of each tree in the order of their ids.
Result<std::vector<std::vector<size_t>>> rows_by_tree(const Table& table, const Table& id,
                                                      size_t n_trees) {
  std::vector<std::vector<size_t>> out(n_trees);
  for (size_t row = 0; row < id.n_rows; ++row) {
    const double tree = TRY(number_of(table, "treeID", row));
    if (!(tree >= 0 && tree < static_cast<double>(n_trees))) {
      return fail(Code::invalid_parameter_value, "a node of tree {} of {}", tree, n_trees);
    }
    out[static_cast<size_t>(tree)].push_back(row);
  }
  for (auto& rows : out) {
    std::ranges::sort(rows, {}, [&](size_t row) { return id.values.number_at(row); });
  }
  return out;
}

// The third column of the trees' metadata; its columns' names depend on Spark's version.
Result<std::vector<double>> weights_of(const Saved& saved) {
  const auto table = TRY(saved.table("treesMetadata"));
  const auto is_number = [](const Table& c) {
    return c.kind == Table::Kind::values && c.values.is_numeric();
  };
  const bool fits =
      table.children.size() == 3 && is_number(table.children[0]) && is_number(table.children[2]);
  TRY(saved.require(fits, "treesMetadata has no weights"));
  std::vector<double> out(table.n_rows, std::nan(""));
  for (size_t row = 0; row < table.n_rows; ++row) {
    const double tree = table.children[0].values.number_at(row);
    TRY(saved.require(tree >= 0 && tree < static_cast<double>(out.size()), "a tree's number"));
    out[static_cast<size_t>(tree)] = table.children[2].values.number_at(row);
  }
  return out;
}

Result<std::vector<Tree>> read_trees(const Saved& saved, const ForestForm& form, bool is_one) {
  const auto table = TRY(saved.table());
  const auto* nodes = &table;
  std::vector<double> weights{1};
  if (!is_one) {
    nodes = TRY(column_of(table, "nodeData"));
    weights = TRY(weights_of(saved));
  }
  const auto columns = TRY(node_columns(*nodes));
  std::vector<std::vector<size_t>> rows(1);
  if (is_one) {
    for (size_t row = 0; row < table.n_rows; ++row) rows[0].push_back(row);
    std::ranges::sort(rows[0], {}, [&](size_t r) { return columns.id->values.number_at(r); });
  } else {
    rows = TRY(rows_by_tree(table, *columns.id, weights.size()));
  }
  TRY(saved.take_cells(table.n_rows, form.n_classes + 1));
  std::vector<Tree> trees;
  for (size_t t = 0; t < rows.size(); ++t) {
    const TreeForm tree{form.n_classes, form.normalizes, form.weighted ? weights[t] : 1};
    auto made = make_tree(columns, rows[t], tree);
    if (!made.ok()) return saved.odd(fmt::format("tree {}: {}", t, made.error().message));
    trees.push_back(std::move(made).value());
  }
  return trees;
}

Result<size_t> metadata_size(const Saved& saved, std::string_view name) {
  const auto* value = find(saved.metadata(), name);
  const bool fits = value != nullptr && value->is_number() && value->to_number<double>() >= 0 &&
                    value->to_number<double>() < 0x1p31;
  TRY(saved.require(fits, fmt::format("'{}' is none", name)));
  return static_cast<size_t>(value->to_number<double>());
}

struct Forest {
  TreeEnsemble trees;
  std::vector<uint32_t> categorical;  // features of splits by category

  Result<Vectors> sums(const Vectors& from) const {
    auto x = TRY(from.to_dense());
    // only whole numbers are categories; what is none belongs to no set
    for (size_t i = 0; i < x.n_rows; ++i) {
      for (const auto f : categorical) {
        double& value = x.row(i)[f];
        if (value != std::floor(value)) value = std::isnan(value) ? value : -1;
      }
    }
    auto out = Vectors::dense(x.n_rows, trees.n_outputs());
    trees.predict(Matrix64View{x.values.data(), x.n_rows, x.size}, out.values);
    return out;
  }
};

Result<Forest> read_forest(const Saved& saved, const ForestForm& form, bool is_one) {
  const auto trees = TRY(read_trees(saved, form, is_one));
  EnsembleForm ensemble;
  ensemble.n_features = TRY(metadata_size(saved, "numFeatures"));
  TRY(saved.take_cells(1, ensemble.n_features));
  ensemble.base_scores.assign(std::max<size_t>(form.n_classes, 1), 0);
  ensemble.rows = Number::float64;
  ensemble.sums = Number::float64;
  ensemble.left = Compare::less_equal;
  auto made = TreeEnsemble::make(trees, ensemble);
  if (!made.ok()) return saved.odd(made.error().message);
  Forest out{std::move(made).value(), {}};
  for (const auto& tree : trees) {
    for (const auto& node : tree.nodes) {
      if (node.category_set >= 0) out.categorical.push_back(node.feature);
    }
  }
  std::ranges::sort(out.categorical);
  const auto [first, last] = std::ranges::unique(out.categorical);
  out.categorical.erase(first, last);
  return out;
}

Result<Classifier> counting(const Saved& saved, bool is_one) {
  ForestForm form;
  form.n_classes = TRY(metadata_size(saved, "numClasses"));
  form.normalizes = !is_one;
  TRY(saved.require(form.n_classes >= 1 && form.n_classes < 1e5, "numClasses is none"));
  const auto forest = TRY(read_forest(saved, form, is_one));
  Classifier out{forest.trees.n_features(), {}, normalize_row};
  out.raw = [forest](const Vectors& x) { return forest.sums(x); };
  return out;
}

Result<Stage> value_stage(const Saved& saved, const ForestForm& form, bool is_one, bool averages) {
  const auto forest = TRY(read_forest(saved, form, is_one));
  const auto features = TRY(saved.text("featuresCol"));
  const auto prediction = saved.text_or("predictionCol", "prediction");
  Stage stage{std::string(saved.name()), {features}, {prediction}, false, {}};
  stage.apply = [=, name = stage.name](Frame& frame) -> Result<void> {
    const auto* x = TRY(frame.vectors(features, forest.trees.n_features(), name));
    auto sums = TRY(forest.sums(*x));
    const auto n = static_cast<double>(forest.trees.n_trees());
    if (averages) {
      for (auto& value : sums.values) value /= n;
    }
    frame.set_numbers(prediction, std::move(sums.values));
    return {};
  };
  return stage;
}

Result<Stage> tree_regressor(const Saved& saved) { return value_stage(saved, {}, true, false); }

Result<Stage> forest_regressor(const Saved& saved) { return value_stage(saved, {}, false, true); }

Result<Stage> boosted_regressor(const Saved& saved) {
  return value_stage(saved, {0, false, true}, false, false);
}

constexpr StageRow kRows[] = {
    {"DecisionTreeRegressionModel", tree_regressor},
    {"RandomForestRegressionModel", forest_regressor},
    {"GBTRegressionModel", boosted_regressor},
};

void boosted_shares(double* scores, size_t) {
  scores[0] = 1 / (1 + std::exp(-2 * scores[0]));
  scores[1] = 1 - scores[0];
}

}  // namespace

Result<Classifier> tree_classifier(const Saved& saved) { return counting(saved, true); }

Result<Classifier> forest_classifier(const Saved& saved) { return counting(saved, false); }

Result<Classifier> boosted_classifier(const Saved& saved) {
  const auto forest = TRY(read_forest(saved, {0, false, true}, false));
  Classifier out{forest.trees.n_features(), {}, boosted_shares, 0};
  out.raw = [forest](const Vectors& x) -> Result<Vectors> {
    const auto sums = TRY(forest.sums(x));
    auto scores = Vectors::dense(x.n_rows, 2);
    for (size_t i = 0; i < x.n_rows; ++i) {
      scores.row(i)[0] = -sums.values[i];
      scores.row(i)[1] = sums.values[i];
    }
    return scores;
  };
  return out;
}

std::span<const StageRow> tree_rows() { return kRows; }

}  // namespace slipway::models::spark
