#include <algorithm>
#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "models/xgboost_parts.h"

namespace slipway::models {
namespace {

constexpr size_t kMaxOutputs = 1u << 20;

Result<std::string> text(const UbjsonValue& object, std::string_view key) {
  const auto* value = TRY(object.member(key));
  const auto* found = std::get_if<std::string>(&value->data);
  if (found == nullptr) return fail(Code::invalid_parameter_value, "'{}' is not a text", key);
  return *found;
}

Result<std::vector<std::string>> texts(const UbjsonValue& object, std::string_view key) {
  std::vector<std::string> out;
  const auto* value = object.find(key);
  const auto* items = value == nullptr ? nullptr : std::get_if<UbjsonValue::Array>(&value->data);
  if (items == nullptr) return out;
  for (const auto& item : *items) {
    const auto* found = std::get_if<std::string>(&item.data);
    if (found == nullptr) {
      return fail(Code::invalid_parameter_value, "'{}' has something else than texts", key);
    }
    out.push_back(*found);
  }
  return out;
}

// Parameters are numbers in texts: {"num_class": "0"}.
Result<size_t> parameter(const UbjsonValue& parameters, std::string_view key) {
  const auto value = TRY(text(parameters, key));
  const auto number = to_integer(value);
  if (!number || *number < 0 || *number > std::numeric_limits<int32_t>::max()) {
    return fail(Code::invalid_parameter_value, "'{}' is {}, not a count", key, value);
  }
  return static_cast<size_t>(*number);
}

// A text such as "[5E-1]", since 3.1 with one number for each output.
Result<std::vector<float>> base_scores(const UbjsonValue& parameters) {
  const auto raw = TRY(text(parameters, "base_score"));
  std::string_view list = raw;
  if (list.starts_with('[') && list.ends_with(']')) list = list.substr(1, list.size() - 2);
  std::vector<float> out;
  for (const auto& part : split(list, ',')) {
    const auto number = to_number(trim(part));
    if (!number) return fail(Code::invalid_parameter_value, "base_score is {}", raw);
    out.push_back(static_cast<float>(*number));
  }
  return out;
}

template <typename T>
Result<std::vector<T>> numbers(const UbjsonValue& tree, std::string_view key, size_t n) {
  const auto* value = TRY(tree.member(key));
  auto read = value->numbers<T>();
  if (!read.ok()) {
    return fail(Code::invalid_parameter_value, "'{}': {}", key, read.error().message);
  }
  if (read.value().size() != n) {
    return fail(Code::invalid_parameter_value, "'{}' has {} numbers instead of {}", key,
                read.value().size(), n);
  }
  return read;
}

// Splits by category: node categories_nodes[i] has the categories_sizes[i] members of
// `categories` from categories_segments[i] on.
Result<void> read_categories(const UbjsonValue& json, Tree& tree) {
  const auto* nodes_value = json.find("categories_nodes");
  if (nodes_value == nullptr) return {};  // before 1.3
  const auto nodes = TRY(nodes_value->numbers<int64_t>());
  const auto segments = TRY(numbers<int64_t>(json, "categories_segments", nodes.size()));
  const auto sizes = TRY(numbers<int64_t>(json, "categories_sizes", nodes.size()));
  const auto* all_value = TRY(json.member("categories"));
  const auto all = TRY(all_value->numbers<int64_t>());
  size_t n_members = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const auto node = nodes[i];
    const auto begin = segments[i];
    const auto n_all = static_cast<int64_t>(all.size());
    if (node < 0 || static_cast<size_t>(node) >= tree.nodes.size() || begin < 0 || sizes[i] < 0 ||
        begin > n_all || sizes[i] > n_all - begin) {
      return fail(Code::invalid_parameter_value, "category segment {} is out of range", i);
    }
    n_members += static_cast<size_t>(sizes[i]);  // segments that overlap would multiply
    if (n_members > all.size()) {
      return fail(Code::invalid_parameter_value, "category segment {} overlaps another", i);
    }
    std::vector<uint32_t> members;
    for (int64_t k = begin; k < begin + sizes[i]; ++k) {
      const auto category = all[static_cast<size_t>(k)];
      if (category < 0 || category >= 1 << 24) {
        return fail(Code::invalid_parameter_value, "category {} is out of range", category);
      }
      members.push_back(static_cast<uint32_t>(category));
    }
    tree.nodes[static_cast<size_t>(node)].category_set =
        static_cast<int32_t>(tree.category_sets.size());
    tree.category_sets.push_back(std::move(members));
  }
  return {};
}

// Since 3.2 the vectors of leaves lie in leaf_weights, and a leaf's right child is its place there;
// before, base_weights has a vector for every node.
Result<void> read_vectors(const UbjsonValue& json, size_t n_outputs, Tree& tree) {
  const size_t n = tree.nodes.size();
  const auto* leaf_weights = json.find("leaf_weights");
  if (leaf_weights == nullptr) {
    const auto weights = TRY(numbers<float>(json, "base_weights", n * n_outputs));
    tree.vectors.assign(weights.begin(), weights.end());
    for (auto& node : tree.nodes) {
      if (node.left == -1) node.right = -1;
    }
    return {};
  }
  const auto weights = TRY(leaf_weights->numbers<float>());
  const size_t n_leaves = weights.size() / n_outputs;
  tree.vectors.assign(n * n_outputs, 0);
  for (size_t i = 0; i < n; ++i) {
    auto& node = tree.nodes[i];
    if (node.left != -1) continue;
    if (node.right < 0 || static_cast<size_t>(node.right) >= n_leaves) {
      return fail(Code::invalid_parameter_value, "leaf {} has weights {}, there are {}", i,
                  node.right, n_leaves);
    }
    const size_t from = static_cast<size_t>(node.right) * n_outputs;
    for (size_t k = 0; k < n_outputs; ++k) tree.vectors[i * n_outputs + k] = weights[from + k];
    node.right = -1;
  }
  return {};
}

Result<void> check_split_types(const UbjsonValue& json, const Tree& tree) {
  const auto* types = json.find("split_type");
  if (types == nullptr) return {};
  const auto kinds = TRY(types->numbers<int64_t>());
  for (size_t i = 0; i < tree.nodes.size() && i < kinds.size(); ++i) {
    const auto& node = tree.nodes[i];
    if ((kinds[i] != 0) != (node.category_set >= 0) && node.left != -1) {
      return fail(Code::invalid_parameter_value, "node {} splits by category but has none", i);
    }
  }
  return {};
}

// Indices that do not fit are out of range all the same.
int32_t narrow(int64_t index) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  if (index >= -1 && index <= kMax) return static_cast<int32_t>(index);
  return static_cast<int32_t>(kMax);
}

