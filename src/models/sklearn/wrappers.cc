// Estimators around others: searches, one classifier a class or a pair, several outputs,
// calibration.
#include <algorithm>
#include <cmath>

#include "models/sklearn/committee.h"
#include "models/sklearn/families.h"

namespace slipway::models::sklearn {
namespace {

/// Does what the estimator within does, such as the best one that a search has found.
class Wrapped : public Estimator {
 public:
  Wrapped(const State& state, EstimatorPtr inner) : Estimator(state), inner_(std::move(inner)) {}

  const data::Column* classes() const override { return inner_->classes(); }
  bool has(Method method) const override { return inner_->has(method); }
  bool predicts_matrix() const override { return inner_->predicts_matrix(); }
  Result<Value> transform(const Value& x) const override { return inner_->transform(x); }
  Result<Matrix> scores(Method method, const Value& x) const override {
    return inner_->scores(method, x);
  }
  Result<data::Batch> predict(const Value& x) const override { return inner_->predict(x); }

 private:
  EstimatorPtr inner_;
};

Result<EstimatorPtr> make_wrapped(const State& state) {
  for (const std::string_view name : {"best_estimator_", "estimator_", "base_estimator_"}) {
    if (state.find(name) == nullptr) continue;
    auto inner = TRY(state.estimator(name));
    return EstimatorPtr(new Wrapped(state, std::move(inner)));
  }
  return state.odd("best_estimator_", "is missing: was it fitted, and with refit?");
}

Result<EstimatorPtr> make_frozen(const State& state) {
  auto inner = TRY(state.estimator("estimator"));
  return EstimatorPtr(new Wrapped(state, std::move(inner)));
}

class OneVsRest : public Estimator {
 public:
  OneVsRest(const State& state, std::vector<EstimatorPtr> members, data::Column classes,
            bool multilabel)
      : Estimator(state),
        members_(std::move(members)),
        classes_(std::move(classes)),
        multilabel_(multilabel) {}

  const data::Column* classes() const override { return multilabel_ ? nullptr : &classes_; }
  bool predicts_matrix() const override { return multilabel_; }
  bool has(Method method) const override {
    return method != Method::predict_log_proba && members_[0]->has(method);
  }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    if (members_.size() == 1 && method == Method::decision_function) {
      return members_[0]->scores(method, x);
    }
    const bool single = members_.size() == 1;
    auto out = make_matrix(n_rows(x), single ? 2 : members_.size());
    for (size_t m = 0; m < members_.size(); ++m) {
      const auto part = TRY(members_[m]->scores(method, x));
      const size_t from = method == Method::predict_proba ? 1 : 0;
      for (size_t i = 0; i < out.n_rows; ++i) {
        const double value = part.row(i)[std::min(from, part.n_columns - 1)];
        if (single) out.row(i)[0] = 1 - value;
        out.row(i)[single ? 1 : m] = value;
      }
    }
    if (method == Method::predict_proba && !multilabel_ && !single) {
      for (size_t i = 0; i < out.n_rows; ++i) {
        double sum = 0;
        for (size_t c = 0; c < out.n_columns; ++c) sum += out.row(i)[c];
        for (size_t c = 0; c < out.n_columns && sum != 0; ++c) out.row(i)[c] /= sum;
      }
    }
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    auto out = make_matrix(n_rows(x), members_.size());
    for (size_t m = 0; m < members_.size(); ++m) {
      const auto part = TRY(binary_score(*members_[m], x));
      for (size_t i = 0; i < out.n_rows; ++i) out.row(i)[m] = part[i];
    }
    const double threshold = binary_threshold(*members_[0]);
    if (!multilabel_) return one_column(take_labels(classes_, best_of(out, threshold)));
    data::Batch batch;
    batch.n_rows = out.n_rows;
    for (size_t m = 0; m < members_.size(); ++m) {
      std::vector<int64_t> labels(out.n_rows);
      for (size_t i = 0; i < out.n_rows; ++i) labels[i] = out.row(i)[m] > threshold ? 1 : 0;
      batch.columns.push_back(data::int64_column("", std::move(labels)));
    }
    return batch;
  }

