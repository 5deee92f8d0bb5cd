#include "cli/training.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/progress.h"
#include "data/read.h"
#include "process/signals.h"

namespace slipway::cli {

void TrainingFlags::declare(Flags& flags) {
  flags.text(train_file, "--data", "Table to learn from", Need::required);
  flags.text(validation_file, "--validation", "Table to measure on while learning");
  flags.text(test_file, "--test", "Table to measure on once, at the end");
  flags.text(label, "--label", "Column to learn: 0 or 1", Need::required);
  flags.text(learner, "--learner", "xgboost or logistic");
  flags.pairs(params, "--param", "A learner's parameter, NAME=VALUE; may be repeated");
  flags.many(drop, "--drop", "A column that is no feature; may be repeated");
  flags.text(weekday, "--weekday", "Derive the weekday from these columns: YEAR,MONTH,DAY");
  flags.text(types, "--types", "Types of CSV columns, such as age=float64,id=string");
  flags.integer(seed, "--seed", "The same seed gives the same model", 0, INT64_MAX);
  flags.text(experiment, "--experiment", "Experiment to log to [Default]");
  flags.text(run_name, "--run-name", "Name of the run [the server invents one]");
  flags.server(server_address);
  flags.text(register_name, "--register", "Register the model under this name");
  flags.text(out, "--out", "Also write the model folder here (alone: without a server)");
  flags.config();
  flags.format(format);
}

Result<std::vector<models::Weekday>> TrainingFlags::weekdays() const {
  if (weekday.empty()) return std::vector<models::Weekday>();
  const auto parts = split(weekday, ',');
  if (parts.size() != 3) {
    return fail(Code::invalid_parameter_value, "--weekday '{}': accepted is YEAR,MONTH,DAY",
                weekday);
  }
  return std::vector<models::Weekday>{{"weekday", parts[0], parts[1], parts[2]}};
}

Result<TrainingTables> read_tables(const TrainingFlags& flags) {
  data::ReadOptions options;
  options.csv.types = TRY(data::parse_types(flags.types));
  TrainingTables tables;
  const auto read = [&](const std::string& file, std::string_view context,
                        data::Table& table) -> Result<data::Batch> {
    table = TRY(data::read_table(file, options));
    auto input = TRY(dataset_input(table, file, context));
    tables.inputs.push_back(std::move(input));
    return table.batch();
  };
  tables.train_rows = TRY(read(flags.train_file, "training", tables.train));
  if (!flags.validation_file.empty()) {
    tables.validation_rows =
        TRY(read(flags.validation_file, "validation", tables.validation.emplace()));
  }
  if (!flags.test_file.empty()) {
    tables.test_rows = TRY(read(flags.test_file, "testing", tables.test.emplace()));
  }
  return tables;
}

Result<train::TrainRequest> train_request(const TrainingFlags& flags,
                                          const TrainingTables& tables) {
  train::TrainRequest request{.train = tables.train_rows};
  if (tables.validation_rows) request.validation = &*tables.validation_rows;
  if (tables.test_rows) request.test = &*tables.test_rows;
  request.label = flags.label;
  request.learner = flags.learner;
  for (const auto& [name, value] : flags.params) request.params[name] = value;
  request.seed = static_cast<uint64_t>(flags.seed);
  request.weekdays = TRY(flags.weekdays());
  request.drop = flags.drop;
  return request;
}

Result<RunLog> open_run(client::Server& server, const TrainingFlags& flags, const Invocation& call,
                        const TrainingTables& tables, const client::Pairs& tags) {
  client::NewRun run;
  run.experiment_id = TRY(client::get_or_create_experiment(
      server, flags.experiment.empty() ? "Default" : flags.experiment));
  run.run_name = flags.run_name;
  run.start_time_ms = now_ms();
  run.tags = run_tags(call);
  run.tags.insert(run.tags.end(), tags.begin(), tags.end());
  auto log = TRY(RunLog::open(server, run));
  TRY(client::log_inputs(server, log.run_id(), tables.inputs));
  return log;
}

Result<train::Trained> fit_shown(train::TrainRequest& request, std::string_view label,
                                 size_t n_rounds, RunLog* run) {
  Progress progress(std::string(label), n_rounds);
  Result<void> logged;
  request.on_round = [&](const train::RoundMetrics& round) {
    progress.show(round.round, fmt::format("validation AUC {:.4f}", round.validation_auc));
    if (run && logged.ok()) logged = run->add_round(round);
    return process::interrupted() || !logged.ok() ? train::Next::stop : train::Next::go_on;
  };
  auto trained = train::fit(request);
  if (process::interrupted()) return fail(Code::cancelled, "interrupted");
  TRY(std::move(logged));
  return trained;
}

Result<LoggedModel> log_model(client::Server& server, RunLog& run, const train::Trained& trained,
                              const std::string& register_name) {
  LoggedModel logged;
  logged.run_id = run.run_id();
  logged.experiment_id = run.experiment_id();
  logged.model_uri = fmt::format("runs:/{}/model", logged.run_id);
  const auto folder = TRY(TemporaryFolder::make());
  const auto model = folder.path() / "model";
  TRY(save_model(trained, logged.run_id, model));
  TRY(run.add_trained(trained, model));
  TRY(run.finish());
  if (!register_name.empty()) {
    logged.registered =
        TRY(client::register_version(server, register_name, logged.model_uri, logged.run_id));
  }
  return logged;
}

JsonObject trained_json(const train::Trained& trained, const std::optional<LoggedModel>& logged) {
  JsonObject metrics;
  for (const auto& [name, value] : trained.metrics) metrics[name] = value;
  JsonObject params;
  for (const auto& [name, value] : trained.params) params[name] = value;
  JsonObject json;
  if (logged) {
    json["run_id"] = logged->run_id;
    json["experiment_id"] = logged->experiment_id;
    json["model_uri"] = logged->model_uri;
    if (logged->registered) json["version"] = logged->registered->version;
  }
  json["metrics"] = std::move(metrics);
  json["params"] = std::move(params);
  json["best_round"] = trained.best_round;
  json["fit_seconds"] = trained.fit_seconds;
  return json;
}

void print_trained(const train::Trained& trained, const std::optional<LoggedModel>& logged,
                   const TrainingFlags& flags) {
  Listing listing{{{"metric"}, {"value", true}}, {}};
  for (const auto& [name, value] : trained.metrics) {
    listing.rows.push_back({name, short_number(value)});
  }
  print(listing, flags.format);
  if (flags.format == Format::csv) return;
  print_line(fmt::format("\nfitted in {:.1f} s", trained.fit_seconds));
  if (logged) print_line("model       " + logged->model_uri);
  if (logged && logged->registered) {
    print_line(fmt::format("registered  models:/{}/{}", logged->registered->name,
                           logged->registered->version));
  }
  if (!flags.out.empty()) print_line("folder      " + flags.out);
}

}  // namespace slipway::cli
