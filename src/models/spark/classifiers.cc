// Classifiers: logistic regression, support vectors, perceptrons, factorization machines; one vs
// rest.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "models/spark/classifier.h"
#include "models/spark/factorization.h"

namespace slipway::models::spark {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Scores of two classes are the margin and its negative.
std::function<Result<Vectors>(const Vectors&)> margins(
    std::function<double(const Vectors&, size_t row)> margin) {
  return [margin = std::move(margin)](const Vectors& x) -> Result<Vectors> {
    auto out = Vectors::dense(x.n_rows, 2);
    for (size_t i = 0; i < x.n_rows; ++i) {
      const double value = margin(x, i);
      out.row(i)[0] = -value;
      out.row(i)[1] = value;
    }
    return out;
  };
}

double logit(double p) { return p == 0 ? -kInfinity : p == 1 ? kInfinity : std::log(p / (1 - p)); }

void logistic_row(double* scores, size_t) {
  scores[0] = 1 / (1 + std::exp(-scores[0]));
  scores[1] = 1 - scores[0];
}

void logistic_row_of_second(double* scores, size_t) {
  scores[1] = 1 / (1 + std::exp(-scores[1]));
  scores[0] = 1 - scores[1];
}

// The threshold on the probability, by `threshold` or by two `thresholds`.
Result<double> binomial_threshold(const Saved& saved) {
  const auto pair = TRY(saved.numbers("thresholds"));
  if (pair.empty() || saved.find_set("threshold") != nullptr) {
    return saved.number_or("threshold", 0.5);
  }
  TRY(saved.require(pair.size() == 2, "two thresholds are wanted"));
  return 1 / (1 + pair[0] / pair[1]);
}

Result<Classifier> logistic(const Saved& saved) {
  const auto table = TRY(saved.table());
  Weights weights;
  std::vector<double> intercepts;
  bool multinomial = false;
  if (table.find("coefficientMatrix") == nullptr) {  // Spark 2.0
    auto row = TRY(saved.vector_of(table, "coefficients", 0));
    weights = {1, row.size(), std::move(row)};
    const double intercept = TRY(number_of(table, "intercept", 0));
    intercepts = {intercept};
  } else {
    weights = TRY(saved.matrix_of(table, "coefficientMatrix", 0));
    intercepts = TRY(saved.vector_of(table, "interceptVector", 0));
    const double flag = TRY(number_of(table, "isMultinomial", 0));
    multinomial = flag != 0;
  }
  const bool fits = weights.n_rows == intercepts.size() && weights.n_rows >= 1 &&
                    (multinomial || weights.n_rows == 1);
  TRY(saved.require(fits, "coefficients and intercepts do not fit each other"));
  Classifier out{weights.n_columns, {}, softmax_row};
  if (multinomial) {
    out.raw = [weights, intercepts](const Vectors& x) -> Result<Vectors> {
      auto scores = Vectors::dense(x.n_rows, weights.n_rows);
      for (size_t i = 0; i < x.n_rows; ++i) {
        for (size_t k = 0; k < weights.n_rows; ++k) {
          scores.row(i)[k] = x.dot(i, weights.row(k)) + intercepts[k];
        }
      }
      return scores;
    };
    return out;
  }
  out.to_probability = logistic_row;
  const double threshold = TRY(binomial_threshold(saved));
  out.raw_threshold = logit(threshold);
  out.raw = margins([weights, b = intercepts[0]](const Vectors& x, size_t i) {
    return x.dot(i, weights.values.data()) + b;
  });
  return out;
}

Result<Classifier> linear_vectors(const Saved& saved) {
  const auto table = TRY(saved.table());
  const auto weights = TRY(saved.vector_of(table, "coefficients", 0));
  const double intercept = TRY(number_of(table, "intercept", 0));
  Classifier out{weights.size(), {}, {}, saved.number_or("threshold", 0)};
  out.raw = margins([weights, intercept](const Vectors& x, size_t i) {
    return x.dot(i, weights.data()) + intercept;
  });
  return out;
}

struct Perceptron {
  std::vector<size_t> layers;
  std::vector<double> weights;  // of each layer: [inputs × outputs], then the offsets
};

Vectors forward(const Perceptron& net, const Vectors& x) {
  auto out = Vectors::dense(x.n_rows, net.layers.back());
  std::vector<double> now, next;
  for (size_t i = 0; i < x.n_rows; ++i) {
    now.assign(x.size, 0);
    x.each(i, [&](size_t c, double value) { now[c] = value; });
    const double* w = net.weights.data();
    for (size_t layer = 1; layer < net.layers.size(); ++layer) {
      const size_t n = net.layers[layer];
      next.assign(n, 0);
      for (size_t c = 0; c < now.size(); ++c) {
        for (size_t k = 0; k < n; ++k) next[k] += now[c] * w[c * n + k];
      }
      w += now.size() * n;
      for (size_t k = 0; k < n; ++k, ++w) {
        next[k] += *w;
        if (layer + 1 < net.layers.size()) next[k] = 1 / (1 + std::exp(-next[k]));
      }
      now.swap(next);
    }
    std::ranges::copy(now, out.row(i));
  }
  return out;
}

Result<Classifier> perceptron(const Saved& saved) {
  const auto table = TRY(saved.table());
  Perceptron net;
  net.weights = TRY(saved.vector_of(table, "weights", 0));
  auto sizes = TRY(saved.numbers("layers"));
  if (sizes.empty()) sizes = TRY(numbers_of(table, "layers", 0));  // Spark 2
  TRY(saved.require(sizes.size() >= 2, "two layers are wanted"));
  double n_weights = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    TRY(saved.require(sizes[i] >= 1 && sizes[i] < 0x1p31, "a layer's size is none"));
    net.layers.push_back(static_cast<size_t>(sizes[i]));
    if (i > 0) n_weights += (sizes[i - 1] + 1) * sizes[i];
  }
  TRY(saved.require(n_weights == static_cast<double>(net.weights.size()),
                    "as many weights as its layers have are wanted"));
  Classifier out{net.layers[0], {}, softmax_row};
  out.raw = [net](const Vectors& x) -> Result<Vectors> { return forward(net, x); };
  return out;
}

}  // namespace