 private:
  std::vector<EstimatorPtr> members_;
  data::Column classes_;
  bool multilabel_;
};

Result<EstimatorPtr> make_one_vs_rest(const State& state) {
  auto members = TRY(state.estimators("estimators_"));
  const auto* binarizer = TRY(state.get("label_binarizer_"));
  const State inner(*binarizer, state.allowance());
  const bool multilabel = inner.text_or("y_type_", "").starts_with("multilabel");
  auto classes = TRY(inner.labels("classes_"));
  TRY(state.require(classes.size() == members.size() ||
                        (members.size() == 1 && classes.size() == 2 && !multilabel),
                    "estimators_", "does not fit the classes"));
  return EstimatorPtr(new OneVsRest(state, std::move(members), std::move(classes), multilabel));
}

class OneVsOne : public Estimator {
 public:
  OneVsOne(const State& state, std::vector<EstimatorPtr> members, data::Column classes)
      : Estimator(state), members_(std::move(members)), classes_(std::move(classes)) {}

  const data::Column* classes() const override { return &classes_; }
  bool has(Method method) const override { return method == Method::decision_function; }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    auto winners = make_matrix(n_rows(x), members_.size());
    auto decisions = winners;
    for (size_t m = 0; m < members_.size(); ++m) {
      const auto won = TRY(predicted_numbers(*members_[m], x));
      const auto score = TRY(binary_score(*members_[m], x));
      for (size_t i = 0; i < winners.n_rows; ++i) {
        winners.row(i)[m] = won[i];
        decisions.row(i)[m] = score[i];
      }
    }
    auto votes = votes_of_pairs(winners, decisions, classes_.size());
    if (classes_.size() > 2) return votes;
    return std::get<Matrix>(take_columns(Value(std::move(votes)), {1}));
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto votes = TRY(scores(Method::decision_function, x));
    return one_column(take_labels(classes_, best_of(votes, binary_threshold(*members_[0]))));
  }

 private:
  std::vector<EstimatorPtr> members_;
  data::Column classes_;
};

Result<EstimatorPtr> make_one_vs_one(const State& state) {
  auto members = TRY(state.estimators("estimators_"));
  auto classes = TRY(state.labels("classes_"));
  TRY(state.require(
      classes.size() >= 2 && members.size() == classes.size() * (classes.size() - 1) / 2,
      "estimators_", "does not fit the classes"));
  return EstimatorPtr(new OneVsOne(state, std::move(members), std::move(classes)));
}

/// An estimator for each output; in a chain each sees what those before it predicted.
class ManyOutputs : public Estimator {
 public:
  ManyOutputs(const State& state, std::vector<EstimatorPtr> members, std::vector<size_t> order)
      : Estimator(state), members_(std::move(members)), order_(std::move(order)) {}

  bool predicts_matrix() const override { return true; }

  Result<data::Batch> predict(const Value& x) const override {
    data::Batch out;
    out.n_rows = n_rows(x);
    out.columns.resize(members_.size());
    Value seen = x;
    for (size_t m = 0; m < members_.size(); ++m) {
      auto predicted = TRY(members_[m]->predict(seen));
      if (!order_.empty()) seen = TRY(side_by_side({seen, predicted}, out.n_rows, Layout::dense));
      out.columns[order_.empty() ? m : order_[m]] = std::move(predicted.columns[0]);
    }
    return out;
  }

 private:
  std::vector<EstimatorPtr> members_;
  std::vector<size_t> order_;  // of a chain: the output of each member
};

Result<EstimatorPtr> make_many(const State& state) {
  auto members = TRY(state.estimators("estimators_"));
  return EstimatorPtr(new ManyOutputs(state, std::move(members), {}));
}

Result<EstimatorPtr> make_chain(const State& state) {
  if (state.text_or("chain_method_", "predict") != "predict") {
    return state.unsupported("chain_method " + state.text_or("chain_method_", ""));
  }
  auto members = TRY(state.estimators("estimators_"));
  const auto places = TRY(state.integers("order_"));
  std::vector<size_t> order;
  for (const auto place : places) {
    TRY(state.require(place >= 0 && place < static_cast<int64_t>(members.size()), "order_",
                      "leads out of the outputs"));
    order.push_back(static_cast<size_t>(place));
  }
  auto sorted = order;
  std::ranges::sort(sorted);
  TRY(state.require(
      order.size() == members.size() && std::ranges::adjacent_find(sorted) == sorted.end(),
      "order_", "is no order of the outputs"));
  return EstimatorPtr(new ManyOutputs(state, std::move(members), std::move(order)));
}

/// A line of pieces through thresholds.
struct Isotonic {
  std::vector<double> xs;
  std::vector<double> ys;
  bool clips = true;

