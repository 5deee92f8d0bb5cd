// Ensembles of any estimators: bagging, voting, stacking, AdaBoost.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "models/sklearn/committee.h"
#include "models/sklearn/families.h"

namespace slipway::models::sklearn {
namespace {

/// Members of an ensemble, each with the columns it sees (empty: all).
struct Members {
  std::vector<EstimatorPtr> estimators;
  std::vector<std::vector<size_t>> columns;

  size_t size() const { return estimators.size(); }
  Value seen(size_t i, const Value& x) const {
    return columns.empty() ? x : take_columns(x, columns[i]);
  }
};

/// Averages shares of classes, or values, of members that each saw some columns.
class Bagging : public Estimator {
 public:
  Bagging(const State& state, Members members, size_t n_columns_in, data::Column classes)
      : Estimator(state),
        members_(std::move(members)),
        n_columns_(n_columns_in),
        classes_(std::move(classes)) {}

  const data::Column* classes() const override { return classes_.size() > 0 ? &classes_ : nullptr; }
  bool has(Method method) const override {
    return classes_.size() > 0 && method != Method::decision_function;
  }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    TRY(check_width(x));
    auto out = make_matrix(n_rows(x), classes_.size());
    for (size_t m = 0; m < members_.size(); ++m) TRY(add_shares(m, x, out));
    for (auto& value : out.values) value /= static_cast<double>(members_.size());
    if (method == Method::predict_log_proba) log_of(out);
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    if (classes_.size() > 0) {
      const auto shares = TRY(scores(Method::predict_proba, x));
      return one_column(take_labels(classes_, best_of(shares)));
    }
    TRY(check_width(x));
    Matrix sums;
    for (size_t m = 0; m < members_.size(); ++m) {
      const auto predicted = TRY(members_.estimators[m]->predict(members_.seen(m, x)));
      const auto values = TRY(dense(Value(predicted)));
      if (m == 0) sums = make_matrix(values.n_rows, values.n_columns);
      for (size_t i = 0; i < sums.values.size(); ++i) sums.values[i] += values.values[i];
    }
    for (auto& value : sums.values) value /= static_cast<double>(members_.size());
    return unnamed_columns(sums);
  }

 private:
  Result<void> check_width(const Value& x) const {
    if (n_columns(x) == n_columns_) return {};
    return fail(Code::invalid_parameter_value,
                "X has {} features, but {} is expecting {} features as input", n_columns(x), name(),
                n_columns_);
  }

  // A member may not have seen every class; its own are places among ours.
  Result<void> add_shares(size_t m, const Value& x, Matrix& out) const {
    const auto& member = *members_.estimators[m];
    const auto seen = members_.seen(m, x);
    if (!member.has(Method::predict_proba)) {
      const auto predicted = TRY(predicted_numbers(member, seen));
      for (size_t i = 0; i < out.n_rows; ++i) {
        const double place = predicted[i];
        if (place >= 0 && place < static_cast<double>(out.n_columns)) {
          out.row(i)[static_cast<size_t>(place)] += 1;
        }
      }
      return {};
    }
    const auto shares = TRY(member.scores(Method::predict_proba, seen));
    for (size_t c = 0; c < shares.n_columns; ++c) {
      const double place = member.classes()->number_at(c);
      if (!(place >= 0 && place < static_cast<double>(out.n_columns))) continue;
      for (size_t i = 0; i < out.n_rows; ++i) {
        out.row(i)[static_cast<size_t>(place)] += shares.row(i)[c];
      }
    }
    return {};
  }

  Members members_;
  size_t n_columns_;
  data::Column classes_;  // empty of a regressor
};

Result<EstimatorPtr> make_bagging(const State& state) {
  Members members;
  members.estimators = TRY(state.estimators("estimators_"));
  const auto n = TRY(state.integer("n_features_in_"));
  const auto* lists = TRY(state.get("estimators_features_"));
  std::vector<std::vector<int64_t>> chosen;
  if (lists->kind == objects::Kind::array && lists->array->n_dimensions() == 2) {
    const auto table = TRY(matrix_of(*lists));
    for (size_t i = 0; i < table.n_rows; ++i) {
      chosen.emplace_back(table.row(i), table.row(i) + table.n_columns);
    }
  } else {
    for (const auto* item : items_of(*lists)) {
      auto places = TRY(integers_of(*item));
      chosen.push_back(std::move(places));
    }
  }
  TRY(state.require(chosen.size() == members.size() && n > 0, "estimators_features_",
                    "does not fit estimators_"));
  for (const auto& places : chosen) {
    for (const auto place : places) {
      TRY(state.require(place >= 0 && place < n, "estimators_features_",
                        "leads out of the columns"));
    }
    members.columns.emplace_back(places.begin(), places.end());
  }
  data::Column classes;
  if (state.find("classes_") != nullptr) classes = TRY(state.labels("classes_"));
  return EstimatorPtr(
      new Bagging(state, std::move(members), static_cast<size_t>(n), std::move(classes)));
}

enum class Vote { soft, hard, mean };

class Voting : public Estimator {
 public:
  Voting(const State& state, std::vector<EstimatorPtr> members, std::vector<double> weights,
         Vote vote, data::Column classes)
      : Estimator(state),
        members_(std::move(members)),
        weights_(std::move(weights)),
        vote_(vote),
        classes_(std::move(classes)) {}

