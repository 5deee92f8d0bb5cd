#include "models/xgboost_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/ubjson.h"
#include "models/xgboost_parts.h"

namespace slipway::models {

struct XgboostMaker {
  using Transform = XgboostModel::Transform;
  enum class Link { identity, logit, log };

  // How sums become predictions, and base_score (in the predictions' scale) becomes a sum.
  struct Objective {
    std::string_view name;
    Transform transform;
    Link link;
  };
  static constexpr Objective kObjectives[] = {
      {"binary:logistic", Transform::sigmoid, Link::logit},
      {"reg:logistic", Transform::sigmoid, Link::logit},
      {"binary:logitraw", Transform::none, Link::identity},
      {"binary:hinge", Transform::positive, Link::identity},
      {"reg:squarederror", Transform::none, Link::identity},
      {"reg:linear", Transform::none, Link::identity},
      {"reg:absoluteerror", Transform::none, Link::identity},
      {"reg:pseudohubererror", Transform::none, Link::identity},
      {"reg:squaredlogerror", Transform::none, Link::identity},
      {"reg:quantileerror", Transform::none, Link::identity},
      {"rank:ndcg", Transform::none, Link::identity},
      {"rank:pairwise", Transform::none, Link::identity},
      {"rank:map", Transform::none, Link::identity},
      {"count:poisson", Transform::exponential, Link::log},
      {"reg:gamma", Transform::exponential, Link::log},
      {"reg:tweedie", Transform::exponential, Link::log},
      {"survival:cox", Transform::exponential, Link::log},
      {"survival:aft", Transform::exponential, Link::log},
      {"multi:softprob", Transform::softmax, Link::identity},
      {"multi:softmax", Transform::class_of_max, Link::identity},
  };

  // Where the sums start. XGBoost 3 takes 0 and 1 as the bounds that it can invert.
  static Result<std::vector<float>> start_sums(const XgboostParts& parts, Link link) {
    constexpr float kBound = 1e-6f;
    std::vector<float> out;
    for (float score : parts.base_scores) {
      if (link == Link::logit && parts.version[0] >= 3 && score >= 0 && score <= 1) {
        score = std::min(std::max(score, kBound), 1.0f - kBound);
      }
      const bool fits = link == Link::identity || parts.base_score_is_sum ||
                        (score > 0 && (score < 1 || link == Link::log));
      if (!fits || !std::isfinite(score)) {
        return fail(Code::invalid_parameter_value, "base_score is {}", score);
      }
      switch (parts.base_score_is_sum ? Link::identity : link) {
        case Link::identity: out.push_back(score); break;
        case Link::logit: out.push_back(-std::log(1.0f / score - 1.0f)); break;
        case Link::log: out.push_back(std::log(score)); break;
      }
    }
    if (parts.booster == "gblinear" && !out.empty()) out.resize(1);  // it looks at no other
    if (out.size() == 1) out.resize(parts.n_outputs, out[0]);
    if (out.size() != parts.n_outputs) {
      return fail(Code::invalid_parameter_value, "base_score has {} values for {} outputs",
                  out.size(), parts.n_outputs);
    }
    return out;
  }

  static void keep_best_iterations(XgboostParts& parts) {
    if (!parts.best_iteration || *parts.best_iteration < 0) return;
    const auto best = static_cast<size_t>(*parts.best_iteration);
    if (best < parts.iteration_ends.size()) parts.trees.resize(parts.iteration_ends[best]);
  }

