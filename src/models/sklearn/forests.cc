// Decision trees, and averages of them: forests, extra trees; and isolation by them.
#include <algorithm>
#include <cmath>

#include "models/sklearn/families.h"
#include "models/sklearn/trees.h"

namespace slipway::models::sklearn {
namespace {

/// Trees of one forest, or a tree alone, and what they were fitted on.
struct Grove {
  Forest forest;
  size_t n_trees = 1;
  size_t n_outputs = 1;
  size_t width = 1;
};

Result<Grove> read_grove(const State& state) {
  std::vector<const objects::Object*> members{&state.object()};
  if (state.find("tree_") == nullptr) {
    const auto* list = TRY(state.get("estimators_"));
    members = items_of(*list);
  }
  TRY(state.require(!members.empty(), "estimators_", "is empty"));
  Grove grove;
  grove.n_trees = members.size();
  std::vector<Tree> trees;
  size_t n_features = 0;
  auto missing = Missing::refuse;
  for (const auto* member : members) {
    const State inner(*member, state.allowance());
    const auto saved = TRY(read_tree(inner));
    if (trees.empty()) {
      n_features = saved.n_features;
      grove.n_outputs = saved.n_outputs;
      grove.width = saved.width;
      if (takes_missing(inner, saved)) missing = Missing::accept;
    }
    TRY(state.require(saved.n_features == n_features && saved.n_outputs == grove.n_outputs &&
                          saved.width == grove.width,
                      "estimators_", "are trees of different shapes"));
    trees.push_back(vector_tree(saved));
  }
  std::vector<double> base(grove.n_outputs * grove.width, 0);
  grove.forest = TRY(Forest::make(std::move(trees), n_features, std::move(base), missing));
  return grove;
}

Result<Matrix> means(const Grove& grove, const Value& x, std::string_view name) {
  auto sums = TRY(grove.forest.sums(x, name));
  if (grove.n_trees > 1) {
    for (auto& value : sums.values) value /= static_cast<double>(grove.n_trees);
  }
  return sums;
}

class ForestRegressor : public Estimator {
 public:
  ForestRegressor(const State& state, Grove grove) : Estimator(state), grove_(std::move(grove)) {}

  bool predicts_matrix() const override { return grove_.n_outputs > 1; }

  Result<data::Batch> predict(const Value& x) const override {
    const auto values = TRY(means(grove_, x, name()));
    return unnamed_columns(values);
  }

 private:
  Grove grove_;
};

Result<EstimatorPtr> make_forest_regressor(const State& state) {
  auto grove = TRY(read_grove(state));
  TRY(state.require(grove.width == 1, "tree_", "has classes"));
  return EstimatorPtr(new ForestRegressor(state, std::move(grove)));
}

class ForestClassifier : public Estimator {
 public:
  ForestClassifier(const State& state, Grove grove, std::vector<data::Column> classes)
      : Estimator(state), grove_(std::move(grove)), classes_(std::move(classes)) {}

  bool predicts_matrix() const override { return classes_.size() > 1; }
  const data::Column* classes() const override {
    return classes_.size() == 1 ? &classes_[0] : nullptr;
  }
  bool has(Method method) const override {
    return method != Method::decision_function && classes_.size() == 1;
  }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    auto out = TRY(means(grove_, x, name()));
    if (method == Method::predict_log_proba) log_of(out);
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto values = TRY(means(grove_, x, name()));
    data::Batch out;
    out.n_rows = values.n_rows;
    for (size_t k = 0; k < classes_.size(); ++k) {
      std::vector<size_t> best(values.n_rows);
      for (size_t i = 0; i < values.n_rows; ++i) {
        const double* shares = values.row(i) + k * grove_.width;
        best[i] =
            static_cast<size_t>(std::max_element(shares, shares + classes_[k].size()) - shares);
      }
      out.columns.push_back(take_labels(classes_[k], best));
    }
    return out;
  }

