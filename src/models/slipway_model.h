// models/slipway_model.h — our own flavour: a preparation and an estimator, scored as one.
#pragma once
#include <memory>
#include <string>
#include <variant>

#include "models/linear_model.h"
#include "models/model.h"
#include "models/preprocess.h"
#include "models/xgboost_model.h"

namespace slipway::models {

/// Raw columns in; out one double column "score" (P(class 1) of a binary classifier, the value of a
/// regression), or "score_0" … where the estimator has several outputs. XGBoost's float32 is
/// widened, not changed.
class SlipwayModel : public Model {
 public:
  using Estimator = std::variant<XgboostModel, LinearModel>;

  /// Put together a model in memory, as saving and loading it would.
  /// Errors   invalid_parameter_value: the estimator takes another number of columns.
  static Result<std::unique_ptr<SlipwayModel>> make(Preprocess preprocess, Estimator estimator,
                                                    std::string input_example = "");

  Result<data::Batch> predict(const data::Batch& rows) const override;
  const Signature& signature() const override { return signature_; }
  const std::string& input_example() const override { return input_example_; }
  const Preprocess& preprocess() const { return preprocess_; }

 private:
  SlipwayModel(Preprocess preprocess, Estimator estimator)
      : preprocess_(std::move(preprocess)), estimator_(std::move(estimator)) {}

  Preprocess preprocess_;
  Estimator estimator_;
  Signature signature_;
  std::string input_example_;
};

}  // namespace slipway::models
