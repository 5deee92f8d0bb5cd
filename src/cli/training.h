// cli/training.h — what `train` and `tune` have in common: tables, label, learner, parameters.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "cli/run_log.h"
#include "client/registry.h"
#include "data/table.h"
#include "train/train.h"

namespace slipway::cli {

/// The flags themselves.
struct TrainingFlags {
  std::string train_file, validation_file, test_file;
  std::string label;
  std::string learner = "xgboost";
  std::string types;
  client::Pairs params;
  std::vector<std::string> drop;
  std::string weekday;  // "year,month,day"
  int64_t seed = 0;
  std::string experiment;
  std::string run_name;
  std::string server_address;
  std::string register_name;
  std::string out;
  Format format = Format::table;

  void declare(Flags& flags);
  /// True unless only --out is asked for.
  bool logs_to_server() const { return out.empty() || !experiment.empty(); }
  /// Errors   invalid_parameter_value: not three columns.
  Result<std::vector<models::Weekday>> weekdays() const;
};

/// The tables of a training, read.
struct TrainingTables {
  data::Table train;
  std::optional<data::Table> validation;
  std::optional<data::Table> test;
  data::Batch train_rows;
  std::optional<data::Batch> validation_rows;
  std::optional<data::Batch> test_rows;
  std::vector<client::DatasetInput> inputs;
};

/// Read what the flags name. Errors as data::read_table.
Result<TrainingTables> read_tables(const TrainingFlags& flags);

/// Make the request for train::fit; it borrows the tables.
Result<train::TrainRequest> train_request(const TrainingFlags& flags, const TrainingTables& tables);

/// Open the run that a training or a study is logged to, and say what tables it reads.
///
/// tags     beside those of run_tags()
/// Errors   as client::get_or_create_experiment and RunLog::open.
Result<RunLog> open_run(client::Server& server, const TrainingFlags& flags, const Invocation& call,
                        const TrainingTables& tables, const client::Pairs& tags = {});

/// Fit, showing each round as `label` and, where there is a run, logging it.
///
/// n_rounds  at most; 0: unknown.
/// Errors   as train::fit and RunLog::add_round; cancelled: interrupted.
Result<train::Trained> fit_shown(train::TrainRequest& request, std::string_view label,
                                 size_t n_rounds, RunLog* run);

/// What came of it all, for printing.
struct LoggedModel {
  std::string run_id;
  std::string experiment_id;
  std::string model_uri;  // runs:/RUN_ID/model
  std::optional<client::ModelVersion> registered;
};

/// Save, upload and register a trained model, and close its run.
Result<LoggedModel> log_model(client::Server& server, RunLog& run, const train::Trained& trained,
                              const std::string& register_name);

/// Print a training's metrics, and where its model is.
void print_trained(const train::Trained& trained, const std::optional<LoggedModel>& logged,
                   const TrainingFlags& flags);
JsonObject trained_json(const train::Trained& trained, const std::optional<LoggedModel>& logged);

}  // namespace slipway::cli
