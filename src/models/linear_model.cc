#include "models/linear_model.h"

#include <cmath>

namespace slipway::models {
namespace {

constexpr int64_t kVersion = 1;

}  // namespace

Result<std::vector<double>> LinearModel::predict(MatrixView rows) const {
  if (rows.n_columns != coefficients.size()) {
    return fail(Code::invalid_parameter_value, "{} columns; the linear model takes {}",
                rows.n_columns, coefficients.size());
  }
  std::vector<double> scores(rows.n_rows);
  for (size_t i = 0; i < rows.n_rows; ++i) {
    const float* row = rows.row(i);
    double sum = intercept;
    for (size_t k = 0; k < coefficients.size(); ++k) {
      sum += coefficients[k] * static_cast<double>(row[k]);
    }
    scores[i] = 1 / (1 + std::exp(-sum));
  }
  return scores;
}

Json LinearModel::to_json() const {
  JsonArray list;
  for (const double coefficient : coefficients) list.emplace_back(coefficient);
  return JsonObject{{"version", kVersion},
                    {"kind", "logistic"},
                    {"intercept", intercept},
                    {"coefficients", std::move(list)}};
}

Result<LinearModel> LinearModel::from_json(const Json& json) {
  const auto version = TRY(integer_member(json, "version"));
  const auto kind = TRY(text_member(json, "kind"));
  if (version != kVersion || kind != "logistic") {
    return fail(Code::not_implemented, "linear model '{}' of version {}; this program reads {} {}",
                kind, version, "'logistic' of version", kVersion);
  }
  LinearModel out;
  out.intercept = TRY(number_member(json, "intercept"));
  const auto* coefficients = TRY(array_member(json, "coefficients"));
  for (const auto& item : *coefficients) {
    if (!item.is_number()) {
      return fail(Code::invalid_parameter_value, "linear model: a coefficient is not a number");
    }
    out.coefficients.push_back(item.to_number<double>());
  }
  return out;
}

}  // namespace slipway::models
