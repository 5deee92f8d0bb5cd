// models/xgboost_model.h — XGBoost's own model files, read and evaluated here.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "models/matrix.h"
#include "models/tree_ensemble.h"

namespace slipway::models {

/// Booster.predict takes all trees, the scikit-learn classes those up to best_iteration.
enum class XgboostTrees { all, to_best_iteration };

/// A gbtree, dart or gblinear booster. Immutable; any number of threads may call predict().
class XgboostModel {
 public:
  /// Read `model.ubj`, `model.json`, what a pickled Booster holds, or the old binary form (which,
  /// by its bytes).
  ///
  /// Errors   invalid_parameter_value: damaged; not_implemented: a booster or an objective that is
  ///          not ours; the message names it.
  /// Source   tests/golden/models/xgboost, made by xgboost 3.2.0 and 1.7.6; 2.1.4 by hand.
  static Result<XgboostModel> parse(std::string_view bytes, XgboostTrees which = XgboostTrees::all);

  /// Predict as Booster.predict does: the [n_rows × n_outputs()] probabilities, classes or values,
  /// equal to XGBoost's to the bit.
  ///
  /// Errors   invalid_parameter_value: rows are not n_features() wide.
  Result<std::vector<float>> predict(MatrixView rows) const;

  size_t n_features() const { return trees_.n_features(); }
  /// Columns of predict(): the number of classes for multi:softprob, else mostly 1.
  size_t n_outputs() const {
    return transform_ == Transform::class_of_max ? 1 : trees_.n_outputs();
  }
  /// Whether its outputs are classes (multi:softprob, multi:softmax).
  bool has_classes() const {
    return transform_ == Transform::softmax || transform_ == Transform::class_of_max;
  }
  size_t n_trees() const { return trees_.n_trees(); }
  size_t n_nodes() const { return trees_.n_nodes(); }
  const std::string& objective() const { return objective_; }
  /// The XGBoost that wrote it, such as "3.2.0".
  const std::string& version() const { return version_; }
  /// Of each feature; empty where the model does not say.
  const std::vector<std::string>& feature_names() const { return feature_names_; }
  /// Of each feature, such as "q", "float", "int", "i", or "c" for a category code; may be empty.
  const std::vector<std::string>& feature_types() const { return feature_types_; }

 private:
  friend struct XgboostMaker;
  enum class Transform { none, positive, sigmoid, exponential, softmax, class_of_max };
  explicit XgboostModel(TreeEnsemble trees) : trees_(std::move(trees)) {}

  void add_linear(MatrixView rows, std::span<float> sums) const;

  TreeEnsemble trees_;                 // without trees for gblinear
  std::vector<float> linear_weights_;  // gblinear: [(n_features + 1) × n_outputs], the bias last
  Transform transform_ = Transform::none;
  std::string objective_;
  std::string version_;
  std::vector<std::string> feature_names_;
  std::vector<std::string> feature_types_;
};

}  // namespace slipway::models