Result<FactorizationMachine> factorization_machine(const Saved& saved) {
  const auto table = TRY(saved.table());
  FactorizationMachine out;
  out.intercept = TRY(number_of(table, "intercept", 0));
  out.linear = TRY(saved.vector_of(table, "linear", 0));
  out.factors = TRY(saved.matrix_of(table, "factors", 0));
  TRY(saved.require(out.factors.n_rows == out.linear.size(), "factors do not fit features"));
  return out;
}

double FactorizationMachine::score(const Vectors& x, size_t row) const {
  double out = intercept + x.dot(row, linear.data());
  for (size_t f = 0; f < factors.n_columns; ++f) {
    double sum = 0;
    double squares = 0;
    x.each(row, [&](size_t c, double value) {
      const double product = factors.row(c)[f] * value;
      sum += product;
      squares += product * product;
    });
    out += 0.5 * (sum * sum - squares);
  }
  return out;
}

namespace {

Result<Classifier> factorization(const Saved& saved) {
  const auto machine = TRY(factorization_machine(saved));
  Classifier out{machine.linear.size(), {}, logistic_row_of_second};
  out.raw = margins([machine](const Vectors& x, size_t i) { return machine.score(x, i); });
  return out;
}

// The score of the second class of each class's own model.
Result<Classifier> one_vs_rest(const Saved& saved) {
  const auto* count = find(saved.metadata(), "numClasses");
  const bool fits = count != nullptr && count->is_number() && count->to_number<double>() >= 1 &&
                    count->to_number<double>() < 1e5;
  TRY(saved.require(fits, "numClasses is none"));
  std::vector<Classifier> models;
  const auto n = static_cast<size_t>(count->to_number<double>());
  for (size_t i = 0; i < n; ++i) {
    const auto inner = TRY(saved.open_inner(fmt::format("model_{}", i)));
    const auto make = find_classifier(inner.name());
    if (make == nullptr || make == one_vs_rest) {
      return saved.unsupported(fmt::format("a {} in it", inner.name()));
    }
    auto model = TRY(make(inner));
    TRY(saved.require(i == 0 || model.n_features == models[0].n_features, "unequal models"));
    models.push_back(std::move(model));
  }
  Classifier out{models[0].n_features, {}, {}};
  out.raw = [models = std::move(models)](const Vectors& x) -> Result<Vectors> {
    auto scores = Vectors::dense(x.n_rows, models.size());
    for (size_t k = 0; k < models.size(); ++k) {
      const auto one = TRY(models[k].raw(x));
      if (one.size < 2) return fail(Code::invalid_parameter_value, "OneVsRest: a single class");
      for (size_t i = 0; i < x.n_rows; ++i) scores.row(i)[k] = one.row(i)[1];
    }
    return scores;
  };
  return out;
}

struct ClassifierRow {
  std::string_view name;
  MakeClassifier make;
};

constexpr ClassifierRow kClassifiers[] = {
    {"LogisticRegressionModel", logistic},
    {"LinearSVCModel", linear_vectors},
    {"MultilayerPerceptronClassificationModel", perceptron},
    {"FMClassificationModel", factorization},
    {"OneVsRestModel", one_vs_rest},
    {"NaiveBayesModel", bayes_classifier},
    {"DecisionTreeClassificationModel", tree_classifier},
    {"RandomForestClassificationModel", forest_classifier},
    {"GBTClassificationModel", boosted_classifier},
};

Result<Stage> any_classifier(const Saved& saved) {
  auto classifier = TRY(find_classifier(saved.name())(saved));
  return classifier_stage(saved, std::move(classifier));
}

constexpr StageRow kRows[] = {
    {"LogisticRegressionModel", any_classifier},
    {"LinearSVCModel", any_classifier},
    {"MultilayerPerceptronClassificationModel", any_classifier},
    {"FMClassificationModel", any_classifier},
    {"OneVsRestModel", any_classifier},
    {"NaiveBayesModel", any_classifier},
    {"DecisionTreeClassificationModel", any_classifier},
    {"RandomForestClassificationModel", any_classifier},
    {"GBTClassificationModel", any_classifier},
};

// The class whose probability is the greatest part of its threshold.
double by_thresholds(const double* shares, const std::vector<double>& thresholds) {
  double greatest = -kInfinity;
  size_t best = 0;
  for (size_t k = 0; k < thresholds.size(); ++k) {
    const double scaled = shares[k] / thresholds[k];
    if (scaled > greatest) {
      greatest = scaled;
      best = k;
    }
  }
  return static_cast<double>(best);
}

struct Outputs {
  std::string features;
  std::string raw;
  std::string probability;
  std::string prediction;
  std::vector<double> thresholds;
};

Result<void> classify(const Classifier& classifier, const Outputs& outputs, std::string_view name,
                      Frame& frame) {
  const auto* x = TRY(frame.vectors(outputs.features, classifier.n_features, name));
  auto raw = TRY(classifier.raw(*x));
  const size_t n = raw.size;
  auto shares = raw;
  for (size_t i = 0; i < raw.n_rows && classifier.to_probability; ++i) {
    classifier.to_probability(shares.row(i), n);
  }
  if (!outputs.thresholds.empty() && outputs.thresholds.size() != n) {
    return fail(Code::invalid_parameter_value, "{}: {} thresholds for {} classes", name,
                outputs.thresholds.size(), n);
  }
  std::vector<double> best(raw.n_rows);
  for (size_t i = 0; i < best.size(); ++i) {
    if (!std::isnan(classifier.raw_threshold) && n == 2) {
      best[i] = raw.row(i)[1] > classifier.raw_threshold ? 1 : 0;
    } else if (!outputs.thresholds.empty()) {
      best[i] = by_thresholds(shares.row(i), outputs.thresholds);
    } else {
      best[i] = static_cast<double>(greatest_of(raw.row(i), n));
    }
  }
  if (!outputs.raw.empty()) frame.set(outputs.raw, std::move(raw));
  if (!outputs.probability.empty() && classifier.to_probability) {
    frame.set(outputs.probability, std::move(shares));
  }
  if (!outputs.prediction.empty()) frame.set_numbers(outputs.prediction, std::move(best));
  return {};
}

}  // namespace