  Result<double> at(double x) const {
    if (clips) x = std::clamp(x, xs.front(), xs.back());
    if (x < xs.front() || x > xs.back()) {
      return fail(Code::invalid_parameter_value, "{} is outside of what was seen", x);
    }
    if (xs.size() == 1) return ys[0];
    const auto upper = std::lower_bound(xs.begin(), xs.end(), x) - xs.begin();
    const auto j =
        static_cast<size_t>(std::clamp<ptrdiff_t>(upper, 1, static_cast<ptrdiff_t>(xs.size()) - 1));
    return (ys[j] - ys[j - 1]) / (xs[j] - xs[j - 1]) * (x - xs[j - 1]) + ys[j - 1];
  }
};

Result<Isotonic> read_isotonic(const State& state) {
  Isotonic line;
  line.xs = TRY(state.numbers("X_thresholds_"));
  line.ys = TRY(state.numbers("y_thresholds_", line.xs.size()));
  TRY(state.require(!line.xs.empty() && std::ranges::is_sorted(line.xs), "X_thresholds_",
                    "is not ascending"));
  const auto bounds = state.text_or("out_of_bounds", "nan");
  line.clips = bounds == "clip";
  if (bounds == "nan") return state.unsupported("out_of_bounds='nan'");
  return line;
}

class IsotonicRegression : public Estimator {
 public:
  IsotonicRegression(const State& state, Isotonic line)
      : Estimator(state), line_(std::move(line)) {}

  Result<data::Batch> predict(const Value& x) const override {
    const auto ready = TRY(features(x, 1, name()));
    std::vector<double> out;
    for (const double value : ready.values) {
      const double y = TRY(line_.at(value));
      out.push_back(y);
    }
    return one_column(std::move(out));
  }

 private:
  Isotonic line_;
};

Result<EstimatorPtr> make_isotonic(const State& state) {
  auto line = TRY(read_isotonic(state));
  return EstimatorPtr(new IsotonicRegression(state, std::move(line)));
}

/// What turns one score into a probability: a sigmoid, a line of pieces, or a temperature.
struct Calibrator {
  enum class Kind { sigmoid, isotonic, temperature };
  Kind kind = Kind::sigmoid;
  double slope = 0;
  double offset = 0;  // of a sigmoid
  Isotonic line;

  Result<double> at(double score) const {
    if (kind == Kind::isotonic) return line.at(score);
    return expit(-(slope * score + offset));
  }
};

/// A classifier and its calibrators, one for each class (or one for the second of two).
struct CalibratedMember {
  EstimatorPtr estimator;
  std::vector<Calibrator> calibrators;
  std::vector<size_t> places;  // of the estimator's classes among all
};

class Calibrated : public Estimator {
 public:
  Calibrated(const State& state, std::vector<CalibratedMember> members, data::Column classes)
      : Estimator(state), members_(std::move(members)), classes_(std::move(classes)) {}

  const data::Column* classes() const override { return &classes_; }
  bool has(Method method) const override { return method == Method::predict_proba; }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    auto out = make_matrix(n_rows(x), classes_.size());
    for (const auto& member : members_) {
      const auto shares = TRY(of_member(member, x));
      for (size_t i = 0; i < out.values.size(); ++i) out.values[i] += shares.values[i];
    }
    for (auto& value : out.values) value /= static_cast<double>(members_.size());
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto shares = TRY(scores(Method::predict_proba, x));
    return one_column(take_labels(classes_, best_of(shares)));
  }

 private:
  Result<Matrix> of_member(const CalibratedMember& member, const Value& x) const {
    const bool decides = member.estimator->has(Method::decision_function);
    auto raw = TRY(
        member.estimator->scores(decides ? Method::decision_function : Method::predict_proba, x));
    if (member.calibrators[0].kind == Calibrator::Kind::temperature) {
      return cooled(std::move(raw), member.calibrators[0].slope, decides);
    }
    auto out = make_matrix(raw.n_rows, classes_.size());
    const bool binary = classes_.size() == 2;
    for (size_t k = 0; k < member.calibrators.size(); ++k) {
      const size_t from = binary && raw.n_columns == 2 ? 1 : std::min(k, raw.n_columns - 1);
      const size_t to = binary ? 1 : member.places[k];
      for (size_t i = 0; i < raw.n_rows; ++i) {
        const double share = TRY(member.calibrators[k].at(raw.row(i)[from]));
        out.row(i)[to] = share;
      }
    }
    if (binary) {
      for (size_t i = 0; i < out.n_rows; ++i) out.row(i)[0] = 1 - out.row(i)[1];
    } else {
      scale_to_shares(out);
    }
    for (auto& value : out.values) {
      if (value > 1 && value <= 1 + 1e-5) value = 1;
    }
    return out;
  }

  static Matrix cooled(Matrix raw, double beta, bool decides) {
    if (raw.n_columns == 1) {
      auto both = make_matrix(raw.n_rows, 2);
      for (size_t i = 0; i < raw.n_rows; ++i) {
        both.row(i)[0] = -raw.values[i];
        both.row(i)[1] = raw.values[i];
      }
      raw = std::move(both);
    }
    for (auto& value : raw.values) value = beta * (decides ? value : std::log(value + 1e-12));
    softmax_rows(raw);
    return raw;
  }

  std::vector<CalibratedMember> members_;
  data::Column classes_;
};

