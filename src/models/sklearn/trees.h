// models/sklearn/trees.h — scikit-learn's decision trees, read from their arrays.
#pragma once
#include <vector>

#include "models/sklearn/state.h"
#include "models/tree_ensemble.h"

namespace slipway::models::sklearn {

/// A tree as it was saved. Nodes are not yet checked: TreeEnsemble::make does that.
struct SavedTree {
  std::vector<TreeNode> nodes;  // values of leaves are those of the first output
  std::vector<double> values;   // n_outputs × width for each node
  std::vector<double> n_samples;
  std::vector<double> weights;  // of the samples of each node
  std::vector<double> impurities;
  size_t n_features = 0;
  size_t n_outputs = 1;
  size_t width = 1;          // classes of the output that has most, or 1
  bool has_missing = false;  // nodes say where a missing number goes
};

/// Read `tree_` of a decision tree.
/// Errors   invalid_parameter_value: an array is missing, or they do not fit each other.
Result<SavedTree> read_tree(const State& owner);

/// Tell whether a decision tree, or the trees of a forest like it, takes missing numbers.
bool takes_missing(const State& tree, const SavedTree& saved);

/// Trees that read float32 and add up in double, as all of scikit-learn's but the histogram ones.
class Forest {
 public:
  static Result<Forest> make(std::vector<Tree> trees, size_t n_features,
                             std::vector<double> base_scores, Missing missing);

  /// Sums of the trees for each row.
  Result<Matrix> sums(const Value& x, std::string_view name) const;
  size_t n_features() const { return ensemble_->n_features(); }

 private:
  std::shared_ptr<const TreeEnsemble> ensemble_;
  Missing missing_ = Missing::refuse;
};

/// A tree whose leaves add their values of `saved` [n_outputs × width each], times `weight`.
Tree vector_tree(const SavedTree& saved, double weight = 1);
/// A tree whose leaves add one number each to output `output`.
Tree number_tree(const SavedTree& saved, double weight, uint32_t output);

}  // namespace slipway::models::sklearn
