#include "models/slipway_model.h"

namespace slipway::models {
namespace {

std::vector<ColumnSpec> score_columns(size_t n) {
  std::vector<ColumnSpec> columns;
  for (size_t i = 0; i < n; ++i) {
    columns.push_back({n == 1 ? "score" : fmt::format("score_{}", i), ColumnType::double_, true});
  }
  return columns;
}

}  // namespace

Result<std::unique_ptr<SlipwayModel>> SlipwayModel::make(Preprocess preprocess, Estimator estimator,
                                                         std::string input_example) {
  size_t n_features = 0;
  size_t n_outputs = 1;
  if (const auto* xgboost = std::get_if<XgboostModel>(&estimator)) {
    n_features = xgboost->n_features();
    n_outputs = xgboost->n_outputs();
  } else {
    n_features = std::get<LinearModel>(estimator).coefficients.size();
  }
  if (n_features != preprocess.n_columns()) {
    return fail(Code::invalid_parameter_value,
                "the preparation gives {} columns, the estimator takes {}", preprocess.n_columns(),
                n_features);
  }
  auto model =
      std::make_unique<SlipwayModel>(SlipwayModel(std::move(preprocess), std::move(estimator)));
  model->signature_ = {model->preprocess_.inputs(), score_columns(n_outputs)};
  model->input_example_ = std::move(input_example);
  return model;
}

Result<data::Batch> SlipwayModel::predict(const data::Batch& rows) const {
  const auto ready = TRY(enforce(signature_, rows));
  const auto matrix = TRY(preprocess_.encode(ready));
  const MatrixView view{matrix.data(), rows.n_rows, preprocess_.n_columns()};
  data::Batch out;
  out.n_rows = rows.n_rows;
  if (const auto* linear = std::get_if<LinearModel>(&estimator_)) {
    auto scores = TRY(linear->predict(view));
    out.columns.push_back(data::float64_column(signature_.outputs[0].name, std::move(scores)));
    return out;
  }
  const auto scores = TRY(std::get<XgboostModel>(estimator_).predict(view));
  const size_t width = signature_.outputs.size();
  for (size_t k = 0; k < width; ++k) {
    std::vector<double> column(rows.n_rows);
    for (size_t i = 0; i < rows.n_rows; ++i) column[i] = scores[i * width + k];
    out.columns.push_back(data::float64_column(signature_.outputs[k].name, std::move(column)));
  }
  return out;
}

}  // namespace slipway::models
