#include "train/xgboost.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "train/metrics.h"
#include "train/xgboost_library.h"

namespace slipway::train {
namespace {

using Kind = Parameter::Kind;
constexpr auto kOpen = Parameter::Low::excluded;
constexpr auto kClosed = Parameter::Low::accepted;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Names and defaults are XGBoost's own (3.2.0, "XGBoost Parameters").
constexpr Parameter kParameters[] = {
    {"n_estimators", "num_boost_round", Kind::integer, "100", 1, 100000, kClosed, "",
     "trees to grow at most"},
    {"learning_rate", "eta", Kind::number, "0.3", 0, 1, kOpen, "",
     "share of each tree that is kept"},
    {"max_depth", "", Kind::integer, "6", 0, 64, kClosed, "", "levels of a tree; 0 = no limit"},
    {"max_leaves", "", Kind::integer, "0", 0, 1 << 20, kClosed, "",
     "leaves of a tree; 0 = no limit"},
    {"grow_policy", "", Kind::choice, "depthwise", 0, 0, kClosed, "depthwise lossguide",
     "which leaf is split next: by level, or where the loss falls most"},
    {"min_child_weight", "", Kind::number, "1.0", 0, kInfinity, kClosed, "",
     "least sum of second derivatives in a leaf"},
    {"gamma", "min_split_loss", Kind::number, "0.0", 0, kInfinity, kClosed, "",
     "least gain of a split"},
    {"max_delta_step", "", Kind::number, "0.0", 0, kInfinity, kClosed, "",
     "most that a leaf may add; 0 = no limit"},
    {"subsample", "", Kind::number, "1.0", 0, 1, kOpen, "", "share of the rows for each tree"},
    {"colsample_bytree", "", Kind::number, "1.0", 0, 1, kOpen, "",
     "share of the columns for each tree"},
    {"colsample_bylevel", "", Kind::number, "1.0", 0, 1, kOpen, "",
     "share of those for each level"},
    {"colsample_bynode", "", Kind::number, "1.0", 0, 1, kOpen, "", "share of those for each split"},
    {"reg_lambda", "lambda", Kind::number, "1.0", 0, kInfinity, kClosed, "",
     "penalty on squared leaf values"},
    {"reg_alpha", "alpha", Kind::number, "0.0", 0, kInfinity, kClosed, "",
     "penalty on absolute leaf values"},
    {"scale_pos_weight", "", Kind::number, "1.0", 0, kInfinity, kOpen, "",
     "weight of rows labelled 1"},
    {"max_bin", "", Kind::integer, "256", 2, 65535, kClosed, "", "bins of a number's histogram"},
    {"max_cat_to_onehot", "", Kind::integer, "4", 1, 100000, kClosed, "",
     "below this many categories, one is split off at a time"},
    {"max_cat_threshold", "", Kind::integer, "64", 1, 100000, kClosed, "",
     "most categories on one side of a split"},
    {"early_stopping_rounds", "", Kind::integer, "0", 0, 100000, kClosed, "",
     "stop after so many rounds without a better validation metric; 0 = never"},
    {"early_stopping_metric", "", Kind::choice, "logloss", 0, 0, kClosed, "logloss auc",
     "the metric that early stopping watches"},
    {"nthread", "n_jobs", Kind::integer, "0", 0, 1024, kClosed, "", "threads; 0 = one a core"},
};

// Ours alone: XGBoost is not told.
constexpr std::string_view kOwn[] = {"n_estimators", "early_stopping_rounds",
                                     "early_stopping_metric"};

std::string array_interface(const void* values, std::string_view shape) {
  return fmt::format(R"({{"data": [{}, true], "shape": {}, "typestr": "<f4", "version": 3}})",
                     reinterpret_cast<uintptr_t>(values), shape);
}

/// A booster being grown, with its data.
class Boosting {
 public:
  static Result<Boosting> start(const TrainingData& data, const Settings& settings, uint64_t seed) {
    auto library = TRY(XgboostLibrary::open());
    Boosting out(std::move(library), data);
    TRY(out.make_matrix(data.train, settings, out.train_));
    if (data.validation.rows.n_rows > 0) {
      TRY(out.make_matrix(data.validation, settings, out.validation_));
    }
    TRY(out.make_booster(settings, seed));
    return out;
  }

  Result<void> grow(size_t round) {
    return library_.checked(
        library_.XGBoosterUpdateOneIter(booster_.get(), static_cast<int>(round) - 1, train_.get()),
        "grow a tree");
  }

