// models/catboost_model.h — CatBoost's own model files, read and evaluated here.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/column.h"

namespace slipway::models {

/// A CatBoost model. Immutable; any number of threads may call predict().
class CatboostModel {
 public:
  /// Read what CatBoost.save_model() writes (.cbm).
  ///
  /// Errors   invalid_parameter_value: damaged; not_implemented: features of text or embeddings.
  /// Source   CatBoost 1.2.10, tests/catboost.
  static Result<CatboostModel> parse(std::string_view bytes);
  CatboostModel(CatboostModel&&) noexcept;
  CatboostModel& operator=(CatboostModel&&) noexcept;
  ~CatboostModel();

  /// Score rows: raw values [n_rows × n_outputs()], the formula's sums with scale and bias.
  ///
  /// columns  [n_columns()]: numbers; categories are texts, whole numbers or truth values.
  /// Errors   invalid_parameter_value: a column of another kind, or a category that is missing.
  Result<std::vector<double>> predict(const std::vector<const data::Column*>& columns,
                                      size_t n_rows) const;
  /// Score numbers alone, of a model without categories: rows [n_rows × n_columns()].
  std::vector<double> predict(const float* rows, size_t n_rows) const;

  size_t n_columns() const;
  size_t n_outputs() const;
  size_t n_trees() const;
  /// Of each column, "" where the model does not say; whether it is a category.
  const std::vector<std::string>& names() const;
  const std::vector<bool>& is_category() const;
  /// Such as "params", "class_params": JSON texts, or "".
  std::string information(const std::string& key) const;

 private:
  struct Trees;
  explicit CatboostModel(std::unique_ptr<Trees> trees);
  std::unique_ptr<Trees> trees_;
};

}  // namespace slipway::models
