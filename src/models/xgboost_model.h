// models/xgboost_model.h — XGBoost's own model files (UBJSON and JSON), read and evaluated here.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "models/matrix.h"
#include "models/tree_ensemble.h"

namespace slipway::models {

/// A gbtree booster. Immutable; any number of threads may call predict().
class XgboostModel {
 public:
  /// Read `model.ubj` or `model.json` (which, by its bytes) as XGBoost writes them.
  ///
  /// Errors   invalid_parameter_value: damaged; not_implemented: dart, gblinear, vector leaves or
  ///          an objective that is not ours; the message names it.
  /// Source   tests/golden/models/xgboost, made by xgboost 3.2.0; 2.1.4 was checked by hand.
  static Result<XgboostModel> parse(std::string_view bytes);

  /// Predict as Booster.predict does, by all trees (also those after `best_iteration`): the
  /// [n_rows × n_outputs()] probabilities, classes or values, equal to XGBoost's to the bit.
  ///
  /// Errors   invalid_parameter_value: rows are not n_features() wide.
  Result<std::vector<float>> predict(MatrixView rows) const;

  size_t n_features() const { return trees_.n_features(); }
  /// Columns of predict(): the number of classes for multi:softprob, else mostly 1.
  size_t n_outputs() const {
    return transform_ == Transform::class_of_max ? 1 : trees_.n_outputs();
  }
  size_t n_trees() const { return trees_.n_trees(); }
  const std::string& objective() const { return objective_; }
  /// The XGBoost that wrote it, such as "3.2.0".
  const std::string& version() const { return version_; }
  /// Of each feature; empty where the model does not say.
  const std::vector<std::string>& feature_names() const { return feature_names_; }
  /// Of each feature, such as "q", "float", "int", "i", or "c" for a category code; may be empty.
  const std::vector<std::string>& feature_types() const { return feature_types_; }

 private:
  friend struct XgboostReader;
  enum class Transform { none, sigmoid, exponential, softmax, class_of_max };
  explicit XgboostModel(TreeEnsemble trees) : trees_(std::move(trees)) {}

  TreeEnsemble trees_;
  Transform transform_ = Transform::none;
  std::string objective_;
  std::string version_;
  std::vector<std::string> feature_names_;
  std::vector<std::string> feature_types_;
};

}  // namespace slipway::models