  static Result<XgboostModel> make(XgboostParts parts, XgboostTrees which) {
    const auto* objective = std::ranges::find(kObjectives, parts.objective, &Objective::name);
    if (objective == std::end(kObjectives)) {
      return fail(Code::not_implemented, "XGBoost objective '{}'", parts.objective);
    }
    for (const auto* list : {&parts.feature_names, &parts.feature_types}) {
      if (!list->empty() && list->size() != parts.n_features) {
        return fail(Code::invalid_parameter_value, "{} names or types of {} features", list->size(),
                    parts.n_features);
      }
    }
    if (which == XgboostTrees::to_best_iteration) keep_best_iterations(parts);
    const auto scores = TRY(start_sums(parts, objective->link));
    auto ensemble =
        TRY(TreeEnsemble::make(parts.trees, {parts.n_features, {scores.begin(), scores.end()}}));
    XgboostModel out(std::move(ensemble));
    out.transform_ = objective->transform;
    out.objective_ = parts.objective;
    out.linear_weights_ = std::move(parts.linear_weights);
    out.version_ = fmt::format("{}.{}.{}", parts.version[0], parts.version[1], parts.version[2]);
    out.feature_names_ = std::move(parts.feature_names);
    out.feature_types_ = std::move(parts.feature_types);
    return out;
  }
};

Result<XgboostModel> XgboostModel::parse(std::string_view bytes, XgboostTrees which) {
  if (!bytes.starts_with('{')) {
    auto parts = TRY(read_xgboost_binary(bytes));
    return XgboostMaker::make(std::move(parts), which);
  }
  // after {, UBJSON has a length marker; JSON a quote or a blank
  const bool is_text =
      bytes.size() > 1 && std::string_view("\" \t\r\n").find(bytes[1]) != std::string_view::npos;
  if (!is_text) {
    const auto document = TRY(parse_ubjson(bytes));
    const auto* model = document.find("Model");  // beside the configuration, in a pickle
    auto parts = TRY(read_xgboost_document(model == nullptr ? document : *model));
    return XgboostMaker::make(std::move(parts), which);
  }
  const auto json = TRY(parse_json(bytes));
  const auto document = TRY(ubjson_from(json));
  auto parts = TRY(read_xgboost_document(document));
  return XgboostMaker::make(std::move(parts), which);
}

namespace {

// In float32 and with these constants, as XGBoost does, so that the results are equal to the bit.
float sigmoid(float sum) { return 1.0f / (std::exp(std::min(-sum, 88.7f)) + 1.0f + 1e-16f); }

void softmax(std::span<float> sums) {
  const float max = *std::ranges::max_element(sums);
  double total = 0;
  for (float& sum : sums) {
    sum = std::exp(sum - max);
    total += sum;
  }
  for (float& sum : sums) sum /= static_cast<float>(total);
}

}  // namespace

// The bias first, then feature by feature, as gblinear does.
void XgboostModel::add_linear(MatrixView rows, std::span<float> sums) const {
  const size_t width = trees_.n_outputs();
  const float* bias = linear_weights_.data() + n_features() * width;
  for (size_t i = 0; i < rows.n_rows; ++i) {
    for (size_t k = 0; k < width; ++k) {
      float sum = bias[k] + sums[i * width + k];
      for (size_t f = 0; f < n_features(); ++f) {
        const float x = rows.row(i)[f];
        if (!std::isnan(x)) sum += x * linear_weights_[f * width + k];
      }
      sums[i * width + k] = sum;
    }
  }
}

Result<std::vector<float>> XgboostModel::predict(MatrixView rows) const {
  if (rows.n_columns != n_features()) {
    return fail(Code::invalid_parameter_value, "{} columns; the XGBoost model takes {}",
                rows.n_columns, n_features());
  }
  const size_t width = trees_.n_outputs();
  std::vector<float> sums(rows.n_rows * width);
  trees_.predict(rows, sums);
  if (!linear_weights_.empty()) add_linear(rows, sums);
  switch (transform_) {
    case Transform::none: break;
    case Transform::positive:
      for (float& sum : sums) sum = sum > 0 ? 1 : 0;
      break;
    case Transform::sigmoid:
      for (float& sum : sums) sum = sigmoid(sum);
      break;
    case Transform::exponential:
      for (float& sum : sums) sum = std::exp(sum);
      break;
    case Transform::softmax:
      for (size_t i = 0; i < rows.n_rows; ++i) {
        softmax(std::span(sums).subspan(i * width, width));
      }
      break;
    case Transform::class_of_max:
      for (size_t i = 0; i < rows.n_rows; ++i) {
        const auto row = std::span(sums).subspan(i * width, width);
        sums[i] = static_cast<float>(std::ranges::max_element(row) - row.begin());
      }
      sums.resize(rows.n_rows);
      break;
  }
  return sums;
}

}  // namespace slipway::models
