#include "studies/trial.h"

#include <cmath>
#include <limits>

#include "train/matrix_file.h"
#include "train/metrics.h"
#include "train/train.h"

namespace slipway::studies {
namespace {

double number_of(const Json& json) {
  if (json.is_number()) return json.to_number<double>();
  return std::numeric_limits<double>::quiet_NaN();  // to_text() writes NaN as a string
}

}  // namespace

Result<Objective> parse_objective(std::string_view metric) {
  if (metric == "validation_log_loss") return Objective::log_loss;
  if (metric == "validation_auc") return Objective::auc;
  return fail(Code::invalid_parameter_value,
              "no metric '{}' to tune for; accepted: validation_log_loss, validation_auc", metric);
}

std::string_view objective_name(Objective objective) {
  return objective == Objective::auc ? "validation_auc" : "validation_log_loss";
}

double objective_value(Objective objective, double loss) {
  return objective == Objective::auc ? 1 - loss : loss;
}

Json TrialTask::to_json() const {
  JsonObject json;
  json["matrix_file"] = matrix_file;
  json["learner"] = learner;
  json["params"] = params;
  json["seed"] = std::to_string(seed);  // 64 bits do not fit a JSON integer
  json["metric"] = objective_name(objective);
  return json;
}

Result<TrialTask> TrialTask::from_json(const Json& json) {
  TrialTask task;
  task.matrix_file = TRY(text_member(json, "matrix_file"));
  task.learner = TRY(text_member(json, "learner"));
  const auto seed = TRY(text_member(json, "seed"));
  task.seed = std::strtoull(seed.c_str(), nullptr, 10);
  const auto metric = TRY(text_member(json, "metric"));
  task.objective = TRY(parse_objective(metric));
  const auto* params = find(json, "params");
  if (!params || !params->is_object()) {
    return fail(Code::invalid_parameter_value, "'params' is missing or is not an object");
  }
  task.params = params->get_object();
  return task;
}

Json TrialAnswer::to_json() const {
  JsonObject values;
  for (const auto& [name, value] : metrics) values[name] = value;
  JsonArray rounds;
  for (const auto& round : history) {
    rounds.push_back(JsonArray{static_cast<int64_t>(round.round), round.train_log_loss,
                               round.validation_log_loss, round.validation_auc});
  }
  JsonObject json;
  json["loss"] = loss;
  json["metrics"] = std::move(values);
  json["history"] = std::move(rounds);
  json["best_round"] = best_round;
  return json;
}

Result<TrialAnswer> TrialAnswer::from_json(const Json& json) {
  TrialAnswer answer;
  const auto* loss = find(json, "loss");
  const auto* metrics = find(json, "metrics");
  if (!loss || !metrics || !metrics->is_object()) {
    return fail(Code::invalid_parameter_value, "a trial answered without 'loss' or 'metrics'");
  }
  answer.loss = number_of(*loss);
  for (const auto& member : metrics->get_object()) {
    answer.metrics[std::string(member.key())] = number_of(member.value());
  }
  const auto* history = TRY(array_member(json, "history"));
  for (const auto& round : *history) {
    const auto* cells = round.if_array();
    if (!cells || cells->size() != 4 || !(*cells)[0].is_int64()) {
      return fail(Code::invalid_parameter_value, "a trial's history has a row that is not one");
    }
    answer.history.push_back({static_cast<size_t>((*cells)[0].get_int64()), number_of((*cells)[1]),
                              number_of((*cells)[2]), number_of((*cells)[3])});
  }
  answer.best_round = TRY(integer_member(json, "best_round"));
  return answer;
}

Result<TrialAnswer> run_trial(const TrialTask& task) {
  const auto file = TRY(train::MatrixFile::open(task.matrix_file));
  const auto& data = file.data();
  const auto fitted = TRY(train::fit(data, task.learner, task.params, task.seed));
  const auto& labels = data.validation.labels;
  const std::span<const double> scores = fitted.validation_scores;
  const double log_loss = TRY(train::log_loss(labels, scores));
  const double auc = TRY(train::auc(labels, scores));
  TrialAnswer answer;
  answer.loss = task.objective == Objective::auc ? 1 - auc : log_loss;
  answer.metrics = {{"validation_log_loss", log_loss},
                    {"validation_auc", auc},
                    {"validation_accuracy", train::confusion(labels, scores).accuracy()}};
  answer.history = fitted.history;
  answer.best_round = static_cast<int64_t>(fitted.best_round);
  return answer;
}

}  // namespace slipway::studies
