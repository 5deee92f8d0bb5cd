// models/sklearn/state.h — the attributes of a saved estimator, typed and checked.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/sklearn/estimator.h"
#include "models/sklearn/value.h"
#include "objects/object.h"

namespace slipway::models::sklearn {

/// Reads attributes of one instance; errors name the class and the attribute. Borrowed.
class State {
 public:
  State(const objects::Object& object, Allowance& allowance)
      : object_(object), allowance_(allowance) {}

  const objects::Object& object() const { return object_; }
  std::string_view class_name() const { return objects::class_name(object_); }
  Allowance& allowance() const { return allowance_; }

  /// The attribute, or null where there is none.
  const objects::Object* find(std::string_view name) const {
    return objects::attribute(object_, name);
  }
  /// The same, null where it is None too.
  const objects::Object* given(std::string_view name) const;

  Result<const objects::Object*> get(std::string_view name) const;
  Result<double> number(std::string_view name) const;
  double number_or(std::string_view name, double otherwise) const;
  Result<int64_t> integer(std::string_view name) const;
  bool truth_or(std::string_view name, bool otherwise) const;
  std::string text_or(std::string_view name, std::string_view otherwise) const;
  /// An array or list of numbers of any shape, or one number, flat.
  Result<std::vector<double>> numbers(std::string_view name) const;
  Result<std::vector<double>> numbers(std::string_view name, size_t wanted_size) const;
  Result<std::vector<int64_t>> integers(std::string_view name) const;
  /// An array of two dimensions; of one, it is one row. `single` where it is float32.
  Result<Matrix> matrix(std::string_view name) const;
  /// An array of labels of one dimension.
  Result<data::Column> labels(std::string_view name) const;
  Result<EstimatorPtr> estimator(std::string_view name) const;
  Result<std::vector<EstimatorPtr>> estimators(std::string_view name) const;

  /// Say that an attribute does not fit.
  Error odd(std::string_view name, std::string_view why) const;
  /// Say that a setting is not evaluated.
  Error unsupported(std::string_view what) const;
  /// Errors   invalid_parameter_value: `holds` is false.
  Result<void> require(bool holds, std::string_view name, std::string_view why) const;

 private:
  const objects::Object& object_;
  Allowance& allowance_;
};

Result<std::vector<double>> numbers_of(const objects::Object& object);
Result<std::vector<int64_t>> integers_of(const objects::Object& object);
Result<Matrix> matrix_of(const objects::Object& object);
/// Labels of an array or list: truth values, integers, numbers or texts.
Result<data::Column> labels_of(const objects::Object& object);
/// Items of a list, tuple or array of objects.
std::vector<const objects::Object*> items_of(const objects::Object& object);

/// The version of scikit-learn that saved an estimator, as 100 × major + minor; 0 where it does not
/// say.
int64_t version_of(const State& state);

/// Rows of a label column, as an unnamed column.
data::Column take_labels(const data::Column& labels, const std::vector<size_t>& rows);

/// One unnamed column of predictions.
data::Batch one_column(data::Column column);
data::Batch one_column(std::vector<double> values);

/// For each row the place of its greatest score, the first of equals; of a single column, 1 where
/// it is > `threshold`.
std::vector<size_t> best_of(const Matrix& scores, double threshold = 0);

/// Make probabilities of rows: softmax, or 1 / (1 + exp(-x)).
void softmax_rows(Matrix& scores);
double expit(double x);
void log_of(Matrix& scores);

}  // namespace slipway::models::sklearn