Result<Calibrator> read_calibrator(const objects::Object& object, const State& owner) {
  const State state(object, owner.allowance());
  Calibrator out;
  const auto kind = state.class_name();
  if (kind == "_SigmoidCalibration") {
    out.slope = TRY(state.number("a_"));
    out.offset = TRY(state.number("b_"));
  } else if (kind == "IsotonicRegression") {
    out.kind = Calibrator::Kind::isotonic;
    out.line = TRY(read_isotonic(state));
  } else if (kind == "_TemperatureScaling") {
    out.kind = Calibrator::Kind::temperature;
    out.slope = TRY(state.number("beta_"));
  } else {
    return owner.unsupported("the calibrator " + object.text);
  }
  return out;
}

Result<CalibratedMember> read_member(const objects::Object& object, const State& owner,
                                     const data::Column& classes) {
  const State state(object, owner.allowance());
  CalibratedMember member;
  member.estimator =
      TRY(state.estimator(state.given("estimator") ? "estimator" : "base_estimator"));
  const auto* list = TRY(state.get("calibrators"));
  for (const auto* item : items_of(*list)) {
    auto calibrator = TRY(read_calibrator(*item, owner));
    member.calibrators.push_back(std::move(calibrator));
  }
  const auto* own = member.estimator->classes();
  TRY(owner.require(own != nullptr, "calibrated_classifiers_", "holds no classifier"));
  const size_t n = classes.size() == 2 ? 1 : own->size();
  const bool warm =
      !member.calibrators.empty() && member.calibrators[0].kind == Calibrator::Kind::temperature;
  TRY(owner.require(
      member.calibrators.size() == (warm ? 1 : n) && (!warm || own->size() == classes.size()),
      "calibrators", "do not fit the classes"));
  if (warm) return member;  // its estimator may have learnt places of classes
  for (size_t c = 0; c < own->size(); ++c) {
    size_t place = 0;
    while (place < classes.size() && classes.text_at(place) != own->text_at(c)) ++place;
    TRY(owner.require(place < classes.size(), "classes_", "lacks a class"));
    member.places.push_back(place);
  }
  return member;
}

Result<EstimatorPtr> make_calibrated(const State& state) {
  auto classes = TRY(state.labels("classes_"));
  const auto* list = TRY(state.get("calibrated_classifiers_"));
  std::vector<CalibratedMember> members;
  for (const auto* item : items_of(*list)) {
    auto member = TRY(read_member(*item, state, classes));
    members.push_back(std::move(member));
  }
  TRY(state.require(!members.empty(), "calibrated_classifiers_", "is empty"));
  return EstimatorPtr(new Calibrated(state, std::move(members), std::move(classes)));
}

constexpr EstimatorRow kRows[] = {
    {"CalibratedClassifierCV", make_calibrated},
    {"ClassifierChain", make_chain},
    {"FrozenEstimator", make_frozen},
    {"GridSearchCV", make_wrapped},
    {"HalvingGridSearchCV", make_wrapped},
    {"HalvingRandomSearchCV", make_wrapped},
    {"IsotonicRegression", make_isotonic},
    {"MultiOutputClassifier", make_many},
    {"MultiOutputRegressor", make_many},
    {"OneVsOneClassifier", make_one_vs_one},
    {"OneVsRestClassifier", make_one_vs_rest},
    {"RANSACRegressor", make_wrapped},
    {"RandomizedSearchCV", make_wrapped},
    {"RegressorChain", make_chain},
    {"SelfTrainingClassifier", make_wrapped},
};

}  // namespace

std::span<const EstimatorRow> wrapper_rows() { return kRows; }

}  // namespace slipway::models::sklearn