Result<Tree> read_tree(const UbjsonValue& json, size_t n_outputs) {
  const auto* parameters = TRY(json.member("tree_param"));
  const size_t n = TRY(parameter(*parameters, "num_nodes"));
  const auto left = TRY(numbers<int64_t>(json, "left_children", n));
  const auto right = TRY(numbers<int64_t>(json, "right_children", n));
  const auto features = TRY(numbers<int64_t>(json, "split_indices", n));
  const auto values = TRY(numbers<float>(json, "split_conditions", n));
  const auto default_left = TRY(numbers<int64_t>(json, "default_left", n));
  Tree tree;
  tree.nodes.resize(n);
  for (size_t i = 0; i < n; ++i) {
    auto& node = tree.nodes[i];
    node.left = narrow(left[i]);
    node.right = narrow(right[i]);
    node.feature = static_cast<uint32_t>(narrow(features[i]));
    node.value = static_cast<double>(values[i]);
    node.default_left = default_left[i] != 0;
  }
  size_t vector_size = 1;
  if (parameters->find("size_leaf_vector") != nullptr) {
    vector_size = TRY(parameter(*parameters, "size_leaf_vector"));
  }
  if (vector_size > 1) {
    if (vector_size != n_outputs) {
      return fail(Code::invalid_parameter_value, "leaves have {} values for {} outputs",
                  vector_size, n_outputs);
    }
    TRY(read_vectors(json, n_outputs, tree));
  }
  TRY(read_categories(json, tree));
  TRY(check_split_types(json, tree));
  return tree;
}

// How many trees each iteration ends with: said since 2.0, before that all iterations are alike.
Result<void> read_iterations(const UbjsonValue& model, XgboostParts& parts) {
  const size_t n_trees = parts.trees.size();
  if (const auto* ends = model.find("iteration_indptr")) {
    const auto bounds = TRY(ends->numbers<int64_t>());
    for (size_t i = 1; i < bounds.size(); ++i) {
      if (bounds[i] < 0 || static_cast<size_t>(bounds[i]) > n_trees) {
        return fail(Code::invalid_parameter_value, "iteration {} ends with tree {} of {}", i - 1,
                    bounds[i], n_trees);
      }
      parts.iteration_ends.push_back(static_cast<size_t>(bounds[i]));
    }
    return {};
  }
  const auto* parameters = TRY(model.member("gbtree_model_param"));
  size_t n_parallel = 1;
  if (parameters->find("num_parallel_tree") != nullptr) {
    n_parallel = TRY(parameter(*parameters, "num_parallel_tree"));
  }
  const size_t step = std::max<size_t>(n_parallel, 1) * parts.n_outputs;
  for (size_t end = step; end <= n_trees; end += step) parts.iteration_ends.push_back(end);
  return {};
}