  const data::Column* classes() const override { return vote_ == Vote::mean ? nullptr : &classes_; }
  bool has(Method method) const override {
    return vote_ == Vote::soft && method == Method::predict_proba;
  }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    return counted(x);
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto counts = TRY(counted(x));
    if (vote_ == Vote::mean) return unnamed_columns(counts);
    return one_column(take_labels(classes_, best_of(counts)));
  }

 private:
  // Members of a classifier predict places of classes.
  Result<Matrix> counted(const Value& x) const {
    auto out = make_matrix(n_rows(x), vote_ == Vote::mean ? 1 : classes_.size());
    const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    for (size_t m = 0; m < members_.size(); ++m) {
      if (vote_ == Vote::soft) {
        const auto shares = TRY(members_[m]->scores(Method::predict_proba, x));
        if (shares.n_columns != out.n_columns) {
          return fail(Code::invalid_parameter_value, "{} has {} classes, {} has {}",
                      members_[m]->name(), shares.n_columns, name(), out.n_columns);
        }
        for (size_t i = 0; i < out.values.size(); ++i) {
          out.values[i] += weights_[m] * shares.values[i];
        }
        continue;
      }
      const auto predicted = TRY(predicted_numbers(*members_[m], x));
      for (size_t i = 0; i < out.n_rows; ++i) {
        if (vote_ == Vote::mean) {
          out.values[i] += weights_[m] * predicted[i];
        } else if (predicted[i] >= 0 && predicted[i] < static_cast<double>(out.n_columns)) {
          out.row(i)[static_cast<size_t>(predicted[i])] += weights_[m];
        }
      }
    }
    if (vote_ == Vote::hard) return out;
    for (auto& value : out.values) value /= sum;
    return out;
  }

  std::vector<EstimatorPtr> members_;
  std::vector<double> weights_;
  Vote vote_;
  data::Column classes_;
};

// Weights stand beside all estimators, also beside those that were dropped.
Result<std::vector<double>> weights_of_kept(const State& state, size_t n_kept) {
  if (state.given("weights") == nullptr) return std::vector<double>(n_kept, 1);
  const auto all = TRY(state.numbers("weights"));
  const auto* list = TRY(state.get("estimators"));
  std::vector<double> out;
  size_t i = 0;
  for (const auto* pair : items_of(*list)) {
    TRY(state.require(pair->items.size() == 2 && i < all.size(), "weights", "do not fit"));
    if (pair->items[1]->kind == objects::Kind::instance) out.push_back(all[i]);
    ++i;
  }
  TRY(state.require(out.size() == n_kept, "weights", "do not fit the estimators"));
  return out;
}

Result<EstimatorPtr> make_voting(const State& state) {
  auto members = TRY(state.estimators("estimators_"));
  auto weights = TRY(weights_of_kept(state, members.size()));
  if (state.class_name() == "VotingRegressor") {
    return EstimatorPtr(new Voting(state, std::move(members), std::move(weights), Vote::mean, {}));
  }
  auto classes = TRY(state.labels("classes_"));
  const auto vote = state.text_or("voting", "hard") == "soft" ? Vote::soft : Vote::hard;
  return EstimatorPtr(
      new Voting(state, std::move(members), std::move(weights), vote, std::move(classes)));
}

class Stacking : public Estimator {
 public:
  Stacking(const State& state, std::vector<EstimatorPtr> members, std::vector<std::string> methods,
           EstimatorPtr last, bool passes_through, data::Column classes)
      : Estimator(state),
        members_(std::move(members)),
        methods_(std::move(methods)),
        last_(std::move(last)),
        passes_through_(passes_through),
        classes_(std::move(classes)) {}

  const data::Column* classes() const override { return classes_.size() > 0 ? &classes_ : nullptr; }
  bool has(Method method) const override { return classes_.size() > 0 && last_->has(method); }

