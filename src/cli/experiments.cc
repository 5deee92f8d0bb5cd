#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/tracking.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kCalled = "Id of the experiment, or its name";
constexpr Part kExperiment{"experiment_id", "EXPERIMENT", kCalled, Part::Meaning::experiment};

Json experiment_json(const client::Experiment& experiment) {
  return JsonObject{{"experiment_id", experiment.experiment_id},
                    {"name", experiment.name},
                    {"lifecycle_stage", experiment.lifecycle_stage},
                    {"artifact_location", experiment.artifact_location},
                    {"creation_time", experiment.creation_time_ms},
                    {"last_update_time", experiment.last_update_time_ms},
                    {"tags", texts_json(experiment.tags)}};
}

Result<int> show(Flags& flags, client::ExperimentSearch& search) {
  ViewFlag view;
  Format format = Format::table;
  view.declare(flags);
  auto server = TRY(connect(flags, format));
  search.view = view.value();
  const auto experiments = TRY(client::search_experiments(server, search));
  Listing listing{
      {{"experiment_id"}, {"name"}, {"lifecycle_stage"}, {"created"}, {"artifact_location"}}, {}};
  for (const auto& experiment : experiments) {
    listing.rows.push_back({experiment.experiment_id, experiment.name, experiment.lifecycle_stage,
                            time_text(experiment.creation_time_ms), experiment.artifact_location});
  }
  print(listing, format);
  return 0;
}

}  // namespace

Result<int> experiments_list(Invocation& call) {
  client::ExperimentSearch search;
  Flags flags(call);
  return show(flags, search);
}

Result<int> experiments_search(Invocation& call) {
  client::ExperimentSearch search;
  Flags flags(call);
  flags.text(search.filter, "--filter", "Such as \"name LIKE 'flight%' and tags.team = 'a'\"");
  flags.many(search.order_by, "--order-by", "Such as \"last_update_time DESC\"; may be repeated");
  flags.integer(search.max_results, "--max-results", "Experiments to show at most; 0: all", 0,
                INT64_MAX);
  return show(flags, search);
}

Result<int> experiments_get(Invocation& call) {
  std::string asked;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(asked, "EXPERIMENT", kCalled);
  auto server = TRY(connect(flags, format));
  const auto found = TRY(client::experiment_called(server, asked));
  if (format == Format::json) {
    print(experiment_json(found));
    return 0;
  }
  Listing listing{{{"field"}, {"value"}}, {}};
  listing.rows = {{"experiment_id", found.experiment_id},
                  {"name", found.name},
                  {"lifecycle_stage", found.lifecycle_stage},
                  {"artifact_location", found.artifact_location},
                  {"created", time_text(found.creation_time_ms)},
                  {"updated", time_text(found.last_update_time_ms)}};
  for (const auto& [key, value] : found.tags) listing.rows.push_back({"tags." + key, value});
  print(listing, format);
  return 0;
}

Result<int> experiments_create(Invocation& call) {
  std::string name;
  std::string location;
  client::Pairs tags;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", "Name of the experiment");
  flags.text(location, "--artifact-location", "Where its artifacts go [the server's choice]");
  flags.pairs(tags, "--tag", "NAME=VALUE; may be repeated");
  auto server = TRY(connect(flags, format));
  const auto experiment_id = TRY(client::create_experiment(server, name, location, tags));
  print_made("experiment_id", experiment_id, format);
  return 0;
}

Result<int> experiments_rename(Invocation& call) {
  return send(call, "POST", "mlflow/experiments/update", {kExperiment, kNewName});
}

Result<int> experiments_tag(Invocation& call) {
  return send(call, "POST", "mlflow/experiments/set-experiment-tag", {kExperiment, kKey, kValue});
}

Result<int> experiments_untag(Invocation& call) {
  return send(call, "POST", "mlflow/experiments/delete-experiment-tag", {kExperiment, kKey});
}

Result<int> experiments_delete(Invocation& call) {
  return send(call, "POST", "mlflow/experiments/delete", {kExperiment});
}

Result<int> experiments_restore(Invocation& call) {
  return send(call, "POST", "mlflow/experiments/restore", {kExperiment});
}

}  // namespace slipway::cli