MakeClassifier find_classifier(std::string_view name) {
  for (const auto& row : kClassifiers) {
    if (row.name == name) return row.make;
  }
  return nullptr;
}

void normalize_row(double* scores, size_t n) {
  double sum = 0;
  for (size_t k = 0; k < n; ++k) sum += scores[k];
  for (size_t k = 0; k < n && sum != 0; ++k) scores[k] /= sum;
}

void softmax_row(double* scores, size_t n) {
  const double greatest = scores[greatest_of(scores, n)];
  for (size_t k = 0; k < n; ++k) scores[k] = std::exp(scores[k] - greatest);
  normalize_row(scores, n);
}

size_t greatest_of(const double* scores, size_t n) {
  return static_cast<size_t>(std::max_element(scores, scores + n) - scores);
}

Result<Stage> classifier_stage(const Saved& saved, Classifier classifier) {
  Outputs outputs;
  outputs.features = TRY(saved.text("featuresCol"));
  outputs.raw = saved.text_or("rawPredictionCol", "");
  outputs.probability = saved.text_or("probabilityCol", "");
  outputs.prediction = saved.text_or("predictionCol", "");
  if (classifier.to_probability) {
    outputs.thresholds = TRY(saved.numbers("thresholds"));
  }
  const bool two = !std::isnan(classifier.raw_threshold);
  if (two && outputs.thresholds.size() == 2 && saved.name() != "LogisticRegressionModel") {
    classifier.raw_threshold = std::numeric_limits<double>::quiet_NaN();
  }
  Stage stage{std::string(saved.name()), {outputs.features}, {}, false, {}};
  for (const auto& name : {outputs.raw, outputs.probability, outputs.prediction}) {
    if (!name.empty()) stage.writes.push_back(name);
  }
  stage.apply = [classifier = std::move(classifier), outputs, name = stage.name](Frame& frame) {
    return classify(classifier, outputs, name, frame);
  };
  return stage;
}

std::span<const StageRow> classifier_rows() { return kRows; }

}  // namespace slipway::models::spark
