// Regressors: linear, generalized linear, survival, isotonic, factorization machines; ALS.
#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "base/text.h"
#include "models/spark/factorization.h"
#include "models/spark/stage.h"

namespace slipway::models::spark {
namespace {

using Score = std::function<double(const Vectors&, size_t row)>;

Result<Stage> scoring_stage(const Saved& saved, size_t n_features, Score score) {
  const auto features = TRY(saved.text("featuresCol"));
  const auto prediction = saved.text_or("predictionCol", "prediction");
  Stage stage{std::string(saved.name()), {features}, {prediction}, false, {}};
  stage.apply = [=, score = std::move(score), name = stage.name](Frame& frame) -> Result<void> {
    const auto* x = TRY(frame.vectors(features, n_features, name));
    std::vector<double> out(x->n_rows);
    for (size_t i = 0; i < out.size(); ++i) out[i] = score(*x, i);
    frame.set_numbers(prediction, std::move(out));
    return {};
  };
  return stage;
}

struct Line {
  std::vector<double> weights;
  double intercept = 0;

  double at(const Vectors& x, size_t row) const { return x.dot(row, weights.data()) + intercept; }
};

Result<Line> line_of(const Saved& saved, const Table& table) {
  Line out;
  out.weights = TRY(saved.vector_of(table, "coefficients", 0));
  out.intercept = TRY(number_of(table, "intercept", 0));
  return out;
}

Result<Stage> linear(const Saved& saved) {
  const auto table = TRY(saved.table());
  const auto line = TRY(line_of(saved, table));
  return scoring_stage(saved, line.weights.size(),
                       [line](const Vectors& x, size_t i) { return line.at(x, i); });
}

Result<Stage> factorization(const Saved& saved) {
  const auto machine = TRY(factorization_machine(saved));
  return scoring_stage(saved, machine.linear.size(),
                       [machine](const Vectors& x, size_t i) { return machine.score(x, i); });
}

enum class Link { identity, logarithm, logit, probit, cloglog, inverse, root, power };

struct Generalized {
  Line line;
  Link link = Link::identity;
  double power = 1;  // of Link::power
  std::string family;
  std::string features;
  std::string offset;
  std::string prediction;
  std::string link_prediction;
};

double unlink(const Generalized& model, double eta) {
  switch (model.link) {
    case Link::identity: return eta;
    case Link::logarithm: return std::exp(eta);
    case Link::logit: return 1 / (1 + std::exp(-eta));
    case Link::probit: return 0.5 * std::erfc(-eta / std::sqrt(2.0));
    case Link::cloglog: return 1 - std::exp(-std::exp(eta));
    case Link::inverse: return 1 / eta;
    case Link::root: return eta * eta;
    case Link::power: break;
  }
  return model.power == 0 ? std::exp(eta) : std::pow(eta, 1 / model.power);
}

// A mean is kept where the family's distribution can have it.
double kept_within(const std::string& family, double mean) {
  constexpr double kLeast = 1e-16;
  constexpr double kGreatest = std::numeric_limits<double>::max();
  if (family == "gaussian") {
    return std::isinf(mean) ? std::copysign(kGreatest, mean) : mean;
  }
  if (mean < kLeast) return kLeast;
  if (family == "binomial") return mean > 1 - kLeast ? 1 - kLeast : mean;
  return std::isinf(mean) ? kGreatest : mean;
}

Result<void> set_link(const Saved& saved, Generalized& model) {
  if (model.family == "tweedie") {
    model.link = Link::power;
    model.power = saved.number_or("linkPower", 1 - saved.number_or("variancePower", 0));
    return {};
  }
  static constexpr struct {
    std::string_view family;
    std::string_view link;
  } kDefaults[] = {
      {"gaussian", "identity"}, {"binomial", "logit"}, {"poisson", "log"}, {"gamma", "inverse"}};
  static constexpr struct {
    std::string_view name;
    Link link;
  } kLinks[] = {{"identity", Link::identity}, {"log", Link::logarithm},
                {"logit", Link::logit},       {"probit", Link::probit},
                {"cloglog", Link::cloglog},   {"inverse", Link::inverse},
                {"sqrt", Link::root}};
  std::string name = saved.text_or("link", "");
  for (const auto& row : kDefaults) {
    if (name.empty() && row.family == model.family) name = row.link;
  }
  for (const auto& row : kLinks) {
    if (row.name != name) continue;
    model.link = row.link;
    return {};
  }
  return saved.unsupported(fmt::format("family '{}' with link '{}'", model.family, name));
}

Result<Stage> generalized(const Saved& saved) {
  const auto table = TRY(saved.table());
  Generalized model;
  model.line = TRY(line_of(saved, table));
  model.family = lower(saved.text_or("family", "gaussian"));
  TRY(set_link(saved, model));
  model.features = TRY(saved.text("featuresCol"));
  model.offset = saved.text_or("offsetCol", "");
  model.prediction = saved.text_or("predictionCol", "prediction");
  model.link_prediction = saved.text_or("linkPredictionCol", "");
  Stage stage{std::string(saved.name()), {model.features}, {model.prediction}, false, {}};
  if (!model.offset.empty()) stage.reads.push_back(model.offset);
  if (!model.link_prediction.empty()) stage.writes.push_back(model.link_prediction);
  stage.apply = [model, name = stage.name](Frame& frame) -> Result<void> {
    const auto* x = TRY(frame.vectors(model.features, model.line.weights.size(), name));
    std::vector<double> eta(x->n_rows);
    if (!model.offset.empty()) eta = TRY(frame.numbers(model.offset));
    for (size_t i = 0; i < eta.size(); ++i) eta[i] = model.line.at(*x, i) + eta[i];
    auto mean = eta;
    for (auto& value : mean) value = kept_within(model.family, unlink(model, value));
    if (!model.link_prediction.empty()) frame.set_numbers(model.link_prediction, std::move(eta));
    frame.set_numbers(model.prediction, std::move(mean));
    return {};
  };
  return stage;
}

Result<Stage> survival(const Saved& saved) {
  const auto table = TRY(saved.table());
  const auto line = TRY(line_of(saved, table));
  const double scale = TRY(number_of(table, "scale", 0));
  auto stage = TRY(scoring_stage(saved, line.weights.size(), [line](const Vectors& x, size_t i) {
    return std::exp(line.at(x, i));
  }));
  const auto quantiles = saved.text_or("quantilesCol", "");
  const auto shares = TRY(saved.numbers("quantileProbabilities"));
  if (quantiles.empty()) return stage;
  stage.writes.push_back(quantiles);
  stage.apply = [=, prediction = stage.writes[0],
                 apply = std::move(stage.apply)](Frame& frame) -> Result<void> {
    TRY(apply(frame));
    const auto means = TRY(frame.numbers(prediction));
    auto out = Vectors::dense(means.size(), shares.size());
    for (size_t i = 0; i < means.size(); ++i) {
      for (size_t k = 0; k < shares.size(); ++k) {
        out.row(i)[k] = means[i] * std::exp(std::log(-std::log1p(-shares[k])) * scale);
      }
    }
    frame.set(quantiles, std::move(out));
    return {};
  };
  return stage;
}

struct Steps {
  std::vector<double> at;
  std::vector<double> values;
};

double between(const Steps& steps, double x) {
  const auto found = std::ranges::lower_bound(steps.at, x);
  const auto place = static_cast<size_t>(found - steps.at.begin());
  if (std::isnan(x) || found == steps.at.end()) return steps.values.back();
  if (place == 0 || *found == x) return steps.values[place];
  const double share = (x - steps.at[place - 1]) / (*found - steps.at[place - 1]);
  return steps.values[place - 1] + (steps.values[place] - steps.values[place - 1]) * share;
}

Result<Stage> isotonic(const Saved& saved) {
  const auto table = TRY(saved.table());
  Steps steps;
  steps.at = TRY(numbers_of(table, "boundaries", 0));
  steps.values = TRY(numbers_of(table, "predictions", 0));
  const bool fits = !steps.at.empty() && steps.at.size() == steps.values.size() &&
                    std::ranges::is_sorted(steps.at);
  TRY(saved.require(fits, "boundaries and predictions do not fit each other"));
  const auto features = TRY(saved.text("featuresCol"));
  const auto prediction = saved.text_or("predictionCol", "prediction");
  const double index = saved.number_or("featureIndex", 0);
  Stage stage{std::string(saved.name()), {features}, {prediction}, false, {}};
  stage.apply = [=](Frame& frame) -> Result<void> {
    const auto* column = TRY(frame.get(features));
    std::vector<double> x(frame.n_rows());
    if (const auto* vectors = std::get_if<Vectors>(&column->cells)) {
      if (!(index >= 0 && index < static_cast<double>(vectors->size))) {
        return fail(Code::invalid_parameter_value, "IsotonicRegressionModel: no place {}", index);
      }
      for (size_t i = 0; i < x.size(); ++i) {
        vectors->each(i, [&](size_t c, double value) {
          if (c == static_cast<size_t>(index)) x[i] = value;
        });
      }
    } else {
      x = TRY(frame.numbers(features));
    }
    for (auto& value : x) value = between(steps, value);
    frame.set_numbers(prediction, std::move(x));
    return {};
  };
  return stage;
}

using Factors = std::unordered_map<int64_t, std::vector<float>>;

Result<Factors> factors_of(const Saved& saved, std::string_view folder, size_t rank) {
  const auto table = TRY(saved.table(folder));
  Factors out;
  for (size_t row = 0; row < table.n_rows; ++row) {
    const double id = TRY(number_of(table, "id", row));
    const auto values = TRY(numbers_of(table, "features", row));
    TRY(saved.require(values.size() == rank && std::abs(id) < 0x1p32, "factors do not fit rank"));
    out.emplace(static_cast<int64_t>(id), std::vector<float>(values.begin(), values.end()));
  }
  return out;
}

const std::vector<float>* factor_at(const Factors& factors, double id) {
  if (!(std::abs(id) < 0x1p32) || id != std::floor(id)) return nullptr;
  const auto found = factors.find(static_cast<int64_t>(id));
  return found == factors.end() ? nullptr : &found->second;
}

Result<Stage> recommender(const Saved& saved) {
  const auto* number = find(saved.metadata(), "rank");
  TRY(saved.require(number != nullptr && number->is_number(), "its rank is missing"));
  const double rank = number->to_number<double>();
  TRY(saved.require(rank >= 0 && rank < 1e6, "its rank is none"));
  const auto users = TRY(factors_of(saved, "userFactors", static_cast<size_t>(rank)));
  const auto items = TRY(factors_of(saved, "itemFactors", static_cast<size_t>(rank)));
  const auto user = TRY(saved.text("userCol"));
  const auto item = TRY(saved.text("itemCol"));
  const auto prediction = saved.text_or("predictionCol", "prediction");
  const bool drops = lower(saved.text_or("coldStartStrategy", "nan")) == "drop";
  Stage stage{std::string(saved.name()), {user, item}, {prediction}, drops, {}};
  stage.apply = [=](Frame& frame) -> Result<void> {
    const auto user_ids = TRY(frame.numbers(user));
    const auto item_ids = TRY(frame.numbers(item));
    std::vector<float> out(user_ids.size(), std::numeric_limits<float>::quiet_NaN());
    std::vector<uint8_t> known(out.size());
    for (size_t i = 0; i < out.size(); ++i) {
      const auto* a = factor_at(users, user_ids[i]);
      const auto* b = factor_at(items, item_ids[i]);
      if (a == nullptr || b == nullptr) continue;
      known[i] = 1;
      out[i] = 0;
      for (size_t k = 0; k < a->size(); ++k) out[i] += (*a)[k] * (*b)[k];
    }
    frame.set(prediction, data::Column{prediction, data::Type::float32, std::move(out), {}});
    if (drops) frame.keep(known);
    return {};
  };
  return stage;
}

constexpr StageRow kRows[] = {
    {"LinearRegressionModel", linear},        {"GeneralizedLinearRegressionModel", generalized},
    {"AFTSurvivalRegressionModel", survival}, {"IsotonicRegressionModel", isotonic},
    {"FMRegressionModel", factorization},     {"ALSModel", recommender},
};

}  // namespace

std::span<const StageRow> regressor_rows() { return kRows; }

}  // namespace slipway::models::spark
