// Gradient boosting: by exact trees, and by trees over histograms.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "models/sklearn/families.h"
#include "models/sklearn/trees.h"

namespace slipway::models::sklearn {
namespace {

/// What raw sums mean: how they become values, or shares of classes.
enum class Loss { identity, log, binomial, exponential, multinomial };

Matrix shares_of(Matrix raw, Loss loss) {
  if (loss == Loss::multinomial) {
    softmax_rows(raw);
    return raw;
  }
  auto out = make_matrix(raw.n_rows, 2);
  for (size_t i = 0; i < raw.n_rows; ++i) {
    const double share = expit(loss == Loss::exponential ? 2 * raw.values[i] : raw.values[i]);
    out.row(i)[0] = 1 - share;
    out.row(i)[1] = share;
  }
  return out;
}

double logit(double p) { return std::log(p / (1 - p)); }

/// Raw predictions that an estimator of the user's own begins with.
class Start {
 public:
  Start(EstimatorPtr estimator, Loss loss, bool centered, double epsilon)
      : estimator_(std::move(estimator)), loss_(loss), centered_(centered), epsilon_(epsilon) {}

  Result<Matrix> raw(const Value& x) const {
    if (loss_ == Loss::identity) {
      const auto values = TRY(estimator_->predict(x));
      return dense(Value(values));
    }
    auto shares = TRY(estimator_->scores(Method::predict_proba, x));
    return from_shares(std::move(shares));
  }

  Matrix from_shares(Matrix shares) const {
    for (auto& value : shares.values) value = std::clamp(value, epsilon_, 1 - epsilon_);
    auto out = make_matrix(shares.n_rows, loss_ == Loss::multinomial ? shares.n_columns : 1);
    for (size_t i = 0; i < shares.n_rows; ++i) {
      const double* row = shares.row(i);
      double mean = 0;
      if (loss_ != Loss::multinomial) {
        out.row(i)[0] = logit(row[1]) * (loss_ == Loss::exponential ? 0.5 : 1);
        continue;
      }
      for (size_t c = 0; c < shares.n_columns; ++c) mean += std::log(row[c]);
      mean = centered_ ? mean / static_cast<double>(shares.n_columns) : 0;
      for (size_t c = 0; c < shares.n_columns; ++c) out.row(i)[c] = std::log(row[c]) - mean;
    }
    return out;
  }

 private:
  EstimatorPtr estimator_;  // null where only from_shares() is used
  Loss loss_;
  bool centered_;
  double epsilon_;
};

/// Raw sums of boosted trees, whatever the trees.
class RawSums {
 public:
  virtual ~RawSums() = default;
  virtual Result<Matrix> raw(const Value& x, std::string_view name) const = 0;
};

class ExactSums : public RawSums {
 public:
  ExactSums(Forest forest, std::unique_ptr<const Start> start)
      : forest_(std::move(forest)), start_(std::move(start)) {}

  Result<Matrix> raw(const Value& x, std::string_view name) const override {
    auto sums = TRY(forest_.sums(x, name));
    if (!start_) return sums;
    auto narrow = TRY(dense(x));  // the estimator, too, is given float32
    narrow.single = true;
    narrow.round();
    const auto start = TRY(start_->raw(Value(std::move(narrow))));
    check(start.values.size() == sums.values.size(), "a start has a value for each sum");
    for (size_t i = 0; i < sums.values.size(); ++i) sums.values[i] += start.values[i];
    return sums;
  }

 private:
  Forest forest_;
  std::unique_ptr<const Start> start_;
};

class HistogramSums : public RawSums {
 public:
  using Known = std::array<uint32_t, 8>;  // a bit for each category that was seen

  HistogramSums(TreeEnsemble ensemble, EstimatorPtr preprocessor, std::vector<int32_t> known_of,
                std::vector<Known> known)
      : ensemble_(std::move(ensemble)),
        preprocessor_(std::move(preprocessor)),
        known_of_(std::move(known_of)),
        known_(std::move(known)) {}

  Result<Matrix> raw(const Value& x, std::string_view name) const override {
    Value prepared = x;
    if (preprocessor_) prepared = TRY(preprocessor_->transform(x));
    auto ready = TRY(without_infinities(prepared, name));
    for (size_t i = 0; i < ready.n_rows; ++i) {
      for (size_t c = 0; c < ready.n_columns; ++c) {
        if (known_of_[c] >= 0 &&
            !is_known(ready.row(i)[c], known_[static_cast<size_t>(known_of_[c])])) {
          ready.row(i)[c] = std::numeric_limits<double>::quiet_NaN();
        }
      }
    }
    auto out = make_matrix(ready.n_rows, ensemble_.n_outputs());
    ensemble_.predict(Matrix64View{ready.values.data(), ready.n_rows, ready.n_columns},
                      std::span<double>(out.values));
    return out;
  }