 private:
  Grove grove_;
  std::vector<data::Column> classes_;  // of each output
};

Result<EstimatorPtr> make_forest_classifier(const State& state) {
  auto grove = TRY(read_grove(state));
  std::vector<data::Column> classes;
  if (grove.n_outputs == 1) {
    auto labels = TRY(state.labels("classes_"));
    TRY(state.require(labels.size() == grove.width, "classes_", "does not fit tree_"));
    classes.push_back(std::move(labels));
  } else {
    const auto* lists = TRY(state.get("classes_"));
    for (const auto* list : items_of(*lists)) {
      auto labels = TRY(labels_of(*list));
      TRY(state.require(labels.size() > 0 && labels.size() <= grove.width, "classes_",
                        "does not fit tree_"));
      classes.push_back(std::move(labels));
    }
    TRY(state.require(classes.size() == grove.n_outputs, "classes_", "does not fit tree_"));
  }
  return EstimatorPtr(new ForestClassifier(state, std::move(grove), std::move(classes)));
}

// How deep a sample is on average among n: the length of an unsuccessful search of a binary tree.
double average_path_length(double n) {
  constexpr double kEuler = 0.57721566490153286061;
  if (n <= 1) return 0;
  if (n <= 2) return 1;
  return 2 * (std::log(n - 1) + kEuler) - 2 * (n - 1) / n;
}

// Replaces each leaf's value by its depth, and what its samples would take beyond it.
void leaves_to_depths(Tree& tree, const SavedTree& saved) {
  std::vector<std::pair<int32_t, double>> open{{0, 0}};
  std::vector<bool> seen(saved.nodes.size(), false);
  while (!open.empty()) {
    const auto [at, depth] = open.back();
    open.pop_back();
    if (at < 0 || static_cast<size_t>(at) >= seen.size() || seen[static_cast<size_t>(at)]) continue;
    const auto i = static_cast<size_t>(at);
    seen[i] = true;
    if (saved.nodes[i].left == -1) {
      tree.nodes[i].value = depth + average_path_length(saved.n_samples[i]);
      continue;
    }
    open.emplace_back(saved.nodes[i].left, depth + 1);
    open.emplace_back(saved.nodes[i].right, depth + 1);
  }
}

class IsolationForest : public Estimator {
 public:
  IsolationForest(const State& state, Forest forest, double denominator, double offset)
      : Estimator(state), forest_(std::move(forest)), denominator_(denominator), offset_(offset) {}

  bool has(Method method) const override { return method == Method::decision_function; }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    auto depths = TRY(forest_.sums(x, name()));
    for (auto& value : depths.values) {
      value = -(denominator_ == 0 ? 0.5 : std::exp2(-value / denominator_)) - offset_;
    }
    return depths;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto decision = TRY(scores(Method::decision_function, x));
    std::vector<int64_t> out;
    for (const double value : decision.values) out.push_back(value < 0 ? -1 : 1);
    return one_column(data::int64_column("", std::move(out)));
  }

 private:
  Forest forest_;
  double denominator_;
  double offset_;
};

Result<EstimatorPtr> make_isolation(const State& state) {
  const auto* list = TRY(state.get("estimators_"));
  const auto* chosen = TRY(state.get("estimators_features_"));
  const auto members = items_of(*list);
  const auto n = TRY(state.integer("n_features_in_"));
  const auto offset = TRY(state.number("offset_"));
  const auto n_samples =
      TRY(state.number(state.find("_max_samples") ? "_max_samples" : "max_samples_"));
  TRY(state.require(n > 0 && n < 1 << 30 && !members.empty(), "estimators_", "is empty"));
  std::vector<std::vector<int64_t>> places;
  if (chosen->kind == objects::Kind::array && chosen->array->n_dimensions() == 2) {
    const auto table = TRY(matrix_of(*chosen));
    for (size_t i = 0; i < table.n_rows; ++i) {
      places.emplace_back(table.row(i), table.row(i) + table.n_columns);
    }
  } else {
    for (const auto* item : items_of(*chosen)) {
      auto one = TRY(integers_of(*item));
      places.push_back(std::move(one));
    }
  }
  TRY(state.require(places.size() == members.size(), "estimators_features_", "does not fit"));
  std::vector<Tree> trees;
  auto missing = Missing::refuse;
  for (size_t t = 0; t < members.size(); ++t) {
    const State inner(*members[t], state.allowance());
    const auto saved = TRY(read_tree(inner));
    if (t == 0 && takes_missing(inner, saved)) missing = Missing::accept;
    auto tree = number_tree(saved, 1, 0);
    leaves_to_depths(tree, saved);
    for (auto& node : tree.nodes) {
      if (node.left == -1) continue;
      const bool within = node.feature < places[t].size();
      TRY(state.require(within && places[t][node.feature] >= 0 && places[t][node.feature] < n,
                        "estimators_features_", "leads out of the columns"));
      node.feature = static_cast<uint32_t>(places[t][node.feature]);
    }
    trees.push_back(std::move(tree));
  }
  const double denominator = static_cast<double>(trees.size()) * average_path_length(n_samples);
  auto forest = TRY(Forest::make(std::move(trees), static_cast<size_t>(n), {0}, missing));
  return EstimatorPtr(new IsolationForest(state, std::move(forest), denominator, offset));
}

constexpr EstimatorRow kRows[] = {
    {"DecisionTreeClassifier", make_forest_classifier},
    {"DecisionTreeRegressor", make_forest_regressor},
    {"ExtraTreeClassifier", make_forest_classifier},
    {"ExtraTreeRegressor", make_forest_regressor},
    {"ExtraTreesClassifier", make_forest_classifier},
    {"ExtraTreesRegressor", make_forest_regressor},
    {"IsolationForest", make_isolation},
    {"RandomForestClassifier", make_forest_classifier},
    {"RandomForestRegressor", make_forest_regressor},
};

}  // namespace

std::span<const EstimatorRow> forest_rows() { return kRows; }

}  // namespace slipway::models::sklearn
