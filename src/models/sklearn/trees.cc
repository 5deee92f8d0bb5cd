#include "models/sklearn/trees.h"

#include <algorithm>
#include <cmath>

namespace slipway::models::sklearn {
namespace {

constexpr size_t kMaxNodes = size_t{1} << 30;

// Until 1.2 a classifier's leaves hold weights of classes, from 1.3 on their shares.
void to_shares(SavedTree& tree, const std::vector<int64_t>& n_classes) {
  const size_t stride = tree.n_outputs * tree.width;
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    for (size_t k = 0; k < tree.n_outputs; ++k) {
      double* values = tree.values.data() + i * stride + k * tree.width;
      const auto n = std::min(tree.width, static_cast<size_t>(n_classes[k]));
      double sum = 0;
      for (size_t c = 0; c < n; ++c) sum += values[c];
      for (size_t c = 0; c < n && sum != 0; ++c) values[c] /= sum;
    }
  }
}

}  // namespace

Result<SavedTree> read_tree(const State& owner) {
  const auto* object = TRY(owner.get("tree_"));
  const State state(*object, owner.allowance());
  const auto fits = [&](bool holds) {
    return owner.require(holds, "tree_", "has arrays that do not fit each other");
  };
  TRY(fits(object->kind == objects::Kind::instance && object->items.size() == 3));
  SavedTree tree;
  const auto n_features = objects::number_of(*object->items[0]);
  const auto n_classes = TRY(integers_of(*object->items[1]));
  const auto n_outputs = objects::number_of(*object->items[2]);
  TRY(fits(n_features && *n_features > 0 && *n_features < 0x1p31 && n_outputs && *n_outputs > 0 &&
           *n_outputs < 0x1p20));
  tree.n_features = static_cast<size_t>(*n_features);
  tree.n_outputs = static_cast<size_t>(*n_outputs);
  TRY(fits(n_classes.size() == tree.n_outputs));
  for (const auto n : n_classes) TRY(fits(n >= 0));
  const auto* nodes = TRY(state.get("nodes"));
  const auto* values = TRY(state.get("values"));
  TRY(fits(nodes->kind == objects::Kind::array && values->kind == objects::Kind::array));
  const auto& array = *nodes->array;
  const size_t n = array.size();
  TRY(fits(n > 0 && n < kMaxNodes && values->array->n_dimensions() == 3 &&
           values->array->shape[0] == n && values->array->shape[1] == tree.n_outputs &&
           values->array->shape[2] > 0));
  tree.width = values->array->shape[2];
  tree.values = TRY(objects::numbers(*values->array));
  const auto left = TRY(objects::field_integers(array, "left_child"));
  const auto right = TRY(objects::field_integers(array, "right_child"));
  const auto feature = TRY(objects::field_integers(array, "feature"));
  const auto threshold = TRY(objects::field_numbers(array, "threshold"));
  tree.n_samples = TRY(objects::field_numbers(array, "n_node_samples"));
  tree.weights = TRY(objects::field_numbers(array, "weighted_n_node_samples"));
  tree.impurities = TRY(objects::field_numbers(array, "impurity"));
  tree.has_missing = objects::has_field(array, "missing_go_to_left");
  std::vector<int64_t> missing_left(n, 0);
  if (tree.has_missing) missing_left = TRY(objects::field_integers(array, "missing_go_to_left"));
  tree.nodes.resize(n);
  const size_t stride = tree.n_outputs * tree.width;
  for (size_t i = 0; i < n; ++i) {
    auto& node = tree.nodes[i];
    const bool is_leaf = left[i] == -1;
    TRY(fits(is_leaf ? true
                     : left[i] >= 0 && left[i] < INT32_MAX && right[i] >= 0 &&
                           right[i] < INT32_MAX && feature[i] >= 0 && feature[i] < INT32_MAX));
    node.value = is_leaf ? tree.values[i * stride] : threshold[i];
    if (is_leaf) continue;
    node.left = static_cast<int32_t>(left[i]);
    node.right = static_cast<int32_t>(right[i]);
    node.feature = static_cast<uint32_t>(feature[i]);
    node.default_left = missing_left[i] != 0;
  }
  const bool is_classifier = owner.find("classes_") != nullptr;
  const auto n_wide = static_cast<size_t>(std::ranges::max(n_classes));
  TRY(fits(!is_classifier || n_wide <= tree.width));
  if (is_classifier && !tree.has_missing) to_shares(tree, n_classes);
  return tree;
}

bool takes_missing(const State& tree, const SavedTree& saved) {
  if (!saved.has_missing || tree.given("monotonic_cst") != nullptr) return false;
  return tree.text_or("splitter", "best") == "best" || version_of(tree) >= 106;
}

Tree vector_tree(const SavedTree& saved, double weight) {
  Tree tree;
  tree.nodes = saved.nodes;
  tree.weight = weight;
  if (saved.n_outputs * saved.width > 1) tree.vectors = saved.values;
  return tree;
}

Tree number_tree(const SavedTree& saved, double weight, uint32_t output) {
  Tree tree;
  tree.nodes = saved.nodes;
  tree.weight = weight;
  tree.output = output;
  return tree;
}

Result<Forest> Forest::make(std::vector<Tree> trees, size_t n_features,
                            std::vector<double> base_scores, Missing missing) {
  EnsembleForm form;
  form.n_features = n_features;
  form.base_scores = std::move(base_scores);
  form.sums = Number::float64;
  form.left = Compare::less_equal;
  auto ensemble = TRY(TreeEnsemble::make(trees, std::move(form)));
  Forest forest;
  forest.ensemble_ = std::make_shared<const TreeEnsemble>(std::move(ensemble));
  forest.missing_ = missing;
  return forest;
}

Result<Matrix> Forest::sums(const Value& x, std::string_view name) const {
  const auto ready = TRY(features(x, n_features(), name, missing_));
  std::vector<float> rows(ready.values.begin(), ready.values.end());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (std::isinf(rows[i])) {
      return fail(Code::invalid_parameter_value,
                  "Input X contains a value too large for float32 (column {}, row {}).",
                  i % ready.n_columns, i / ready.n_columns);
    }
  }
  auto out = make_matrix(ready.n_rows, ensemble_->n_outputs());
  ensemble_->predict(MatrixView{rows.data(), ready.n_rows, ready.n_columns},
                     std::span<double>(out.values));
  return out;
}

}  // namespace slipway::models::sklearn