 private:
  static bool is_known(double x, const Known& known) {
    if (!(x >= 0) || x >= 256) return false;
    const auto code = static_cast<uint32_t>(x);
    return (known[code / 32] >> (code % 32) & 1) != 0;
  }

  // These take infinite numbers too, unlike most.
  Result<Matrix> without_infinities(const Value& x, std::string_view name) const {
    const auto* batch = std::get_if<data::Batch>(&x);
    if (batch == nullptr || batch->columns.size() != ensemble_.n_features()) {
      if (const auto* matrix = std::get_if<Matrix>(&x);
          matrix != nullptr && matrix->n_columns == ensemble_.n_features()) {
        return *matrix;
      }
      return features(x, ensemble_.n_features(), name, Missing::accept);
    }
    auto out = make_matrix(batch->n_rows, batch->columns.size());
    for (size_t c = 0; c < batch->columns.size(); ++c) {
      const auto& column = batch->columns[c];
      if (!column.is_numeric() && column.n_missing() < column.size()) {
        return features(x, ensemble_.n_features(), name, Missing::accept);  // says which
      }
      for (size_t i = 0; i < batch->n_rows; ++i) out.row(i)[c] = column.number_at(i);
    }
    return out;
  }

  TreeEnsemble ensemble_;
  EstimatorPtr preprocessor_;
  std::vector<int32_t> known_of_;  // of each column: its place in known_, or -1
  std::vector<Known> known_;
};

class Boosted : public Estimator {
 public:
  Boosted(const State& state, std::unique_ptr<const RawSums> sums, Loss loss, data::Column classes,
          bool ties_up)
      : Estimator(state),
        sums_(std::move(sums)),
        loss_(loss),
        classes_(std::move(classes)),
        ties_up_(ties_up) {}

  const data::Column* classes() const override { return is_classifier() ? &classes_ : nullptr; }
  bool has(Method) const override { return is_classifier(); }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!is_classifier()) return Estimator::scores(method, x);
    auto raw = TRY(sums_->raw(x, name()));
    if (method == Method::decision_function) return raw;
    raw = shares_of(std::move(raw), loss_);
    if (method == Method::predict_log_proba) log_of(raw);
    return raw;
  }

  Result<data::Batch> predict(const Value& x) const override {
    auto raw = TRY(sums_->raw(x, name()));
    if (is_classifier()) {
      const double below_zero = -std::numeric_limits<double>::denorm_min();
      return one_column(take_labels(classes_, best_of(raw, ties_up_ ? below_zero : 0)));
    }
    if (loss_ == Loss::log) {
      for (auto& value : raw.values) value = std::exp(value);
    }
    return unnamed_columns(raw);
  }

 private:
  bool is_classifier() const { return loss_ != Loss::identity && loss_ != Loss::log; }

  std::unique_ptr<const RawSums> sums_;
  Loss loss_;
  data::Column classes_;
  bool ties_up_;  // of two classes the second wins at 0
};

/// Constant raw predictions of the estimator that is taken where the user gives none.
Result<std::vector<double>> dummy_start(const State& dummy, const Start& start, Loss loss) {
  if (loss == Loss::identity) return dummy.numbers("constant_");
  Matrix shares;
  shares.values = TRY(dummy.numbers("class_prior_"));
  TRY(dummy.require(shares.values.size() >= 2, "class_prior_", "has one class"));
  shares.n_rows = 1;
  shares.n_columns = shares.values.size();
  return start.from_shares(std::move(shares)).values;
}

Result<std::vector<Tree>> exact_trees(const State& state, size_t n_outputs, double rate,
                                      size_t& n_features) {
  const auto* table = TRY(state.get("estimators_"));
  const auto members = items_of(*table);
  TRY(state.require(!members.empty() && members.size() % n_outputs == 0, "estimators_",
                    "does not fit the number of classes"));
  std::vector<Tree> trees;
  for (const auto* member : members) {
    const State inner(*member, state.allowance());
    const auto saved = TRY(read_tree(inner));
    if (trees.empty()) n_features = saved.n_features;
    TRY(state.require(saved.n_outputs * saved.width == 1 && saved.n_features == n_features,
                      "estimators_", "are trees of different shapes"));
    trees.push_back(number_tree(saved, rate, static_cast<uint32_t>(trees.size() % n_outputs)));
  }
  return trees;
}

