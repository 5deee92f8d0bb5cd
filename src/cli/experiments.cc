#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/tracking.h"

namespace slipway::cli {
namespace {

constexpr Part kExperiment{"experiment_id", "EXPERIMENT_ID", "Id of the experiment"};

}  // namespace

Result<int> experiments_list(Invocation& call) {
  Format format = Format::table;
  Flags flags(call);
  auto server = TRY(connect(flags, format));
  const auto experiments = TRY(client::list_experiments(server));
  Listing listing{{{"experiment_id"}, {"name"}, {"created"}, {"artifact_location"}}, {}};
  for (const auto& experiment : experiments) {
    listing.rows.push_back({experiment.experiment_id, experiment.name,
                            time_text(experiment.creation_time_ms), experiment.artifact_location});
  }
  print(listing, format);
  return 0;
}

Result<int> experiments_get(Invocation& call) {
  std::string asked;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(asked, "EXPERIMENT", "Id of the experiment, or its name");
  auto server = TRY(connect(flags, format));
  const bool by_id = to_integer(asked).has_value();
  const auto found =
      TRY(by_id ? client::get_experiment(server, asked) : client::find_experiment(server, asked));
  Listing listing{{{"experiment_id"}, {"name"}, {"lifecycle_stage"}, {"artifact_location"}}, {}};
  listing.rows.push_back(
      {found.experiment_id, found.name, found.lifecycle_stage, found.artifact_location});
  print(listing, format);
  return 0;
}

Result<int> experiments_create(Invocation& call) {
  std::string name;
  Flags flags(call);
  flags.positional(name, "NAME", "Name of the experiment");
  auto server = TRY(connect(flags));
  const auto experiment_id = TRY(client::create_experiment(server, name));
  print_line(experiment_id);
  return 0;
}

Result<int> experiments_rename(Invocation& call) {
  return send(call, "POST", "mlflow/experiments/update", {kExperiment, kNewName});
}

Result<int> experiments_tag(Invocation& call) {
  return send(call, "POST", "mlflow/experiments/set-experiment-tag", {kExperiment, kKey, kValue});
}

Result<int> experiments_delete(Invocation& call) {
  return send(call, "POST", "mlflow/experiments/delete", {kExperiment});
}

Result<int> experiments_restore(Invocation& call) {
  return send(call, "POST", "mlflow/experiments/restore", {kExperiment});
}

}  // namespace slipway::cli
