#include <algorithm>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "models/xgboost_parts.h"

namespace slipway::models {
namespace {

constexpr size_t kMaxOutputs = 1u << 20;

// Little-endian values one after another.
struct Bytes {
  std::string_view left;

  Error ends() const {
    return fail(Code::invalid_parameter_value, "not an XGBoost model: the file ends too early");
  }

  Result<void> skip(size_t n) {
    if (n > left.size()) return ends();
    left.remove_prefix(n);
    return {};
  }

  template <typename T>
  Result<T> value() {
    T out;
    if (sizeof(T) > left.size()) return ends();
    std::memcpy(&out, left.data(), sizeof(T));
    left.remove_prefix(sizeof(T));
    return out;
  }

  // After their number.
  template <typename T>
  Result<std::vector<T>> values() {
    const auto n = TRY(value<uint64_t>());
    if (n > left.size() / sizeof(T)) return ends();
    std::vector<T> out(n);
    if (n > 0) std::memcpy(out.data(), left.data(), n * sizeof(T));
    left.remove_prefix(n * sizeof(T));
    return out;
  }

  Result<std::string> text() {
    const auto letters = TRY(values<char>());
    return std::string(letters.begin(), letters.end());
  }
};

struct Learner {  // the first fields of LearnerModelParamLegacy, of 136 bytes
  float base_score;
  uint32_t n_features;
  int32_t n_classes;
  int32_t has_attributes;
  int32_t has_metrics;
  uint32_t major_version;
  uint32_t minor_version;
  uint32_t n_targets;
};
constexpr size_t kLearnerSize = 136;

struct Node {
  int32_t parent;
  int32_t left;
  int32_t right;
  uint32_t feature;  // the top bit: missing values go left
  float value;
};
constexpr size_t kStatSize = 16;  // what training noted of a node

Result<Tree> read_tree(Bytes& bytes) {
  TRY(bytes.skip(4));
  const auto n = TRY(bytes.value<int32_t>());
  TRY(bytes.skip(12));
  const auto vector_size = TRY(bytes.value<int32_t>());
  TRY(bytes.skip(31 * 4));
  if (n < 1 || static_cast<size_t>(n) > bytes.left.size() / (sizeof(Node) + kStatSize)) {
    return fail(Code::invalid_parameter_value, "{} nodes in {} bytes", n, bytes.left.size());
  }
  if (vector_size > 1) return fail(Code::invalid_parameter_value, "leaves are vectors");
  Tree tree;
  tree.nodes.resize(static_cast<size_t>(n));
  for (auto& node : tree.nodes) {
    const auto raw = TRY(bytes.value<Node>());
    node.left = raw.left;
    node.right = raw.left == -1 ? -1 : raw.right;
    node.feature = raw.feature & ~(1u << 31);
    node.default_left = raw.feature >> 31 != 0;
    node.value = static_cast<double>(raw.value);
  }
  TRY(bytes.skip(tree.nodes.size() * kStatSize));
  return tree;
}

Result<void> read_trees(Bytes& bytes, XgboostParts& parts) {
  const auto n_trees = TRY(bytes.value<int32_t>());
  const auto n_parallel = TRY(bytes.value<int32_t>());
  TRY(bytes.skip((2 + 2 + 1 + 1 + 32) * 4));
  if (n_trees < 0 || static_cast<size_t>(n_trees) > bytes.left.size()) {
    return fail(Code::invalid_parameter_value, "{} trees", n_trees);
  }
  for (int32_t i = 0; i < n_trees; ++i) {
    auto tree = read_tree(bytes);
    if (!tree.ok()) {
      return fail(Code::invalid_parameter_value, "tree {}: {}", i, tree.error().message);
    }
    parts.trees.push_back(std::move(tree).value());
  }
  for (size_t i = 0; i < parts.trees.size(); ++i) {
    const auto output = TRY(bytes.value<int32_t>());
    if (output < 0) return fail(Code::invalid_parameter_value, "tree {}: output {}", i, output);
    parts.trees[i].output = static_cast<uint32_t>(output);
  }
  const size_t step = static_cast<size_t>(std::max(n_parallel, 1)) * parts.n_outputs;
  for (size_t end = step; end <= parts.trees.size(); end += step) {
    parts.iteration_ends.push_back(end);
  }
  if (parts.booster != "dart" || parts.trees.empty()) return {};
  const auto weights = TRY(bytes.values<float>());
  if (weights.size() != parts.trees.size()) {
    return fail(Code::invalid_parameter_value, "{} weights of {} trees", weights.size(),
                parts.trees.size());
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    parts.trees[i].weight = static_cast<double>(weights[i]);
  }
  return {};
}

Result<void> read_linear(Bytes& bytes, XgboostParts& parts) {
  TRY(bytes.skip(34 * 4));
  parts.linear_weights = TRY(bytes.values<float>());
  if (parts.linear_weights.size() != (parts.n_features + 1) * parts.n_outputs) {
    return fail(Code::invalid_parameter_value, "{} weights of {} features and {} outputs",
                parts.linear_weights.size(), parts.n_features, parts.n_outputs);
  }
  return {};
}

Result<void> read_attributes(Bytes& bytes, XgboostParts& parts) {
  const auto n = TRY(bytes.value<uint64_t>());
  for (uint64_t i = 0; i < n; ++i) {
    const auto key = TRY(bytes.text());
    const auto value = TRY(bytes.text());
    if (key == "best_iteration") parts.best_iteration = to_integer(value);
  }
  return {};
}

}  // namespace

Result<XgboostParts> read_xgboost_binary(std::string_view raw) {
  Bytes bytes{raw};
  if (raw.starts_with("binf")) TRY(bytes.skip(4));
  const size_t before = bytes.left.size();
  const auto learner = TRY(bytes.value<Learner>());
  TRY(bytes.skip(kLearnerSize - (before - bytes.left.size())));
  XgboostParts parts;
  parts.version = {learner.major_version, learner.minor_version, 0};
  parts.n_features = learner.n_features;
  parts.n_outputs =
      std::max<size_t>({static_cast<size_t>(std::max(learner.n_classes, 0)), learner.n_targets, 1});
  if (parts.n_outputs > kMaxOutputs) {
    return fail(Code::invalid_parameter_value, "not an XGBoost model: {} outputs", parts.n_outputs);
  }
  parts.base_scores = {learner.base_score};
  parts.objective = TRY(bytes.text());
  parts.booster = TRY(bytes.text());
  // before 1.0 it was written as a sum, but for classes
  parts.base_score_is_sum = learner.major_version < 1 && !parts.objective.starts_with("multi:");
  if (parts.booster == "gblinear") {
    TRY(read_linear(bytes, parts));
  } else if (parts.booster == "gbtree" || parts.booster == "dart") {
    TRY(read_trees(bytes, parts));
  } else {
    return fail(Code::not_implemented,
                "XGBoost booster '{}'; those that are read are gbtree, dart and gblinear",
                parts.booster);
  }
  if (learner.has_attributes != 0) TRY(read_attributes(bytes, parts));
  return parts;
}

}  // namespace slipway::models