Result<EstimatorPtr> make_exact(const State& state, Loss loss, data::Column classes) {
  const size_t n_outputs = loss == Loss::multinomial ? classes.size() : 1;
  const auto rate = TRY(state.number("learning_rate"));
  size_t n_features = 0;
  auto trees = TRY(exact_trees(state, n_outputs, rate, n_features));
  // until 1.4 the losses were a module of their own, with another centre and bound
  const auto* saved_loss = state.find("_loss");
  const bool centered = saved_loss != nullptr && saved_loss->text.starts_with("sklearn._loss");
  const double epsilon = centered ? std::numeric_limits<double>::epsilon()
                                  : double{std::numeric_limits<float>::epsilon()};
  std::vector<double> base(n_outputs, 0);
  std::unique_ptr<const Start> start;
  const auto* init = TRY(state.get("init_"));
  if (init->kind == objects::Kind::instance) {
    const State inner(*init, state.allowance());
    const bool dummy = inner.class_name().starts_with("Dummy");
    EstimatorPtr estimator;
    if (!dummy) estimator = TRY(make_estimator(*init, state.allowance()));
    start = std::make_unique<Start>(std::move(estimator), loss, centered, epsilon);
    if (dummy) {
      base = TRY(dummy_start(inner, *start, loss));
      start.reset();
      TRY(state.require(base.size() == n_outputs, "init_", "does not fit the classes"));
    }
  } else {
    TRY(state.require(init->text == "zero", "init_", "is no estimator"));
  }
  auto forest = TRY(Forest::make(std::move(trees), n_features, std::move(base), Missing::refuse));
  return EstimatorPtr(new Boosted(state,
                                  std::make_unique<ExactSums>(std::move(forest), std::move(start)),
                                  loss, std::move(classes), centered || loss == Loss::exponential));
}

Result<EstimatorPtr> make_exact_regressor(const State& state) {
  return make_exact(state, Loss::identity, {});
}

Result<EstimatorPtr> make_exact_classifier(const State& state) {
  auto classes = TRY(state.labels("classes_"));
  const bool exponential = state.text_or("loss", "log_loss") == "exponential";
  const auto loss = classes.size() > 2 ? Loss::multinomial
                    : exponential      ? Loss::exponential
                                       : Loss::binomial;
  return make_exact(state, loss, std::move(classes));
}

/// One tree over histograms: its nodes, and its sets of categories that go left.
Result<Tree> histogram_tree(const State& state, uint32_t output) {
  const auto* nodes = TRY(state.get("nodes"));
  TRY(state.require(nodes->kind == objects::Kind::array, "nodes", "is no array"));
  const auto& array = *nodes->array;
  const auto value = TRY(objects::field_numbers(array, "value"));
  const auto feature = TRY(objects::field_integers(array, "feature_idx"));
  const auto threshold = TRY(objects::field_numbers(
      array, objects::has_field(array, "num_threshold") ? "num_threshold" : "threshold"));
  const auto left = TRY(objects::field_integers(array, "left"));
  const auto right = TRY(objects::field_integers(array, "right"));
  const auto is_leaf = TRY(objects::field_integers(array, "is_leaf"));
  const auto missing_left = TRY(objects::field_integers(array, "missing_go_to_left"));
  std::vector<int64_t> is_category(value.size(), 0);
  std::vector<int64_t> set(value.size(), 0);
  Tree tree;
  tree.output = output;
  if (objects::has_field(array, "is_categorical")) {
    is_category = TRY(objects::field_integers(array, "is_categorical"));
    set = TRY(objects::field_integers(array, "bitset_idx"));
    const auto words = TRY(state.integers("raw_left_cat_bitsets"));
    tree.category_sets.resize(words.size() / 8);
    for (size_t i = 0; i < tree.category_sets.size() * 256; ++i) {
      if ((words[i / 32] >> (i % 32) & 1) != 0) {
        tree.category_sets[i / 256].push_back(static_cast<uint32_t>(i % 256));
      }
    }
  }
  for (size_t i = 0; i < value.size(); ++i) {
    TreeNode node;
    node.value = is_leaf[i] != 0 ? value[i] : threshold[i];
    if (is_leaf[i] == 0) {
      TRY(state.require(left[i] < INT32_MAX && right[i] < INT32_MAX && feature[i] >= 0 &&
                            feature[i] < INT32_MAX && set[i] < INT32_MAX,
                        "nodes", "has a place out of range"));
      node.left = static_cast<int32_t>(left[i]);
      node.right = static_cast<int32_t>(right[i]);
      node.feature = static_cast<uint32_t>(feature[i]);
      node.default_left = missing_left[i] != 0;
      node.set_goes_left = true;
      if (is_category[i] != 0) node.category_set = static_cast<int32_t>(set[i]);
    }
    tree.nodes.push_back(node);
  }
  return tree;
}

