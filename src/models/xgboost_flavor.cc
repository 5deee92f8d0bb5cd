#include "models/xgboost_flavor.h"

#include <algorithm>

namespace slipway::models {
namespace {

class XgboostFlavor : public Model {
 public:
  XgboostFlavor(XgboostModel booster, XgboostForm form, Signature signature,
                std::string input_example)
      : booster_(std::move(booster)),
        form_(form),
        signature_(std::move(signature)),
        input_example_(std::move(input_example)) {}

  const Signature& signature() const override { return signature_; }
  const std::string& input_example() const override { return input_example_; }

  Result<data::Batch> predict(const data::Batch& rows) const override {
    const auto ready = TRY(enforce(signature_, rows));
    const size_t n = booster_.n_features();
    std::vector<float> matrix(rows.n_rows * n);
    for (size_t f = 0; f < n; ++f) {
      const auto* column = TRY(feature(ready, f));
      for (size_t i = 0; i < rows.n_rows; ++i) {
        matrix[i * n + f] = static_cast<float>(column->number_at(i));
      }
    }
    const auto scores = TRY(booster_.predict({matrix.data(), rows.n_rows, n}));
    if (form_ == XgboostForm::classifier) return xgboost_labels(booster_, scores, rows.n_rows);
    return xgboost_values(booster_, scores, rows.n_rows);
  }

 private:
  Result<const data::Column*> feature(const data::Batch& rows, size_t f) const {
    const auto& names = booster_.feature_names();
    const bool by_name = !names.empty() && !signature_.inputs[f].name.empty();
    const data::Column* column = &rows.columns[f];
    if (by_name) {
      column = TRY(rows.column(names[f]));
    }
    if (column->is_numeric() && column->type != data::Type::timestamp) return column;
    return fail(Code::invalid_parameter_value, "column '{}' is {}; XGBoost takes numbers",
                column->name, data::type_name(column->type));
  }

  XgboostModel booster_;
  XgboostForm form_;
  Signature signature_;
  std::string input_example_;
};

// Two columns of classes are taken for two targets there, and so here.
bool has_targets(const XgboostModel& booster) {
  return booster.n_outputs() > 1 && (!booster.has_classes() || booster.n_outputs() == 2);
}

}  // namespace

data::Batch xgboost_labels(const XgboostModel& booster, const std::vector<float>& scores,
                           size_t n_rows) {
  const size_t width = booster.n_outputs();
  data::Batch out;
  out.n_rows = n_rows;
  if (has_targets(booster)) {
    for (size_t k = 0; k < width; ++k) {
      std::vector<double> values(n_rows);
      for (size_t i = 0; i < n_rows; ++i) values[i] = scores[i * width + k] > 0.5f ? 1 : 0;
      out.columns.push_back(data::float64_column("", std::move(values)));
    }
    return out;
  }
  std::vector<int64_t> values(n_rows);
  for (size_t i = 0; i < n_rows; ++i) {
    const float* row = scores.data() + i * width;
    if (width > 1) {
      values[i] = std::max_element(row, row + width) - row;
    } else if (booster.has_classes()) {
      values[i] = static_cast<int64_t>(row[0]);
    } else {
      values[i] = row[0] > 0.5f ? 1 : 0;
    }
  }
  out.columns.push_back(data::int64_column("", std::move(values)));
  return out;
}

data::Batch xgboost_values(const XgboostModel& booster, const std::vector<float>& scores,
                           size_t n_rows) {
  const size_t width = booster.n_outputs();
  data::Batch out;
  out.n_rows = n_rows;
  for (size_t k = 0; k < width; ++k) {
    std::vector<float> values(n_rows);
    for (size_t i = 0; i < n_rows; ++i) values[i] = scores[i * width + k];
    out.columns.push_back({"", data::Type::float32, std::move(values), {}});
  }
  return out;
}

Result<std::unique_ptr<Model>> make_xgboost_flavor(XgboostModel booster, XgboostForm form,
                                                   Signature signature, std::string input_example) {
  const auto& names = booster.feature_names();
  if (signature.inputs.empty()) {
    for (size_t f = 0; f < booster.n_features(); ++f) {
      signature.inputs.push_back({names.empty() ? "" : names[f], ColumnType::double_, true});
    }
  }
  if (signature.inputs.size() != booster.n_features()) {
    return fail(Code::invalid_parameter_value, "the signature has {} inputs, XGBoost {} features",
                signature.inputs.size(), booster.n_features());
  }
  const bool named = std::ranges::none_of(signature.inputs, &std::string::empty, &ColumnSpec::name);
  for (auto& input : signature.inputs) {
    input.required = true;
    if (!named) input.name.clear();
  }
  for (const auto& name : names) {
    if (!named ||
        std::ranges::find(signature.inputs, name, &ColumnSpec::name) != signature.inputs.end()) {
      continue;
    }
    return fail(Code::invalid_parameter_value, "the signature lacks XGBoost's feature '{}'", name);
  }
  const bool targets = has_targets(booster);
  auto type = ColumnType::float_;
  if (form == XgboostForm::classifier) type = targets ? ColumnType::double_ : ColumnType::long_;
  const bool one = form == XgboostForm::classifier && !targets;
  signature.outputs.assign(one ? 1 : booster.n_outputs(), {"", type, true});
  return std::unique_ptr<Model>(std::make_unique<XgboostFlavor>(
      std::move(booster), form, std::move(signature), std::move(input_example)));
}

}  // namespace slipway::models
