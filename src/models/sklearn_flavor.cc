#include "models/sklearn_flavor.h"

#include <algorithm>

#include "base/text.h"
#include "models/sklearn/estimator.h"
#include "models/sklearn/state.h"
#include "objects/read.h"

namespace slipway::models {
namespace {

using sklearn::Method;

// An unnamed tensor of float32 as the whole input: numpy then computes in float32.
bool is_single_tensor(const Signature& signature) {
  return signature.tensor && signature.tensor->dtype == "float32";
}

data::Column to_single(const data::Column& column) {
  std::vector<float> values(column.size());
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(column.number_at(i));
  return {column.name, data::Type::float32, std::move(values), column.valid};
}

class SklearnFlavor : public Model {
 public:
  SklearnFlavor(sklearn::EstimatorPtr estimator, std::vector<std::string> feature_names,
                Signature signature, SklearnSettings settings)
      : estimator_(std::move(estimator)),
        feature_names_(std::move(feature_names)),
        signature_(std::move(signature)),
        single_(is_single_tensor(signature_)),
        input_example_(std::move(settings.input_example)) {
    if (settings.predict_fn == "predict_proba") method_ = Method::predict_proba;
    if (settings.predict_fn == "predict_log_proba") method_ = Method::predict_log_proba;
  }

  const Signature& signature() const override { return signature_; }
  const std::string& input_example() const override { return input_example_; }
  bool predicts_matrix() const override {
    return method_.has_value() || estimator_->predicts_matrix();
  }

  Result<data::Batch> predict(const data::Batch& rows) const override {
    data::Batch ready;
    if (signature_.inputs.empty()) {
      ready = rows;
    } else {
      ready = TRY(enforce(signature_, rows));
    }
    for (const auto& column : ready.columns) {
      if (column.shape.empty()) continue;
      return fail(Code::invalid_parameter_value,
                  "column '{}' holds lists where {} takes single values", column.name,
                  estimator_->name());
    }
    auto chosen = TRY(choose(ready));
    for (auto& column : chosen.columns) {
      if (single_ && column.is_numeric()) column = to_single(column);
    }
    if (!method_) return estimator_->predict(sklearn::Value(std::move(chosen)));
    const auto scores = TRY(estimator_->scores(*method_, sklearn::Value(std::move(chosen))));
    return sklearn::unnamed_columns(scores);
  }

 private:
  Result<data::Batch> choose(const data::Batch& rows) const {
    std::vector<std::string> missing;
    data::Batch out;
    out.n_rows = rows.n_rows;
    for (const auto& name : feature_names_) {
      const auto* column = rows.find(name);
      if (column == nullptr) {
        missing.push_back(name);
      } else {
        out.columns.push_back(*column);
      }
    }
    if (missing.empty() && !feature_names_.empty()) return out;
    if (!out.columns.empty() && estimator_->finds_columns()) return out;
    const size_t n = feature_names_.empty() ? estimator_->n_features() : feature_names_.size();
    if (missing.size() < feature_names_.size() || (n != 0 && rows.columns.size() != n)) {
      return fail(Code::invalid_parameter_value, "{} takes {} columns, the rows have {}{}{}",
                  estimator_->name(), n, rows.columns.size(),
                  missing.empty() ? "" : "; missing are: ", join(missing, ", "));
    }
    return rows;
  }

  sklearn::EstimatorPtr estimator_;
  std::vector<std::string> feature_names_;
  Signature signature_;
  std::optional<Method> method_;
  bool single_;
  std::string input_example_;
};

// The names the model was fitted on: its own, or of a pipeline those of its first step.
std::vector<std::string> fitted_names(const objects::Object& object, int depth = 0) {
  std::vector<std::string> names;
  if (const auto* found = objects::attribute(object, "feature_names_in_")) {
    const auto labels = sklearn::labels_of(*found);
    for (size_t i = 0; labels.ok() && !labels->is_numeric() && i < labels->size(); ++i) {
      names.emplace_back(labels->strings()[i]);
    }
    return names;
  }
  const auto* steps = objects::attribute(object, "steps");
  if (steps == nullptr || depth > 10) return names;
  for (const auto* step : sklearn::items_of(*steps)) {
    if (step->items.size() == 2 && step->items[1]->kind == objects::Kind::instance) {
      return fitted_names(*step->items[1], depth + 1);
    }
  }
  return names;
}

}  // namespace

Result<std::unique_ptr<Model>> make_sklearn_flavor(std::string_view bytes,
                                                   SklearnSettings settings) {
  const auto& fn = settings.predict_fn;
  if (fn != "predict" && fn != "predict_proba" && fn != "predict_log_proba") {
    return fail(Code::not_implemented,
                "predict_fn '{}'; evaluated are predict, predict_proba and predict_log_proba", fn);
  }
  const auto graph = TRY(objects::read_saved_object(bytes));
  sklearn::Allowance allowance{4 * bytes.size() + (size_t{256} << 20)};
  auto estimator = TRY(sklearn::make_estimator(*graph.root, allowance));
  auto signature = TRY(parse_signature(settings.signature_inputs, settings.signature_outputs,
                                       settings.signature_params));
  return std::unique_ptr<Model>(std::make_unique<SklearnFlavor>(
      std::move(estimator), fitted_names(*graph.root), std::move(signature), std::move(settings)));
}

}  // namespace slipway::models
