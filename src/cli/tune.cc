#include <limits>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "cli/progress.h"
#include "cli/training.h"
#include "cli/yaml.h"
#include "data/split.h"
#include "process/signals.h"
#include "studies/run_study.h"
#include "train/matrix_file.h"

namespace slipway::cli {
namespace {

struct TuneFlags {
  TrainingFlags training;
  std::string space_file;
  int64_t n_trials = 50;
  int64_t parallelism = 2;
  std::string algorithm = "tpe";
  std::string metric = "validation_auc";
  int64_t sample = 0;
  double timeout_s = 0;
  double trial_timeout_s = 0;
  int64_t patience = 0;
  bool refit = false;
  client::Pairs refit_params;

  void declare(Flags& flags) {
    training.declare(flags);
    flags.text(space_file, "--space", "YAML or JSON file of the search space", Need::required);
    flags.integer(n_trials, "--trials", "Trials to run", 1, 100'000);
    flags.integer(parallelism, "--parallelism", "Trials at a time", 1, 128);
    flags.choice(algorithm, "--algo", "How the next trial is chosen", {"tpe", "random"});
    flags.choice(metric, "--metric", "What is improved", {"validation_auc", "validation_log_loss"});
    flags.integer(sample, "--sample", "Train trials on so many rows [all]", 0, INT64_MAX);
    flags.number(timeout_s, "--timeout", "End the study after so many seconds; 0: never", 0, 1e9);
    flags.number(trial_timeout_s, "--trial-timeout", "Fail a trial after so many seconds", 0, 1e9);
    flags.integer(patience, "--patience", "End after so many trials without a better one", 0,
                  100'000);
    flags.on(refit, "--refit", "Train the best on all rows and log it on the parent run");
    flags.pairs(refit_params, "--refit-param", "A parameter for the refit alone, NAME=VALUE");
  }
};

// The rows that trials learn from: a stratified sample, or all.
Result<data::Batch> sampled(const data::Batch& rows, const TuneFlags& options) {
  const auto wanted = static_cast<size_t>(options.sample);
  if (wanted == 0 || wanted >= rows.n_rows) return rows;
  const auto* label = TRY(rows.column(options.training.label));
  const double fraction = static_cast<double>(wanted) / static_cast<double>(rows.n_rows);
  const std::vector<data::Part> parts{{"sample", fraction}, {"rest", 1 - fraction}};
  const auto taken =
      TRY(data::stratified_split(*label, parts, static_cast<uint64_t>(options.training.seed)));
  return rows.take(taken[0]);
}

// Logs every trial as a child run, and shows how far the study is.
class TrialLog {
 public:
  TrialLog(client::Server& server, const RunLog& parent, const TuneFlags& options,
           studies::Objective objective)
      : server_(server),
        parent_(parent),
        objective_(objective),
        progress_("trials", static_cast<size_t>(options.n_trials)) {}

  Result<void> add(const studies::TrialReport& trial) {
    client::NewRun run;
    run.experiment_id = parent_.experiment_id();
    run.run_name = fmt::format("trial-{}", trial.number);
    run.parent_run_id = parent_.run_id();
    run.start_time_ms = trial.start_time_ms;
    run.tags = {{"slipway.trial.number", std::to_string(trial.number)},
                {"slipway.trial.state", std::string(studies::state_name(trial.state))}};
    if (!trial.message.empty()) run.tags.emplace_back("slipway.trial.message", trial.message);
    const auto made = TRY(client::create_run(server_, run));
    TRY(client::log_batch(server_, made.run_id, params(trial), points(trial)));
    TRY(client::end_run(server_, made.run_id, status(trial)));
    show(trial);
    return {};
  }

 private:
  static client::Pairs params(const studies::TrialReport& trial) {
    client::Pairs pairs;
    for (const auto& member : trial.params) {
      const auto& value = member.value();
      pairs.emplace_back(member.key(),
                         value.is_string() ? std::string(value.get_string()) : to_text(value));
    }
    return pairs;
  }

  static std::vector<client::MetricPoint> points(const studies::TrialReport& trial) {
    std::vector<client::MetricPoint> points;
    const auto time = trial.end_time_ms;
    for (const auto& round : trial.answer.history) {
      for (const auto& [key, value] : train::round_metrics(round)) {
        points.push_back({key, value, time, static_cast<int64_t>(round.round)});
      }
    }
    for (const auto& [key, value] : trial.answer.metrics) {
      points.push_back({key, value, time, trial.answer.best_round});
    }
    using State = studies::TrialReport::State;
    if (trial.state == State::finished) points.push_back({"loss", trial.loss, time, 0});
    if (trial.state == State::not_a_number) {
      points.push_back({"loss", std::numeric_limits<double>::quiet_NaN(), time, 0});
    }
    return points;
  }

  static std::string_view status(const studies::TrialReport& trial) {
    if (trial.state == studies::TrialReport::State::finished) return "FINISHED";
    return trial.state == studies::TrialReport::State::cancelled ? "KILLED" : "FAILED";
  }

  void show(const studies::TrialReport& trial) {
    const bool finished = trial.state == studies::TrialReport::State::finished;
    if (finished && trial.loss < best_loss_) best_loss_ = trial.loss;
    progress_.show(++n_done_, fmt::format("best {} {:.4f}", studies::objective_name(objective_),
                                          studies::objective_value(objective_, best_loss_)));
  }

  client::Server& server_;
  const RunLog& parent_;
  studies::Objective objective_;
  Progress progress_;
  size_t n_done_ = 0;
  double best_loss_ = std::numeric_limits<double>::infinity();
};

// Write what all trials train from, and run them.
Result<studies::StudyReport> search(const TuneFlags& options, const tune::Space& space,
                                    const TrainingTables& tables, TrialLog& log) {
  const auto rows = TRY(sampled(tables.train_rows, options));
  auto request = TRY(train_request(options.training, tables));
  train::TrainRequest on_sample{.train = rows};
  on_sample.validation = request.validation;
  on_sample.label = request.label;
  on_sample.learner = request.learner;
  on_sample.weekdays = request.weekdays;
  on_sample.drop = request.drop;
  const auto encoded = TRY(train::encode(on_sample));
  const auto folder = TRY(TemporaryFolder::make());
  const auto matrix = folder.path() / "matrix";
  TRY(train::write_matrix_file(matrix, encoded.data()));
  studies::StudyRequest study;
  study.program = std::filesystem::read_symlink("/proc/self/exe").string();
  study.matrix_file = matrix.string();
  study.learner = options.training.learner;
  study.params = request.params;
  // trials that run side by side share the cores
  if (study.learner == "xgboost" && !study.params.contains("nthread")) study.params["nthread"] = 1;
  study.seed = request.seed;
  study.objective = TRY(studies::parse_objective(options.metric));
  study.options.algorithm = options.algorithm;
  study.options.seed = request.seed;
  study.options.max_trials = options.n_trials;
  study.options.parallelism = static_cast<int>(options.parallelism);
  study.options.patience_trials = options.patience;
  study.timeout_ms = static_cast<int64_t>(options.timeout_s * 1e3);
  study.trial_timeout_ms = static_cast<int64_t>(options.trial_timeout_s * 1e3);
  return studies::run_study(space, study,
                            [&](const studies::TrialReport& trial) { return log.add(trial); });
}

// Train the best parameters on all rows.
Result<train::Trained> refit(const TuneFlags& options, const TrainingTables& tables,
                             const studies::TrialReport& best, RunLog& run) {
  auto request = TRY(train_request(options.training, tables));
  for (const auto& member : best.params) request.params[member.key()] = member.value();
  for (const auto& [name, value] : options.refit_params) request.params[name] = value;
  return fit_shown(request, "refit rounds", 0, &run);
}

Listing trial_listing(const studies::StudyReport& report, studies::Objective objective) {
  Listing listing{{{"trial", true},
                   {"state"},
                   {std::string(studies::objective_name(objective)), true},
                   {"seconds", true},
                   {"params"}},
                  {}};
  for (const auto& trial : report.trials) {
    const bool finished = trial.state == studies::TrialReport::State::finished;
    const double seconds = static_cast<double>(trial.end_time_ms - trial.start_time_ms) / 1e3;
    listing.rows.push_back(
        {std::to_string(trial.number), std::string(studies::state_name(trial.state)),
         finished ? short_number(studies::objective_value(objective, trial.loss)) : "",
         fmt::format("{:.2f}", seconds), finished ? to_text(trial.params) : trial.message});
  }
  return listing;
}

JsonObject study_json(const studies::StudyReport& report, studies::Objective objective) {
  JsonArray trials;
  for (const auto& trial : report.trials) {
    JsonObject json;
    json["number"] = trial.number;
    json["state"] = studies::state_name(trial.state);
    json["params"] = trial.params;
    json["value"] = studies::objective_value(objective, trial.loss);
    json["seconds"] = static_cast<double>(trial.end_time_ms - trial.start_time_ms) / 1e3;
    if (!trial.message.empty()) json["message"] = trial.message;
    trials.push_back(std::move(json));
  }
  JsonObject json;
  json["metric"] = studies::objective_name(objective);
  if (report.best) json["best"] = trials[*report.best];
  json["ended_by"] = report.ended_by;
  json["trials"] = std::move(trials);
  return json;
}

Result<void> log_best(client::Server& server, const RunLog& parent,
                      const studies::StudyReport& report, studies::Objective objective) {
  const auto& best = report.trials[*report.best];
  client::Pairs tags{{"slipway.best_trial", std::to_string(best.number)},
                     {"slipway.ended_by", report.ended_by}};
  const auto key = fmt::format("best_{}", studies::objective_name(objective));
  const double value = studies::objective_value(objective, best.loss);
  return client::log_batch(server, parent.run_id(), {}, {{key, value, now_ms(), best.number}},
                           tags);
}

}  // namespace

Result<int> tune_model(Invocation& call) {
  TuneFlags options;
  Flags flags(call);
  options.declare(flags);
  TRY(flags.parse());
  process::install_interrupt();
  const auto space_json = TRY(read_yaml(options.space_file));
  const auto space = TRY(tune::Space::parse(space_json));
  const auto objective = TRY(studies::parse_objective(options.metric));
  if (options.training.validation_file.empty()) {
    return fail(Code::invalid_parameter_value, "--validation is needed: trials are measured on it");
  }
  const auto tables = TRY(read_tables(options.training));
  auto server = TRY(client::Server::at(options.training.server_address));
  const client::Pairs tags{{"slipway.space", to_text(space_json)}};
  auto parent = TRY(open_run(server, options.training, call, tables, tags));
  studies::StudyReport report;
  {
    TrialLog log(server, parent, options, objective);
    report = TRY(search(options, space, tables, log));
  }
  if (process::interrupted()) return fail(Code::cancelled, "interrupted");
  if (!report.best) {
    return fail(Code::invalid_state, "none of {} trials finished; the first: {}",
                report.trials.size(),
                report.trials.empty() ? "there was none" : report.trials[0].message);
  }
  TRY(log_best(server, parent, report, objective));
  auto json = study_json(report, objective);
  std::optional<train::Trained> trained;
  std::optional<LoggedModel> logged;
  if (options.refit) {
    trained = TRY(refit(options, tables, report.trials[*report.best], parent));
    logged = TRY(log_model(server, parent, *trained, options.training.register_name));
    json["refit"] = trained_json(*trained, logged);
  } else {
    json["run_id"] = parent.run_id();
    TRY(parent.finish());
  }
  if (options.training.format == Format::json) {
    print(Json(std::move(json)));
    return 0;
  }
  print(trial_listing(report, objective), options.training.format);
  if (trained) {
    print_line("");
    print_trained(*trained, logged, options.training);
  }
  return 0;
}

}  // namespace slipway::cli