  Result<Value> transform(const Value& x) const override {
    std::vector<Value> parts;
    for (size_t m = 0; m < members_.size(); ++m) {
      if (methods_[m] == "predict") {
        auto predicted = TRY(members_[m]->predict(x));
        parts.emplace_back(std::move(predicted));
        continue;
      }
      const auto method =
          methods_[m] == "predict_proba" ? Method::predict_proba : Method::decision_function;
      auto scores = TRY(members_[m]->scores(method, x));
      const bool both = method == Method::predict_proba && scores.n_columns == 2;
      parts.push_back(both ? take_columns(Value(std::move(scores)), {1})
                           : Value(std::move(scores)));
    }
    const bool sparse = passes_through_ && std::holds_alternative<SparseMatrix>(x);
    if (passes_through_) parts.push_back(x);
    return side_by_side(parts, n_rows(x), sparse ? Layout::sparse : Layout::dense);
  }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    const auto meta = TRY(transform(x));
    return last_->scores(method, meta);
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto meta = TRY(transform(x));
    auto predicted = TRY(last_->predict(meta));
    if (classes_.size() == 0) return predicted;
    std::vector<size_t> places;
    for (size_t i = 0; i < predicted.n_rows; ++i) {
      const double place = predicted.columns[0].number_at(i);
      const bool fits = place >= 0 && place < static_cast<double>(classes_.size());
      if (!fits) return fail(Code::invalid_parameter_value, "{}: a class out of range", name());
      places.push_back(static_cast<size_t>(place));
    }
    return one_column(take_labels(classes_, places));
  }

 private:
  std::vector<EstimatorPtr> members_;
  std::vector<std::string> methods_;
  EstimatorPtr last_;
  bool passes_through_;
  data::Column classes_;
};

Result<EstimatorPtr> make_stacking(const State& state) {
  auto members = TRY(state.estimators("estimators_"));
  auto last = TRY(state.estimator("final_estimator_"));
  const auto* names = TRY(state.get("stack_method_"));
  std::vector<std::string> methods;
  for (const auto* name : items_of(*names)) {
    if (name->text != "predict" && name->text != "predict_proba" &&
        name->text != "decision_function") {
      return state.unsupported("stack_method " + name->text);
    }
    methods.push_back(name->text);
  }
  TRY(state.require(methods.size() == members.size(), "stack_method_", "does not fit"));
  data::Column classes;
  if (state.class_name() == "StackingClassifier") {
    const auto* found = state.find("classes_");
    if (found == nullptr) {  // a property of the encoder
      const auto* encoder = TRY(state.get(state.find("_label_encoder") ? "_label_encoder" : "_le"));
      classes = TRY(State(*encoder, state.allowance()).labels("classes_"));
    } else {
      classes = TRY(state.labels("classes_"));
    }
  }
  return EstimatorPtr(new Stacking(state, std::move(members), std::move(methods), std::move(last),
                                   state.truth_or("passthrough", false), std::move(classes)));
}

enum class Samme { real, plain, symmetric };

class AdaBoostClassifier : public Estimator {
 public:
  AdaBoostClassifier(const State& state, std::vector<EstimatorPtr> members,
                     std::vector<double> weights, data::Column classes, Samme samme)
      : Estimator(state),
        members_(std::move(members)),
        weights_(std::move(weights)),
        classes_(std::move(classes)),
        samme_(samme) {}

  const data::Column* classes() const override { return &classes_; }
  bool has(Method) const override { return true; }

  Result<Matrix> scores(Method method, const Value& x) const override {
    auto decision = TRY(decide(x));
    if (method == Method::decision_function) return decision;
    const auto n = static_cast<double>(classes_.size());
    if (classes_.size() == 2) {
      auto both = make_matrix(decision.n_rows, 2);
      for (size_t i = 0; i < both.n_rows; ++i) {
        both.row(i)[0] = -decision.values[i] / 2;
        both.row(i)[1] = decision.values[i] / 2;
      }
      decision = std::move(both);
    } else {
      for (auto& value : decision.values) value /= n - 1;
    }
    softmax_rows(decision);
    if (method == Method::predict_log_proba) log_of(decision);
    return decision;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto decision = TRY(decide(x));
    return one_column(take_labels(classes_, best_of(decision)));
  }

 private:
  Result<Matrix> decide(const Value& x) const {
    const size_t n = classes_.size();
    auto sums = make_matrix(n_rows(x), n);
    for (size_t m = 0; m < members_.size(); ++m) TRY(add(m, x, sums));
    const double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    for (auto& value : sums.values) value /= total;
    if (n != 2) return sums;
    auto out = make_matrix(sums.n_rows, 1);
    for (size_t i = 0; i < sums.n_rows; ++i) out.values[i] = -sums.row(i)[0] + sums.row(i)[1];
    return out;
  }