Result<void> read_trees(const UbjsonValue& model, XgboostParts& parts) {
  const auto* trees_value = TRY(model.member("trees"));
  const auto* jsons = std::get_if<UbjsonValue::Array>(&trees_value->data);
  if (jsons == nullptr) return fail(Code::invalid_parameter_value, "'trees' is not an array");
  const auto outputs = TRY(numbers<int64_t>(model, "tree_info", jsons->size()));
  parts.trees.reserve(jsons->size());
  for (size_t i = 0; i < jsons->size(); ++i) {
    auto tree = read_tree((*jsons)[i], parts.n_outputs);
    if (!tree.ok()) {
      return fail(Code::invalid_parameter_value, "tree {}: {}", i, tree.error().message);
    }
    if (outputs[i] < 0 || outputs[i] > std::numeric_limits<int32_t>::max()) {
      return fail(Code::invalid_parameter_value, "tree {}: adds to output {}", i, outputs[i]);
    }
    tree.value().output = static_cast<uint32_t>(outputs[i]);
    parts.trees.push_back(std::move(tree).value());
  }
  return read_iterations(model, parts);
}

Result<void> read_booster(const UbjsonValue& booster, XgboostParts& parts) {
  if (parts.booster == "gblinear") {
    const auto* model = TRY(booster.member("model"));
    const size_t n = (parts.n_features + 1) * parts.n_outputs;
    parts.linear_weights = TRY(numbers<float>(*model, "weights", n));
    return {};
  }
  if (parts.booster == "gbtree") {
    const auto* model = TRY(booster.member("model"));
    return read_trees(*model, parts);
  }
  if (parts.booster != "dart") {
    return fail(Code::not_implemented,
                "XGBoost booster '{}'; those that are read are gbtree, dart "
                "and gblinear",
                parts.booster);
  }
  const auto* inner = TRY(booster.member("gbtree"));
  const auto* model = TRY(inner->member("model"));
  TRY(read_trees(*model, parts));
  const auto weights = TRY(numbers<float>(booster, "weight_drop", parts.trees.size()));
  for (size_t i = 0; i < weights.size(); ++i) {
    parts.trees[i].weight = static_cast<double>(weights[i]);
  }
  return {};
}

Result<void> read_sizes(const UbjsonValue& parameters, XgboostParts& parts) {
  parts.n_features = TRY(parameter(parameters, "num_feature"));
  const size_t n_classes = TRY(parameter(parameters, "num_class"));
  size_t n_targets = 1;
  if (parameters.find("num_target") != nullptr) {  // since 1.6
    n_targets = TRY(parameter(parameters, "num_target"));
  }
  parts.n_outputs = std::max<size_t>({n_classes, n_targets, 1});
  if (parts.n_outputs > kMaxOutputs) {
    return fail(Code::invalid_parameter_value, "{} outputs are too many", parts.n_outputs);
  }
  return {};
}

std::optional<int64_t> best_iteration(const UbjsonValue& learner) {
  const auto* attributes = learner.find("attributes");
  const auto* value = attributes == nullptr ? nullptr : attributes->find("best_iteration");
  const auto* found = value == nullptr ? nullptr : std::get_if<std::string>(&value->data);
  return found == nullptr ? std::nullopt : to_integer(*found);
}

}  // namespace

Result<XgboostParts> read_xgboost_document(const UbjsonValue& document) {
  XgboostParts parts;
  const auto* learner = TRY(document.member("learner"));
  const auto* booster = TRY(learner->member("gradient_booster"));
  parts.booster = TRY(text(*booster, "name"));
  const auto* objective = TRY(learner->member("objective"));
  parts.objective = TRY(text(*objective, "name"));
  const auto version = TRY(numbers<int64_t>(document, "version", 3));
  std::ranges::copy(version, parts.version.begin());
  const auto* parameters = TRY(learner->member("learner_model_param"));
  TRY(read_sizes(*parameters, parts));
  parts.base_scores = TRY(base_scores(*parameters));
  TRY(read_booster(*booster, parts));
  parts.best_iteration = best_iteration(*learner);
  parts.feature_names = TRY(texts(*learner, "feature_names"));
  parts.feature_types = TRY(texts(*learner, "feature_types"));
  return parts;
}

}  // namespace slipway::models
