// models/sklearn/estimator.h — a fitted estimator or transformer, rebuilt from what was saved.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/column.h"
#include "models/sklearn/value.h"
#include "objects/object.h"

namespace slipway::models::sklearn {

class State;

enum class Method { predict_proba, predict_log_proba, decision_function };

/// One estimator. Immutable; any number of threads may use it.
class Estimator {
 public:
  virtual ~Estimator() = default;

  /// Give what transform(x) gives.
  /// Errors   not_implemented: it is no transformer; otherwise as dense().
  virtual Result<Value> transform(const Value& x) const;

  /// Give what the method gives; a decision of one dimension has one column.
  /// Errors   not_implemented: it has no such method; otherwise as dense().
  virtual Result<Matrix> scores(Method method, const Value& x) const;
  virtual bool has(Method method) const;

  /// Give what predict(x) gives: one column for each output, without names.
  /// Errors   not_implemented: it does not predict; otherwise as dense().
  virtual Result<data::Batch> predict(const Value& x) const;

  /// Tell whether predict() gives a matrix, be it of one column, where others give a list.
  virtual bool predicts_matrix() const { return false; }
  /// Tell whether it finds its columns by name, so that those it does not use may be missing.
  virtual bool finds_columns() const { return false; }
  /// The classes of a classifier of one output; null for others.
  virtual const data::Column* classes() const { return nullptr; }

  const std::string& name() const { return name_; }
  /// How many columns it takes; 0 where it does not say.
  size_t n_features() const { return n_features_; }

 protected:
  Error lacks(std::string_view method) const;
  explicit Estimator(const State& state);

 private:
  std::string name_;
  size_t n_features_ = 0;
};

using EstimatorPtr = std::unique_ptr<const Estimator>;

/// One class that is read, by its name without the module.
struct EstimatorRow {
  std::string_view name;
  Result<EstimatorPtr> (*make)(const State& state);
};

/// What rebuilding a model may take, so that values that are named many times stay bounded.
struct Allowance {
  size_t bytes;      // of arrays, counted as often as they are used
  size_t depth = 0;  // of estimators within estimators
};

/// Rebuild a fitted estimator.
/// Errors   not_implemented: a class or a setting of it that is not evaluated, named;
///          invalid_parameter_value: an attribute is missing or does not fit the others, named.
/// Source   scikit-learn 1.1.3 and 1.9.1, tests/sklearn; other versions by their source.
Result<EstimatorPtr> make_estimator(const objects::Object& object, Allowance& allowance);

}  // namespace slipway::models::sklearn
