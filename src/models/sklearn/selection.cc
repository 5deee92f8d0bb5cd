// Columns chosen when the selector was fitted.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "models/sklearn/families.h"
#include "models/sklearn/trees.h"

namespace slipway::models::sklearn {
namespace {

/// Hands on some of its columns; where it holds an estimator, that predicts from them.
class Selector : public Estimator {
 public:
  Selector(const State& state, std::vector<size_t> kept, size_t n, EstimatorPtr inner)
      : Estimator(state), kept_(std::move(kept)), n_(n), inner_(std::move(inner)) {}

  const data::Column* classes() const override { return inner_ ? inner_->classes() : nullptr; }
  bool has(Method method) const override { return inner_ && inner_->has(method); }
  bool predicts_matrix() const override { return inner_ && inner_->predicts_matrix(); }

  Result<Value> transform(const Value& x) const override {
    if (n_columns(x) != n_) {
      return fail(Code::invalid_parameter_value,
                  "X has {} features, but {} is expecting {} features as input", n_columns(x),
                  name(), n_);
    }
    return take_columns(x, kept_);
  }
  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!inner_) return Estimator::scores(method, x);
    const auto some = TRY(transform(x));
    return inner_->scores(method, some);
  }
  Result<data::Batch> predict(const Value& x) const override {
    if (!inner_) return Estimator::predict(x);
    const auto some = TRY(transform(x));
    return inner_->predict(some);
  }

 private:
  std::vector<size_t> kept_;
  size_t n_;
  EstimatorPtr inner_;
};

Result<EstimatorPtr> make_selector(const State& state, const std::vector<bool>& mask,
                                   EstimatorPtr inner = nullptr) {
  TRY(state.require(!mask.empty(), "its columns", "are none"));
  std::vector<size_t> kept;
  for (size_t c = 0; c < mask.size(); ++c) {
    if (mask[c]) kept.push_back(c);
  }
  return EstimatorPtr(new Selector(state, std::move(kept), mask.size(), std::move(inner)));
}

Result<EstimatorPtr> make_by_support(const State& state) {
  const auto support = TRY(state.integers("support_"));
  std::vector<bool> mask(support.begin(), support.end());
  EstimatorPtr inner;
  if (state.class_name().starts_with("RFE")) inner = TRY(state.estimator("estimator_"));
  return make_selector(state, mask, std::move(inner));
}

Result<EstimatorPtr> make_by_variance(const State& state) {
  const auto variances = TRY(state.numbers("variances_"));
  const double threshold = state.number_or("threshold", 0);
  std::vector<bool> mask;
  for (const double variance : variances) mask.push_back(variance > threshold);
  return make_selector(state, mask);
}

// The k best, of equals the last ones; NaN is worst.
std::vector<bool> best_k(std::vector<double> scores, size_t k) {
  for (auto& score : scores) {
    if (std::isnan(score)) score = std::numeric_limits<double>::lowest();
  }
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t c) { return scores[c]; });
  std::vector<bool> mask(scores.size(), false);
  for (size_t i = order.size() - std::min(k, order.size()); i < order.size(); ++i) {
    mask[order[i]] = true;
  }
  return mask;
}

// numpy.percentile, linear between two.
double percentile(std::vector<double> values, double percent) {
  std::ranges::sort(values);
  const double place = percent / 100 * static_cast<double>(values.size() - 1);
  const auto low = static_cast<size_t>(std::floor(place));
  const size_t high = std::min(low + 1, values.size() - 1);
  const double t = place - static_cast<double>(low);
  const double apart = values[high] - values[low];
  return t >= 0.5 ? values[high] - apart * (1 - t) : values[low] + apart * t;
}

std::vector<bool> best_percent(std::vector<double> scores, double percent) {
  if (percent >= 100) return std::vector<bool>(scores.size(), true);
  std::vector<bool> mask(scores.size(), false);
  if (percent <= 0) return mask;
  for (auto& score : scores) {
    if (std::isnan(score)) score = std::numeric_limits<double>::lowest();
  }
  const double threshold = percentile(scores, 100 - percent);
  const auto most = static_cast<size_t>(static_cast<double>(scores.size()) * percent / 100);
  size_t n = 0;
  for (size_t c = 0; c < scores.size(); ++c) n += (mask[c] = scores[c] > threshold);
  for (size_t c = 0; c < scores.size() && n < most; ++c) {
    if (scores[c] != threshold) continue;
    mask[c] = true;
    ++n;
  }
  return mask;
}

