// models/xgboost_parts.h — what XGBoost's files say, before it becomes a model that predicts.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/tree_ensemble.h"
#include "models/ubjson.h"

namespace slipway::models {

struct XgboostParts {
  std::string booster;    // "gbtree", "dart" or "gblinear"
  std::string objective;  // "binary:logistic"
  std::array<int64_t, 3> version{};
  size_t n_features = 0;
  size_t n_outputs = 1;            // sums a row: classes or targets
  std::vector<float> base_scores;  // one, or one for each output
  bool base_score_is_sum = false;  // else it is in the scale of predictions (before 1.0 it was not)
  std::vector<Tree> trees;         // gbtree, dart (with their weights)
  std::vector<size_t> iteration_ends;  // how many trees there are after each; empty: not known
  std::vector<float> linear_weights;   // gblinear: [(n_features + 1) × n_outputs], the bias last
  std::optional<int64_t> best_iteration;
  std::vector<std::string> feature_names;
  std::vector<std::string> feature_types;
};

/// Take the parts of a `model.ubj` or `model.json`.
/// Errors   invalid_parameter_value: damaged; not_implemented: an unknown booster.
Result<XgboostParts> read_xgboost_document(const UbjsonValue& document);

/// Take the parts of the old binary form that XGBoost wrote up to 3.0 (`model.bin`, or any name
/// that is neither .json nor .ubj).
/// Errors   as read_xgboost_document().
/// Source   the memory layout of XGBoost 1.7.6's parameters, written as they lie there.
Result<XgboostParts> read_xgboost_binary(std::string_view bytes);

}  // namespace slipway::models