  /// Copy out the log-odds of each row so far (the library reuses its own copy at every call).
  Result<void> margins(const XgboostHandle& matrix, std::vector<float>& out) const {
    constexpr const char* kConfig =
        R"({"type": 1, "training": false, "iteration_begin": 0, "iteration_end": 0,
            "strict_shape": false})";
    const uint64_t* shape = nullptr;
    uint64_t n_dimensions = 0;
    const float* values = nullptr;
    TRY(library_.checked(library_.XGBoosterPredictFromDMatrix(booster_.get(), matrix.get(), kConfig,
                                                              &shape, &n_dimensions, &values),
                         "predict"));
    size_t n_values = 1;
    for (uint64_t i = 0; i < n_dimensions; ++i) n_values *= shape[i];
    out.assign(values, values + n_values);
    return {};
  }

  const XgboostHandle& train() const { return train_; }
  const XgboostHandle& validation() const { return validation_; }

  /// Keep the first `n_rounds` trees only.
  Result<void> cut(size_t n_rounds) {
    void* sliced = nullptr;
    TRY(library_.checked(
        library_.XGBoosterSlice(booster_.get(), 0, static_cast<int>(n_rounds), 1, &sliced),
        "cut trees off"));
    booster_ = library_.booster(sliced);
    return name_features();
  }

  Result<std::string> bytes() const {
    uint64_t size = 0;
    const char* bytes = nullptr;
    TRY(library_.checked(
        library_.XGBoosterSaveModelToBuffer(booster_.get(), R"({"format": "ubj"})", &size, &bytes),
        "write the model"));
    return std::string(bytes, size);
  }

  Result<std::vector<double>> importance() const;

 private:
  Boosting(XgboostLibrary library, const TrainingData& data) : library_(std::move(library)) {
    for (const auto& name : data.names) names_.push_back(name.c_str());
    for (const auto& type : data.types) types_.push_back(type.c_str());
  }

  Result<void> make_matrix(const LabelledRows& part, const Settings& settings, XgboostHandle& out);
  Result<void> make_booster(const Settings& settings, uint64_t seed);
  Result<void> name_features() {
    TRY(library_.checked(library_.XGBoosterSetStrFeatureInfo(booster_.get(), "feature_name",
                                                             names_.data(), names_.size()),
                         "name the features"));
    return library_.checked(library_.XGBoosterSetStrFeatureInfo(booster_.get(), "feature_type",
                                                                types_.data(), types_.size()),
                            "set the features' types");
  }

  XgboostLibrary library_;
  std::vector<const char*> names_;  // borrowed from the TrainingData
  std::vector<const char*> types_;
  XgboostHandle train_;
  XgboostHandle validation_;
  XgboostHandle booster_;
};

Result<void> Boosting::make_matrix(const LabelledRows& part, const Settings& settings,
                                   XgboostHandle& out) {
  const auto values = array_interface(
      part.rows.values, fmt::format("[{}, {}]", part.rows.n_rows, part.rows.n_columns));
  const auto config =
      fmt::format(R"({{"missing": NaN, "nthread": {}}})", settings.integer("nthread"));
  void* handle = nullptr;
  TRY(library_.checked(library_.XGDMatrixCreateFromDense(values.c_str(), config.c_str(), &handle),
                       "take the rows"));
  out = library_.matrix(handle);
  const auto labels = array_interface(part.labels.data(), fmt::format("[{}]", part.labels.size()));
  TRY(library_.checked(library_.XGDMatrixSetInfoFromInterface(out.get(), "label", labels.c_str()),
                       "take the labels"));
  TRY(library_.checked(
      library_.XGDMatrixSetStrFeatureInfo(out.get(), "feature_name", names_.data(), names_.size()),
      "name the columns"));
  return library_.checked(
      library_.XGDMatrixSetStrFeatureInfo(out.get(), "feature_type", types_.data(), types_.size()),
      "set the columns' types");
}

Result<void> Boosting::make_booster(const Settings& settings, uint64_t seed) {
  std::vector<void*> matrices = {train_.get()};
  if (validation_) matrices.push_back(validation_.get());
  void* handle = nullptr;
  TRY(library_.checked(library_.XGBoosterCreate(matrices.data(), matrices.size(), &handle),
                       "make a booster"));
  booster_ = library_.booster(handle);
  const auto set = [&](const std::string& name, const std::string& value) {
    return library_.checked(library_.XGBoosterSetParam(booster_.get(), name.c_str(), value.c_str()),
                            fmt::format("set {} to {}", name, value));
  };
  TRY(set("objective", "binary:logistic"));
  TRY(set("tree_method", "hist"));
  TRY(set("verbosity", "1"));
  TRY(set("seed", std::to_string(seed & 0x7FFFFFFF)));  // XGBoost reads a 32-bit integer
  for (const auto& [name, value] : settings.all()) {
    if (std::find(std::begin(kOwn), std::end(kOwn), name) != std::end(kOwn)) continue;
    TRY(set(name, value));
  }
  return name_features();
}