// The categories that were seen, of each column that has some.
Result<void> read_known(const State& state, size_t n_features, std::vector<int32_t>& known_of,
                        std::vector<HistogramSums::Known>& known) {
  known_of.assign(n_features, -1);
  const auto* mapper = TRY(state.get("_bin_mapper"));
  const State inner(*mapper, state.allowance());
  if (inner.given("is_categorical_") == nullptr) return {};
  const auto is_category = TRY(inner.integers("is_categorical_"));
  const auto* thresholds = TRY(inner.get("bin_thresholds_"));
  const auto lists = items_of(*thresholds);
  TRY(state.require(is_category.size() == n_features && lists.size() == n_features, "_bin_mapper",
                    "does not fit the columns"));
  for (size_t c = 0; c < n_features; ++c) {
    if (is_category[c] == 0) continue;
    HistogramSums::Known bits{};
    const auto categories = TRY(numbers_of(*lists[c]));
    for (const double category : categories) {
      if (!(category >= 0) || category >= 256) continue;
      const auto code = static_cast<uint32_t>(category);
      bits[code / 32] |= 1u << (code % 32);
    }
    known_of[c] = static_cast<int32_t>(known.size());
    known.push_back(bits);
  }
  return {};
}

Result<EstimatorPtr> make_histogram(const State& state, Loss loss, data::Column classes) {
  const auto* iterations = TRY(state.get("_predictors"));
  EnsembleForm form;
  const auto n = TRY(state.integer("n_features_in_"));
  TRY(state.require(n > 0 && n < 1 << 30, "n_features_in_", "is not a count"));
  form.n_features = static_cast<size_t>(n);
  form.base_scores = TRY(state.numbers("_baseline_prediction"));
  form.rows = Number::float64;
  form.sums = Number::float64;
  form.left = Compare::less_equal;
  form.cut = CategoryCut::toward_zero;
  const size_t n_outputs = loss == Loss::multinomial ? classes.size() : 1;
  TRY(state.require(form.base_scores.size() == n_outputs, "_baseline_prediction",
                    "does not fit the classes"));
  std::vector<Tree> trees;
  for (const auto* iteration : items_of(*iterations)) {
    const auto predictors = items_of(*iteration);
    TRY(state.require(predictors.size() == n_outputs, "_predictors", "does not fit the classes"));
    for (size_t k = 0; k < n_outputs; ++k) {
      const State inner(*predictors[k], state.allowance());
      auto tree = TRY(histogram_tree(inner, static_cast<uint32_t>(k)));
      trees.push_back(std::move(tree));
    }
  }
  std::vector<int32_t> known_of;
  std::vector<HistogramSums::Known> known;
  TRY(read_known(state, form.n_features, known_of, known));
  EstimatorPtr preprocessor;
  if (state.given("_preprocessor") != nullptr) preprocessor = TRY(state.estimator("_preprocessor"));
  auto ensemble = TRY(TreeEnsemble::make(trees, std::move(form)));
  auto sums = std::make_unique<HistogramSums>(std::move(ensemble), std::move(preprocessor),
                                              std::move(known_of), std::move(known));
  return EstimatorPtr(new Boosted(state, std::move(sums), loss, std::move(classes), false));
}

Result<EstimatorPtr> make_histogram_regressor(const State& state) {
  const auto loss = state.text_or("loss", "squared_error");
  const bool is_log = loss == "poisson" || loss == "gamma";
  return make_histogram(state, is_log ? Loss::log : Loss::identity, {});
}

Result<EstimatorPtr> make_histogram_classifier(const State& state) {
  auto classes = TRY(state.labels("classes_"));
  const auto loss = classes.size() > 2 ? Loss::multinomial : Loss::binomial;
  return make_histogram(state, loss, std::move(classes));
}

constexpr EstimatorRow kRows[] = {
    {"GradientBoostingClassifier", make_exact_classifier},
    {"GradientBoostingRegressor", make_exact_regressor},
    {"HistGradientBoostingClassifier", make_histogram_classifier},
    {"HistGradientBoostingRegressor", make_histogram_regressor},
};

}  // namespace

std::span<const EstimatorRow> boosting_rows() { return kRows; }

}  // namespace slipway::models::sklearn
