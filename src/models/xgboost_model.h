// models/xgboost_model.h — XGBoost's own model files (UBJSON and JSON), read and evaluated here.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/matrix.h"
#include "models/tree_ensemble.h"

namespace slipway::models {

/// A gbtree booster. Immutable; any number of threads may call predict().
class XgboostModel {
 public:
  /// Read `model.ubj` or `model.json` as XGBoost 1.6 and later write them (which, by its bytes).
  ///
  /// Errors   invalid_parameter_value: damaged; not_implemented: dart, gblinear, vector leaves or
  ///          an objective that is not ours; the message names it.
  /// Source   golden folders tests/golden/models/xgboost, made by xgboost 3.2.0.
  static Result<XgboostModel> parse(std::string_view bytes);

  /// Predict as Booster.predict does: [n_rows × n_outputs()] probabilities, classes or values,
  /// equal to XGBoost's to the bit.
  ///
  /// Errors   invalid_parameter_value: rows are not n_features() wide.
  Result<std::vector<float>> predict(MatrixView rows) const;

  size_t n_features() const { return trees_.n_features(); }
  /// Columns of predict(): 1, or the number of classes for multi:softprob.
  size_t n_outputs() const;
  size_t n_trees() const { return trees_.n_trees(); }
  const std::string& objective() const { return objective_; }
  const std::vector<std::string>& feature_names() const { return feature_names_; }  // may be empty
  const std::vector<std::string>& feature_types() const { return feature_types_; }  // may be empty

 private:
  enum class Transform { none, sigmoid, exponential, softmax, class_of_max };
  XgboostModel(TreeEnsemble trees) : trees_(std::move(trees)) {}

  TreeEnsemble trees_;
  Transform transform_ = Transform::none;
  std::string objective_;
  std::vector<std::string> feature_names_;
  std::vector<std::string> feature_types_;
};

}  // namespace slipway::models
