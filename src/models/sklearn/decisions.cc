// Decisions that look little or not at all at the rows: dummies, and thresholds of one's own.
#include <algorithm>
#include <cmath>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

/// The same class for every row; its shares are what was seen, or 1 for that class.
class DummyClassifier : public Estimator {
 public:
  DummyClassifier(const State& state, data::Column classes, std::vector<double> shares, size_t best)
      : Estimator(state), classes_(std::move(classes)), shares_(std::move(shares)), best_(best) {}

  const data::Column* classes() const override { return &classes_; }
  bool has(Method method) const override { return method != Method::decision_function; }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    auto out = make_matrix(n_rows(x), shares_.size());
    for (size_t i = 0; i < out.n_rows; ++i) std::ranges::copy(shares_, out.row(i));
    if (method == Method::predict_log_proba) log_of(out);
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    return one_column(take_labels(classes_, std::vector<size_t>(n_rows(x), best_)));
  }

 private:
  data::Column classes_;
  std::vector<double> shares_;
  size_t best_;
};

// The place of a label among the classes.
Result<size_t> place_of(const State& state, const data::Column& classes, std::string_view name) {
  const auto* label = TRY(state.get(name));
  for (size_t k = 0; k < classes.size(); ++k) {
    const auto number = objects::number_of(*label);
    const bool same = label->kind == objects::Kind::text
                          ? !classes.is_numeric() && classes.strings()[k] == label->text
                          : classes.is_numeric() && number && *number == classes.number_at(k);
    if (same) return k;
  }
  return state.odd(name, "is none of the classes");
}

Result<EstimatorPtr> make_dummy_classifier(const State& state) {
  if (state.number_or("n_outputs_", 1) != 1) return state.unsupported("several outputs");
  const auto strategy = state.text_or("_strategy", state.text_or("strategy", "prior"));
  if (strategy != "prior" && strategy != "most_frequent" && strategy != "constant") {
    return state.unsupported("strategy " + strategy + " (it is random)");
  }
  auto classes = TRY(state.labels("classes_"));
  auto shares = TRY(state.numbers("class_prior_", classes.size()));
  TRY(state.require(!shares.empty(), "classes_", "is empty"));
  auto best = static_cast<size_t>(std::ranges::max_element(shares) - shares.begin());
  if (strategy == "constant") best = TRY(place_of(state, classes, "constant"));
  if (strategy != "prior") {
    std::ranges::fill(shares, 0.0);
    shares[best] = 1;
  }
  return EstimatorPtr(
      std::make_unique<DummyClassifier>(state, std::move(classes), std::move(shares), best));
}

class DummyRegressor : public Estimator {
 public:
  DummyRegressor(const State& state, std::vector<double> values)
      : Estimator(state), values_(std::move(values)) {}

  bool predicts_matrix() const override { return values_.size() > 1; }

  Result<data::Batch> predict(const Value& x) const override {
    auto out = make_matrix(n_rows(x), values_.size());
    for (size_t i = 0; i < out.n_rows; ++i) std::ranges::copy(values_, out.row(i));
    return unnamed_columns(out);
  }

 private:
  std::vector<double> values_;
};

Result<EstimatorPtr> make_dummy_regressor(const State& state) {
  auto values = TRY(state.numbers("constant_"));
  TRY(state.require(!values.empty() && values.size() < 100'000, "constant_",
                    "is no row of values"));
  return EstimatorPtr(std::make_unique<DummyRegressor>(state, std::move(values)));
}

/// A classifier of two classes whose score is held against a threshold.
class Threshold : public Estimator {
 public:
  Threshold(const State& state, EstimatorPtr inner, Method method, double threshold)
      : Estimator(state), inner_(std::move(inner)), method_(method), threshold_(threshold) {}

  bool first_is_positive = false;

  const data::Column* classes() const override { return inner_->classes(); }
  bool has(Method method) const override { return inner_->has(method); }
  Result<Matrix> scores(Method method, const Value& x) const override {
    return inner_->scores(method, x);
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto scores = TRY(inner_->scores(method_, x));
    std::vector<size_t> places(scores.n_rows);
    for (size_t i = 0; i < places.size(); ++i) {
      const double* row = scores.row(i);
      double score = row[scores.n_columns - 1];
      if (first_is_positive) score = scores.n_columns == 1 ? -score : row[0];
      places[i] = (score >= threshold_) != first_is_positive ? 1 : 0;
    }
    return one_column(take_labels(*inner_->classes(), places));
  }

 private:
  EstimatorPtr inner_;
  Method method_;
  double threshold_;
};

Result<EstimatorPtr> make_threshold(const State& state) {
  auto inner = TRY(state.estimator("estimator_"));
  TRY(state.require(inner->classes() != nullptr && inner->classes()->size() == 2, "estimator_",
                    "is no classifier of two classes"));
  const auto wanted = state.text_or("response_method", "auto");
  const bool shares =
      wanted == "predict_proba" || (wanted == "auto" && inner->has(Method::predict_proba));
  const auto method = shares ? Method::predict_proba : Method::decision_function;
  double threshold = shares ? 0.5 : 0;
  const bool tuned = state.class_name() == "TunedThresholdClassifierCV";
  if (tuned) {
    threshold = TRY(state.number("best_threshold_"));
    const auto* scorer = TRY(state.get("_curve_scorer"));
    const auto* options = objects::attribute(*scorer, "_kwargs");
    const auto* label = options == nullptr ? nullptr : objects::find(*options, "pos_label");
    if (label != nullptr && label->kind != objects::Kind::none) {
      return state.unsupported("a scorer with a pos_label");
    }
  } else if (state.text_or("threshold", "") != "auto") {
    threshold = TRY(state.number("threshold"));
  }
  bool first = false;
  if (!tuned && state.given("pos_label") != nullptr) {
    const auto place = TRY(place_of(state, *inner->classes(), "pos_label"));
    first = place == 0;
  }
  auto out = std::make_unique<Threshold>(state, std::move(inner), method, threshold);
  out->first_is_positive = first;
  return EstimatorPtr(std::move(out));
}

constexpr EstimatorRow kRows[] = {
    {"DummyClassifier", make_dummy_classifier},
    {"DummyRegressor", make_dummy_regressor},
    {"FixedThresholdClassifier", make_threshold},
    {"TunedThresholdClassifierCV", make_threshold},
};

}  // namespace

std::span<const EstimatorRow> decision_rows() { return kRows; }

}  // namespace slipway::models::sklearn