  Result<void> add(size_t m, const Value& x, Matrix& sums) const {
    const auto n = static_cast<double>(sums.n_columns);
    if (samme_ == Samme::real) {
      const auto shares = TRY(members_[m]->scores(Method::predict_proba, x));
      if (shares.n_columns != sums.n_columns) {
        return fail(Code::invalid_parameter_value, "{}: a member has other classes", name());
      }
      for (size_t i = 0; i < sums.n_rows; ++i) {
        double sum = 0;
        std::vector<double> logs(sums.n_columns);
        for (size_t c = 0; c < logs.size(); ++c) {
          sum += logs[c] =
              std::log(std::max(shares.row(i)[c], std::numeric_limits<double>::epsilon()));
        }
        for (size_t c = 0; c < logs.size(); ++c) sums.row(i)[c] += (n - 1) * (logs[c] - sum / n);
      }
      return {};
    }
    const auto predicted = TRY(members_[m]->predict(x));
    const double weight = weights_[m];
    const double other = samme_ == Samme::symmetric ? -1 / (n - 1) * weight : 0;
    for (size_t i = 0; i < sums.n_rows; ++i) {
      for (size_t c = 0; c < sums.n_columns; ++c) {
        const bool same = classes_.is_numeric()
                              ? predicted.columns[0].number_at(i) == classes_.number_at(c)
                              : predicted.columns[0].text_at(i) == classes_.text_at(c);
        sums.row(i)[c] += same ? weight : other;
      }
    }
    return {};
  }

  std::vector<EstimatorPtr> members_;
  std::vector<double> weights_;
  data::Column classes_;
  Samme samme_;
};

Result<EstimatorPtr> make_ada_classifier(const State& state) {
  auto members = TRY(state.estimators("estimators_"));
  auto weights = TRY(state.numbers("estimator_weights_"));
  TRY(state.require(weights.size() >= members.size(), "estimator_weights_", "does not fit"));
  auto classes = TRY(state.labels("classes_"));
  TRY(state.require(classes.size() >= 2, "classes_", "is a single class"));
  const auto algorithm = state.text_or("algorithm", "SAMME");
  const auto samme = algorithm == "SAMME.R"     ? Samme::real
                     : version_of(state) >= 103 ? Samme::symmetric
                                                : Samme::plain;
  return EstimatorPtr(new AdaBoostClassifier(state, std::move(members), std::move(weights),
                                             std::move(classes), samme));
}

// Predicts the weighted median of its members.
class AdaBoostRegressor : public Estimator {
 public:
  AdaBoostRegressor(const State& state, std::vector<EstimatorPtr> members,
                    std::vector<double> weights)
      : Estimator(state), members_(std::move(members)), weights_(std::move(weights)) {}

  Result<data::Batch> predict(const Value& x) const override {
    std::vector<std::vector<double>> predicted;
    for (const auto& member : members_) {
      auto values = TRY(predicted_numbers(*member, x));
      predicted.push_back(std::move(values));
    }
    std::vector<double> out(n_rows(x));
    std::vector<size_t> order(members_.size());
    for (size_t i = 0; i < out.size(); ++i) {
      std::iota(order.begin(), order.end(), size_t{0});
      std::ranges::stable_sort(order, {}, [&](size_t m) { return predicted[m][i]; });
      double total = 0;
      for (const auto m : order) total += weights_[m];
      double sum = 0;
      size_t median = order.back();
      for (const auto m : order) {
        sum += weights_[m];
        if (sum < 0.5 * total) continue;
        median = m;
        break;
      }
      out[i] = predicted[median][i];
    }
    return one_column(std::move(out));
  }

 private:
  std::vector<EstimatorPtr> members_;
  std::vector<double> weights_;
};

Result<EstimatorPtr> make_ada_regressor(const State& state) {
  auto members = TRY(state.estimators("estimators_"));
  auto weights = TRY(state.numbers("estimator_weights_"));
  TRY(state.require(weights.size() >= members.size(), "estimator_weights_", "does not fit"));
  return EstimatorPtr(new AdaBoostRegressor(state, std::move(members), std::move(weights)));
}

constexpr EstimatorRow kRows[] = {
    {"AdaBoostClassifier", make_ada_classifier}, {"AdaBoostRegressor", make_ada_regressor},
    {"BaggingClassifier", make_bagging},         {"BaggingRegressor", make_bagging},
    {"StackingClassifier", make_stacking},       {"StackingRegressor", make_stacking},
    {"VotingClassifier", make_voting},           {"VotingRegressor", make_voting},
};

}  // namespace

std::span<const EstimatorRow> ensemble_rows() { return kRows; }

}  // namespace slipway::models::sklearn