Result<std::vector<double>> Boosting::importance() const {
  // asked for by our own numbers, since two columns might share a name
  uint64_t n_features = 0, n_dimensions = 0;
  const uint64_t* shape = nullptr;
  const char** features = nullptr;
  const float* scores = nullptr;
  std::string config = R"({"importance_type": "total_gain", "feature_names": [)";
  for (size_t i = 0; i < names_.size(); ++i) config += fmt::format("{}\"{}\"", i ? ", " : "", i);
  config += "]}";
  TRY(library_.checked(library_.XGBoosterFeatureScore(booster_.get(), config.c_str(), &n_features,
                                                      &features, &n_dimensions, &shape, &scores),
                       "weigh the features"));
  std::vector<double> out(names_.size(), 0);
  double sum = 0;
  for (uint64_t i = 0; i < n_features; ++i) {
    const auto column = to_integer(features[i]).value_or(-1);
    check(column >= 0 && static_cast<size_t>(column) < out.size(), "a score of no feature");
    out[static_cast<size_t>(column)] = scores[i];
    sum += scores[i];
  }
  if (sum > 0) {
    for (auto& value : out) value /= sum;
  }
  return out;
}

/// P(label 1) in float32, as XGBoost gives it, widened.
/// Source   xgboost 3.2.0, common/math.h (Sigmoid)
std::vector<double> probabilities(std::span<const float> margins) {
  std::vector<double> out;
  out.reserve(margins.size());
  for (const float margin : margins) {
    out.push_back(1.0f / (std::exp(std::min(-margin, 88.7f)) + 1.0f));
  }
  return out;
}

/// Which round was the best so far, and the margins at it.
struct Best {
  size_t round = 0;
  double metric = 0;
  std::vector<float> train_margins;
  std::vector<float> validation_margins;
};

}  // namespace

std::string_view XgboostLearner::description() const {
  return "gradient-boosted trees by the XGBoost library (hist method, categories, missing values)";
}

std::span<const Parameter> XgboostLearner::parameters() const { return kParameters; }

models::FitOptions XgboostLearner::encoding() const {
  models::FitOptions options;
  options.encoding = models::Encoding::codes;
  return options;
}

Result<Fitted> XgboostLearner::fit(const TrainingData& data, const Settings& settings,
                                   uint64_t seed, const OnRound& on_round) const {
  TRY(check_data(data));
  const bool validated = data.validation.rows.n_rows > 0;
  const auto patience = static_cast<size_t>(settings.integer("early_stopping_rounds"));
  const bool by_auc = settings.text("early_stopping_metric") == "auc";
  if (patience > 0 && !validated) {
    return fail(Code::invalid_parameter_value,
                "parameter 'early_stopping_rounds' is '{}', but there is no validation part to "
                "watch; give one, or 0",
                patience);
  }
  auto boosting = TRY(Boosting::start(data, settings, seed));
  Fitted out;
  Best best;
  std::vector<float> train_margins, validation_margins;
  const auto n_rounds = static_cast<size_t>(settings.integer("n_estimators"));
  for (size_t round = 1; round <= n_rounds; ++round) {
    TRY(boosting.grow(round));
    RoundMetrics metrics{round, kNaN, kNaN, kNaN};
    TRY(boosting.margins(boosting.train(), train_margins));
    metrics.train_log_loss = log_loss_of_margins(data.train.labels, train_margins);
    if (validated) {
      TRY(boosting.margins(boosting.validation(), validation_margins));
      metrics.validation_log_loss = log_loss_of_margins(data.validation.labels, validation_margins);
      metrics.validation_auc = TRY(auc(data.validation.labels, validation_margins));
    }
    out.history.push_back(metrics);
    const double watched = by_auc ? -metrics.validation_auc : metrics.validation_log_loss;
    if (patience == 0 || best.round == 0 || watched < best.metric) {
      best = {round, watched, train_margins, validation_margins};
    }
    if (on_round && on_round(metrics) == Next::stop) {
      out.end = Fitted::End::asked_to_stop;
      break;
    }
    if (patience > 0 && round - best.round >= patience) {
      out.end = Fitted::End::no_improvement;
      break;
    }
  }
  if (best.round < out.history.size()) TRY(boosting.cut(best.round));
  out.best_round = best.round;
  auto bytes = TRY(boosting.bytes());
  out.estimator = models::XgboostBytes{std::move(bytes)};
  out.importance = TRY(boosting.importance());
  out.train_scores = probabilities(best.train_margins);
  out.validation_scores = probabilities(best.validation_margins);
  return out;
}

}  // namespace slipway::train