std::vector<bool> below(const std::vector<double>& p_values, double bound) {
  std::vector<bool> mask;
  for (const double p : p_values) mask.push_back(p < bound);
  return mask;
}

// Benjamini and Hochberg's step.
std::vector<bool> false_discovery(const std::vector<double>& p_values, double alpha) {
  auto sorted = p_values;
  std::ranges::sort(sorted);
  double bound = -1;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const double line = alpha / static_cast<double>(sorted.size()) * static_cast<double>(i + 1);
    if (sorted[i] <= line) bound = sorted[i];
  }
  std::vector<bool> mask;
  for (const double p : p_values) mask.push_back(bound >= 0 && p <= bound);
  return mask;
}

Result<EstimatorPtr> make_univariate(const State& state) {
  auto kind = std::string(state.class_name());
  std::string_view setting = "alpha";
  if (kind == "GenericUnivariateSelect") {
    kind = state.text_or("mode", "percentile");
    setting = "param";
  }
  const bool by_count = kind == "SelectKBest" || kind == "k_best";
  const bool by_percent = kind == "SelectPercentile" || kind == "percentile";
  if (setting == "alpha" && (by_count || by_percent)) setting = by_count ? "k" : "percentile";
  const double value = state.number_or(setting, by_count || by_percent ? 10 : 0.05);
  if (by_count || by_percent) {
    const auto scores = TRY(state.numbers("scores_"));
    if (by_percent) return make_selector(state, best_percent(scores, value));
    const bool all = state.text_or(setting, "") == "all";
    const auto k = all ? scores.size() : static_cast<size_t>(std::clamp(value, 0.0, 1e9));
    return make_selector(state, best_k(scores, k));
  }
  const auto p_values = TRY(state.numbers("pvalues_"));
  if (kind == "SelectFdr" || kind == "fdr") {
    return make_selector(state, false_discovery(p_values, value));
  }
  const bool family = kind == "SelectFwe" || kind == "fwe";
  return make_selector(
      state, below(p_values, family ? value / static_cast<double>(p_values.size()) : value));
}

// How much each column's splits take off the impurity, to a sum of one.
Result<std::vector<double>> tree_importances(const State& tree) {
  const auto saved = TRY(read_tree(tree));
  std::vector<double> out(saved.n_features, 0);
  double sum = 0;
  for (size_t i = 0; i < saved.nodes.size(); ++i) {
    const auto& node = saved.nodes[i];
    if (node.left == -1) continue;
    const auto left = static_cast<size_t>(node.left);
    const auto right = static_cast<size_t>(node.right);
    TRY(tree.require(
        left < saved.nodes.size() && right < saved.nodes.size() && node.feature < out.size(),
        "tree_", "leads out of its nodes"));
    out[node.feature] += saved.weights[i] * saved.impurities[i] -
                         saved.weights[left] * saved.impurities[left] -
                         saved.weights[right] * saved.impurities[right];
  }
  for (auto& value : out) sum += value /= saved.weights[0];
  for (auto& value : out) value = sum > 0 ? value / sum : 0;
  return out;
}

Result<std::vector<double>> forest_importances(const State& forest) {
  const auto* list = TRY(forest.get("estimators_"));
  std::vector<double> sums;
  for (const auto* member : items_of(*list)) {
    const auto one = TRY(tree_importances(State(*member, forest.allowance())));
    sums.resize(std::max(sums.size(), one.size()), 0);
    for (size_t c = 0; c < one.size(); ++c) sums[c] += one[c];
  }
  double total = 0;
  for (const double value : sums) total += value;
  for (auto& value : sums) value = total > 0 ? value / total : 0;
  return sums;
}

