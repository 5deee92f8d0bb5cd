#include "train/train.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/clock.h"
#include "base/text.h"
#include "models/xgboost_model.h"
#include "train/metrics.h"

namespace slipway::train {
namespace {

constexpr size_t kExampleRows = 5;
constexpr std::string_view kLabelsAccepted =
    "binary labels are accepted: numbers 0 and 1, or booleans (regression and several classes are "
    "not there yet)";

/// A part's scores, measured.
struct Part {
  std::string name;
  std::span<const float> labels;
  std::span<const double> scores;
};

Error in_part(std::string_view part, Error error) {
  return {error.code, fmt::format("{} part: {}", part, error.message)};
}

/// Read the label column as 0 and 1.
Result<std::vector<float>> labels_of(const data::Batch& batch, const std::string& label) {
  const auto* column = TRY(batch.column(label));
  if (const size_t n_missing = column->n_missing(); n_missing > 0) {
    return fail(Code::invalid_parameter_value,
                "label '{}' is missing in {} of {} rows; drop those rows first", label, n_missing,
                column->size());
  }
  if (!column->is_numeric()) {
    return fail(Code::not_implemented, "label '{}' has type {}; {}", label,
                data::type_name(column->type), kLabelsAccepted);
  }
  std::vector<float> out;
  out.reserve(column->size());
  std::set<double> others;
  double other = 0;
  for (size_t row = 0; row < column->size(); ++row) {
    const double value = column->number_at(row);
    if (std::isnan(value)) {
      return fail(Code::invalid_parameter_value,
                  "label '{}' is NaN in row {}; drop such rows first", label, row);
    }
    if (value != 0 && value != 1 && others.size() < 1000) others.insert(other = value);
    out.push_back(static_cast<float>(value));
  }
  if (!others.empty()) {
    return fail(Code::not_implemented, "label '{}' has values such as {}; {}", label, other,
                kLabelsAccepted);
  }
  if (auto checked = check_labels(out); !checked.ok()) {
    return fail(checked.error().code, "label '{}': {}", label, checked.error().message);
  }
  return out;
}

/// The columns to learn from, in their order: those of the batch, then the derived ones.
Result<std::vector<std::string>> feature_columns(const TrainRequest& request) {
  std::set<std::string_view> dropped = {request.label};
  std::set<std::string_view> derived;
  for (const auto& weekday : request.weekdays) derived.insert(weekday.name);
  for (const auto& name : request.drop) {
    if (!derived.contains(name)) TRY(request.train.column(name));
    dropped.insert(name);
  }
  std::vector<std::string> out;
  for (const auto& column : request.train.columns) {
    if (!dropped.contains(column.name)) out.push_back(column.name);
  }
  for (const auto& weekday : request.weekdays) {
    if (!dropped.contains(weekday.name)) out.push_back(weekday.name);
  }
  if (out.empty()) {
    return fail(Code::invalid_parameter_value,
                "no feature is left: the table has only the label '{}' and dropped columns",
                request.label);
  }
  return out;
}

Result<std::vector<double>> score(const Trained& trained, const data::Batch& rows) {
  const auto values = TRY(trained.preprocess.encode(rows));
  const models::MatrixView matrix{values.data(), rows.n_rows, trained.preprocess.n_columns()};
  if (const auto* linear = std::get_if<models::LinearModel>(&trained.estimator)) {
    return linear->predict(matrix);
  }
  const auto& bytes = std::get<models::XgboostBytes>(trained.estimator);
  const auto model = TRY(models::XgboostModel::parse(bytes.ubj));
  const auto scores = TRY(model.predict(matrix));
  return std::vector<double>(scores.begin(), scores.end());
}

Result<void> measure(const Part& part, Trained::Values& out) {
  const auto add = [&](std::string_view metric, double value) {
    out.emplace_back(fmt::format("{}_{}", part.name, metric), value);
  };
  const double area = TRY(auc(part.labels, part.scores));
  const double loss = TRY(log_loss(part.labels, part.scores));
  const double squares = TRY(brier(part.labels, part.scores));
  add("auc", area);
  add("log_loss", loss);
  add("brier", squares);
  const auto counts = confusion(part.labels, part.scores);
  add("accuracy", counts.accuracy());
  add("precision", counts.precision());
  add("recall", counts.recall());
  add("f1", counts.f1());
  add("true_negatives", static_cast<double>(counts.true_negative));
  add("false_positives", static_cast<double>(counts.false_positive));
  add("false_negatives", static_cast<double>(counts.false_negative));
  add("true_positives", static_cast<double>(counts.true_positive));
  return {};
}

Result<void> draw(const std::vector<Part>& parts, std::string_view learner, Trained& out) {
  std::vector<RocSeries> curves;
  for (const auto& part : parts) {
    auto points = TRY(roc_curve(part.labels, part.scores));
    const double area = TRY(auc(part.labels, part.scores));
    curves.push_back({part.name, std::move(points), area});
  }
  const auto& last = parts.back();
  out.plots.push_back({"roc_curve.svg", roc_plot(fmt::format("ROC curve, {}", learner), curves)});
  out.plots.push_back(
      {"confusion_matrix.svg", confusion_plot(fmt::format("Confusion matrix, {} part", last.name),
                                              confusion(last.labels, last.scores))});
  out.plots.push_back(
      {"feature_importance.svg",
       importance_plot(fmt::format("Feature importance, {}", learner), out.importance)});
  HistorySeries train{"train", {}}, validation{"validation", {}}, area{"validation", {}};
  for (const auto& round : out.history) {
    train.values.push_back(round.train_log_loss);
    validation.values.push_back(round.validation_log_loss);
    area.values.push_back(round.validation_auc);
  }
  const size_t best = out.best_round < out.history.size() ? out.best_round : 0;
  const bool validated = !validation.values.empty() && !std::isnan(validation.values.back());
  std::vector<HistorySeries> losses = {train};
  if (validated) losses.push_back(validation);
  out.plots.push_back(
      {"log_loss_by_round.svg", history_plot("Log loss by round", "Log loss", losses, best)});
  if (validated) {
    out.plots.push_back({"auc_by_round.svg", history_plot("AUC by round", "AUC", {area}, best)});
  }
  return {};
}

Trained::Values by_importance(const std::vector<std::string>& names,
                              const std::vector<double>& importance) {
  Trained::Values out;
  for (size_t i = 0; i < names.size(); ++i) out.emplace_back(names[i], importance[i]);
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return out;
}

data::Batch example_rows(const data::Batch& batch, const models::Preprocess& preprocess) {
  std::vector<size_t> rows(std::min(batch.n_rows, kExampleRows));
  std::iota(rows.begin(), rows.end(), size_t{0});
  data::Batch inputs;
  inputs.n_rows = batch.n_rows;
  for (const auto& input : preprocess.inputs()) {
    if (const auto* column = batch.find(input.name)) inputs.columns.push_back(*column);
  }
  return inputs.take(rows);
}

}  // namespace

TrainingData Encoded::data() const {
  const size_t n_columns = preprocess.n_columns();
  return {{{train_rows.data(), train_labels.size(), n_columns}, train_labels},
          {{validation_rows.data(), validation_labels.size(), n_columns}, validation_labels},
          names,
          types};
}

Result<Encoded> encode(const TrainRequest& request) {
  const auto* learner = TRY(find_learner(request.learner));
  auto train_labels = labels_of(request.train, request.label);
  if (!train_labels.ok()) return in_part("training", train_labels.error());
  auto options = learner->encoding();
  options.weekdays = request.weekdays;
  options.columns = TRY(feature_columns(request));
  auto preprocess = TRY(models::Preprocess::fit(request.train, options));
  auto train_rows = TRY(preprocess.encode(request.train));
  auto names = preprocess.feature_names();
  auto types = preprocess.feature_types();
  Encoded out{std::move(preprocess),
              std::move(names),
              std::move(types),
              std::move(train_rows),
              std::move(train_labels).value(),
              {},
              {}};
  if (request.validation == nullptr) return out;
  auto labels = labels_of(*request.validation, request.label);
  if (!labels.ok()) return in_part("validation", labels.error());
  auto rows = out.preprocess.encode(*request.validation);
  if (!rows.ok()) return in_part("validation", rows.error());
  out.validation_labels = std::move(labels).value();
  out.validation_rows = std::move(rows).value();
  return out;
}

Result<Fitted> fit(const TrainingData& data, std::string_view learner, const JsonObject& params,
                   uint64_t seed, const OnRound& on_round) {
  const auto* found = TRY(find_learner(learner));
  const auto settings = TRY(Settings::check(learner, found->parameters(), params));
  return found->fit(data, settings, seed, on_round);
}

Result<Trained> fit(const TrainRequest& request) {
  const auto* learner = TRY(find_learner(request.learner));
  const auto settings =
      TRY(Settings::check(request.learner, learner->parameters(), request.params));
  auto encoded = TRY(encode(request));
  auto test_labels = request.test == nullptr ? Result<std::vector<float>>(std::vector<float>())
                                             : labels_of(*request.test, request.label);
  if (!test_labels.ok()) return in_part("test", test_labels.error());
  const Stopwatch stopwatch;
  auto fitted = TRY(learner->fit(encoded.data(), settings, request.seed, request.on_round));
  const double fit_seconds = stopwatch.seconds();

  auto example = example_rows(request.train, encoded.preprocess);
  Trained out{std::move(encoded.preprocess), std::move(fitted.estimator), std::move(example)};
  out.fit_seconds = fit_seconds;
  out.params = {{"learner", request.learner}, {"seed", std::to_string(request.seed)}};
  for (const auto& setting : settings.all()) out.params.push_back(setting);
  out.importance = by_importance(encoded.names, fitted.importance);
  out.history = std::move(fitted.history);
  out.best_round = fitted.best_round;
  out.end = fitted.end;

  std::vector<Part> parts = {{"train", encoded.train_labels, fitted.train_scores}};
  if (request.validation != nullptr) {
    parts.push_back({"validation", encoded.validation_labels, fitted.validation_scores});
  }
  std::vector<double> test_scores;
  if (request.test != nullptr) {
    auto scores = score(out, *request.test);
    if (!scores.ok()) return in_part("test", scores.error());
    test_scores = std::move(scores).value();
    parts.push_back({"test", *test_labels, test_scores});
  }
  for (const auto& part : parts) TRY(measure(part, out.metrics));
  out.metrics.emplace_back("best_round", static_cast<double>(out.best_round));
  TRY(draw(parts, request.learner, out));
  return out;
}

Trained::Values round_metrics(const RoundMetrics& metrics) {
  Trained::Values out = {{"train-logloss", metrics.train_log_loss}};
  if (!std::isnan(metrics.validation_log_loss)) {
    out.emplace_back("validation-logloss", metrics.validation_log_loss);
    out.emplace_back("validation-auc", metrics.validation_auc);
  }
  return out;
}

}  // namespace slipway::train
