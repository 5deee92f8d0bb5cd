// models/lightgbm_model.h — LightGBM's model text, read and evaluated here.
#pragma once
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "models/matrix.h"
#include "models/tree_ensemble.h"

namespace slipway::models {

/// A LightGBM booster. Immutable; any number of threads may call predict().
class LightgbmModel {
 public:
  /// Read what Booster.save_model() or model_to_string() writes (versions v2 to v4 of the text).
  /// The library keeps only the iterations up to best_iteration there, so all of the text count,
  /// but for a pickled Booster, which has them all.
  ///
  /// n_iterations  trees of later ones are left out.
  /// Errors   invalid_parameter_value: damaged; not_implemented: an objective that is not ours; the
  ///          message says which and where.
  /// Source   tests/golden/models/lightgbm, made by lightgbm 4.7.0, and
  /// tests/clients/trees_test.py.
  static Result<LightgbmModel> parse(std::string_view text,
                                     size_t n_iterations = std::numeric_limits<size_t>::max());

  /// Predict as Booster.predict does: [n_rows × n_outputs()] probabilities or values, equal to
  /// LightGBM's to the bit.
  ///
  /// rows     category codes as numbers.
  /// Errors   invalid_parameter_value: rows are not n_features() wide.
  Result<std::vector<double>> predict(Matrix64View rows) const;
  /// The sums of the trees alone, as with raw_score=True.
  Result<std::vector<double>> predict_raw(Matrix64View rows) const;

  size_t n_features() const { return trees_.n_features(); }
  /// Columns of predict(): the number of classes for multiclass and multiclassova, else 1.
  size_t n_outputs() const { return trees_.n_outputs(); }
  size_t n_trees() const { return trees_.n_trees(); }
  size_t n_nodes() const { return trees_.n_nodes(); }
  /// Its name, such as "binary"; "" where it was the user's own.
  const std::string& objective() const { return objective_; }
  const std::vector<std::string>& feature_names() const { return feature_names_; }
  /// Whether each feature is a category.
  const std::vector<bool>& is_category() const { return is_category_; }
  /// pandas_categorical: for each feature that came as a pandas category, in order, the JSON list
  /// of its values in the order of their codes.
  const std::vector<Json>& pandas_categories() const { return pandas_categories_; }

 private:
  friend struct LightgbmReader;
  enum class Transform { none, square, sigmoid, exponential, softmax, log1p_exp };
  explicit LightgbmModel(TreeEnsemble trees) : trees_(std::move(trees)) {}

  TreeEnsemble trees_;
  Transform transform_ = Transform::none;
  double sigmoid_ = 1;
  double n_averaged_ = 1;  // random forests: sums are divided by it
  std::string objective_;
  std::vector<std::string> feature_names_;
  std::vector<bool> is_category_;
  std::vector<Json> pandas_categories_;
};

}  // namespace slipway::models