// |coefficients| of an estimator, or a norm over its classes; or importances of its trees.
Result<std::vector<double>> importances(const State& estimator, double order) {
  if (estimator.find("coef_") != nullptr) {
    const auto weights = TRY(estimator.matrix("coef_"));
    std::vector<double> out(weights.n_columns, 0);
    for (size_t c = 0; c < out.size(); ++c) {
      for (size_t k = 0; k < weights.n_rows; ++k) {
        const double size = std::abs(weights.row(k)[c]);
        out[c] = std::isinf(order) ? std::max(out[c], size)
                                   : out[c] + (order == 1 ? size : std::pow(size, order));
      }
      if (!std::isinf(order) && order != 1) out[c] = std::pow(out[c], 1 / order);
    }
    return out;
  }
  if (estimator.find("tree_") != nullptr) return tree_importances(estimator);
  const auto kind = estimator.class_name();
  if (kind.starts_with("RandomForest") || kind.starts_with("ExtraTrees")) {
    return forest_importances(estimator);
  }
  return estimator.unsupported("what its columns are worth");
}

bool is_sparse_model(const State& estimator) {
  const auto kind = estimator.class_name();
  if (estimator.text_or("penalty", "") == "l1" || kind.find("Lasso") != kind.npos) return true;
  const bool mixed = kind == "ElasticNet" || kind == "LogisticRegression";
  return mixed && version_of(estimator) >= (kind == "ElasticNet" ? 105 : 108) &&
         estimator.number_or("l1_ratio", 0) == 1;
}

Result<double> threshold_of(const State& state, const State& estimator,
                            const std::vector<double>& values) {
  const auto* given = state.given("threshold");
  if (given != nullptr && given->kind != objects::Kind::text) {
    return objects::number_of(*given).value_or(0);
  }
  std::string_view text = given == nullptr ? "mean" : std::string_view(given->text);
  if (given == nullptr && is_sparse_model(estimator)) return 1e-5;
  double scale = 1;
  if (const auto star = text.find('*'); star != text.npos) {
    scale = std::strtod(std::string(text.substr(0, star)).c_str(), nullptr);
    text = text.substr(star + 1);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  if (text == "median") return scale * percentile(values, 50);
  if (text != "mean") return state.unsupported("threshold " + std::string(text));
  double sum = 0;
  for (const double value : values) sum += value;
  return scale * (sum / static_cast<double>(values.size()));
}

Result<EstimatorPtr> make_from_model(const State& state) {
  const auto* object = state.given("estimator_");
  if (object == nullptr) object = TRY(state.get("estimator"));
  const State estimator(*object, state.allowance());
  if (state.text_or("importance_getter", "a function") != "auto") {
    return state.unsupported("importance_getter");
  }
  const auto values = TRY(importances(estimator, state.number_or("norm_order", 1)));
  TRY(state.require(!values.empty(), "estimator_", "has no columns"));
  const auto threshold = TRY(threshold_of(state, estimator, values));
  std::vector<bool> mask(values.size(), true);
  if (const auto* most = state.given("max_features"); most != nullptr) {
    const auto n = objects::number_of(*most);
    if (!n) return state.unsupported("max_features by a function");
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, {}, [&](size_t c) { return -values[c]; });
    mask.assign(values.size(), false);
    for (size_t i = 0; i < order.size() && static_cast<double>(i) < *n; ++i) mask[order[i]] = true;
  }
  for (size_t c = 0; c < values.size(); ++c) mask[c] = mask[c] && !(values[c] < threshold);
  return make_selector(state, mask);
}

constexpr EstimatorRow kRows[] = {
    {"GenericUnivariateSelect", make_univariate},
    {"RFE", make_by_support},
    {"RFECV", make_by_support},
    {"SelectFdr", make_univariate},
    {"SelectFpr", make_univariate},
    {"SelectFromModel", make_from_model},
    {"SelectFwe", make_univariate},
    {"SelectKBest", make_univariate},
    {"SelectPercentile", make_univariate},
    {"SequentialFeatureSelector", make_by_support},
    {"VarianceThreshold", make_by_variance},
};

}  // namespace

std::span<const EstimatorRow> selection_rows() { return kRows; }

}  // namespace slipway::models::sklearn
