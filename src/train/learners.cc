#include "base/text.h"
#include "train/learner.h"
#include "train/logistic.h"
#include "train/metrics.h"
#include "train/xgboost.h"

namespace slipway::train {

std::span<const Learner* const> learners() {
  static const XgboostLearner xgboost;
  static const LogisticLearner logistic;
  static const Learner* const kLearners[] = {&xgboost, &logistic};
  return kLearners;
}

Result<const Learner*> find_learner(std::string_view name) {
  std::vector<std::string> names;
  for (const auto* learner : learners()) {
    if (learner->name() == name) return learner;
    names.emplace_back(learner->name());
  }
  return fail(Code::invalid_parameter_value, "no learner '{}'; there are: {}", name,
              join(names, ", "));
}

Result<void> check_data(const TrainingData& data) {
  const auto n_columns = data.train.rows.n_columns;
  if (n_columns == 0) return fail(Code::invalid_parameter_value, "no columns to learn from");
  if (data.names.size() != n_columns || data.types.size() != n_columns) {
    return fail(Code::invalid_parameter_value, "{} columns but {} names and {} types", n_columns,
                data.names.size(), data.types.size());
  }
  for (const auto* part : {&data.train, &data.validation}) {
    if (part->labels.size() != part->rows.n_rows) {
      return fail(Code::invalid_parameter_value, "{} rows but {} labels", part->rows.n_rows,
                  part->labels.size());
    }
  }
  TRY(check_labels(data.train.labels));
  if (data.validation.rows.n_rows == 0) return {};
  if (data.validation.rows.n_columns != n_columns) {
    return fail(Code::invalid_parameter_value, "{} training but {} validation columns", n_columns,
                data.validation.rows.n_columns);
  }
  if (auto checked = check_labels(data.validation.labels); !checked.ok()) {
    return fail(Code::invalid_parameter_value, "validation part: {}", checked.error().message);
  }
  return {};
}

}  // namespace slipway::train
