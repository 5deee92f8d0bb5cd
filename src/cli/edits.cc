#include "base/text.h"
#include "cli/command_list.h"
#include "client/artifacts.h"
#include "client/tracking.h"

namespace slipway::cli {
namespace {

// A positional of a command, and the member of the request that it becomes.
struct Part {
  std::string_view member;
  std::string_view shown;
  std::string_view help;
};

constexpr Part kExperiment{"experiment_id", "EXPERIMENT_ID", "Id of the experiment"};
constexpr Part kRun{"run_id", "RUN_ID", "Id of the run"};
constexpr Part kModel{"name", "NAME", "The registered model"};
constexpr Part kKey{"key", "KEY", "Its key"};
constexpr Part kValue{"value", "VALUE", "Its value"};

constexpr std::string_view kApi = "/api/2.0/mlflow/";

// A command that is one request: its positionals become the members of the body.
Result<int> send(Invocation& call, std::string_view method, std::string_view path,
                 std::initializer_list<Part> parts) {
  std::string address;
  std::vector<std::string> values(parts.size());
  Flags flags(call);
  size_t i = 0;
  for (const Part& part : parts) flags.positional(values[i++], part.shown, part.help);
  flags.server(address);
  TRY(flags.parse());
  JsonObject body;
  i = 0;
  for (const Part& part : parts) body[part.member] = values[i++];
  auto server = TRY(client::Server::at(address));
  TRY(server.send(method, std::string(kApi) + std::string(path), body));
  return 0;
}

}  // namespace

Result<int> experiments_rename(Invocation& call) {
  return send(call, "POST", "experiments/update",
              {kExperiment, {"new_name", "NEW_NAME", "The name it is to have"}});
}

Result<int> experiments_restore(Invocation& call) {
  return send(call, "POST", "experiments/restore", {kExperiment});
}

Result<int> experiments_tag(Invocation& call) {
  return send(call, "POST", "experiments/set-experiment-tag", {kExperiment, kKey, kValue});
}

Result<int> experiments_get(Invocation& call) {
  std::string address;
  std::string asked;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(asked, "EXPERIMENT", "Id of the experiment, or its name");
  flags.server(address);
  flags.format(format);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  const bool by_id = to_integer(asked).has_value();
  const auto found =
      TRY(by_id ? client::get_experiment(server, asked) : client::find_experiment(server, asked));
  Listing listing{{{"experiment_id"}, {"name"}, {"lifecycle_stage"}, {"artifact_location"}}, {}};
  listing.rows.push_back(
      {found.experiment_id, found.name, found.lifecycle_stage, found.artifact_location});
  print(listing, format);
  return 0;
}

Result<int> runs_restore(Invocation& call) { return send(call, "POST", "runs/restore", {kRun}); }

Result<int> runs_tag(Invocation& call) {
  return send(call, "POST", "runs/set-tag", {kRun, kKey, kValue});
}

Result<int> runs_log_param(Invocation& call) {
  return send(call, "POST", "runs/log-parameter", {kRun, kKey, kValue});
}

Result<int> runs_log_metric(Invocation& call) {
  std::string address;
  std::string run_id;
  client::MetricPoint point;
  std::string value;
  std::string step = "0";
  Flags flags(call);
  flags.positional(run_id, "RUN_ID", "Id of the run");
  flags.positional(point.key, "KEY", "Name of the metric");
  flags.positional(value, "VALUE", "A number");
  flags.text(step, "--step", "Step of the point");
  flags.server(address);
  TRY(flags.parse());
  const auto number = to_number(value);
  const auto step_number = to_integer(step);
  if (!number || !step_number) {
    return fail(Code::invalid_parameter_value, "'{}' is no {}", number ? step : value,
                number ? "whole number" : "number");
  }
  point.value = *number;
  point.step = *step_number;
  point.time_ms = now_ms();
  auto server = TRY(client::Server::at(address));
  TRY(client::log_batch(server, run_id, {}, {point}));
  return 0;
}

Result<int> runs_end(Invocation& call) {
  std::string address;
  std::string run_id;
  std::string status = "FINISHED";
  Flags flags(call);
  flags.positional(run_id, "RUN_ID", "Id of the run");
  flags.choice(status, "--status", "How it ended", {"FINISHED", "FAILED", "KILLED"});
  flags.server(address);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  TRY(client::end_run(server, run_id, status));
  return 0;
}

Result<int> runs_create(Invocation& call) {
  std::string address;
  std::string experiment;
  client::NewRun run;
  Flags flags(call);
  flags.positional(experiment, "EXPERIMENT", "Name of the experiment; made where there is none");
  flags.text(run.run_name, "--name", "Name of the run [invented]");
  flags.text(run.parent_run_id, "--parent", "Id of the run it belongs to");
  flags.server(address);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  run.experiment_id = TRY(client::get_or_create_experiment(server, experiment));
  run.start_time_ms = now_ms();
  const auto made = TRY(client::create_run(server, run));
  print_line(made.run_id);
  return 0;
}

// Runs side by side: a row for each param and metric of any of them.
Result<int> runs_compare(Invocation& call) {
  std::string address;
  std::vector<std::string> run_ids;
  Format format = Format::table;
  Flags flags(call);
  flags.positionals(run_ids, "RUN_ID", "Ids of the runs");
  flags.server(address);
  flags.format(format);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  Listing listing{{{"field"}}, {}};
  std::map<std::string, std::vector<std::string>> rows;
  for (size_t i = 0; i < run_ids.size(); ++i) {
    const auto run = TRY(client::get_run(server, run_ids[i]));
    listing.headings.push_back({run.run_id});
    const auto put = [&](const std::string& field, std::string value) {
      auto& row = rows[field];
      row.resize(run_ids.size());
      row[i] = std::move(value);
    };
    put("run_name", run.run_name);
    put("status", run.status);
    for (const auto& [key, value] : run.metrics) put("metrics." + key, fmt::format("{}", value));
    for (const auto& [key, value] : run.params) put("params." + key, value);
  }
  for (auto& [field, cells] : rows) {
    auto& row = listing.rows.emplace_back();
    row.push_back(field);
    for (auto& cell : cells) row.push_back(std::move(cell));
  }
  print(listing, format);
  return 0;
}

Result<int> models_create(Invocation& call) {
  return send(call, "POST", "registered-models/create", {kModel});
}

Result<int> models_rename(Invocation& call) {
  return send(call, "POST", "registered-models/rename",
              {kModel, {"new_name", "NEW_NAME", "The name it is to have"}});
}

Result<int> models_describe(Invocation& call) {
  return send(call, "PATCH", "registered-models/update",
              {kModel, {"description", "TEXT", "What it is"}});
}

Result<int> models_tag(Invocation& call) {
  return send(call, "POST", "registered-models/set-tag", {kModel, kKey, kValue});
}

Result<int> models_unalias(Invocation& call) {
  return send(call, "DELETE", "registered-models/alias",
              {kModel, {"alias", "ALIAS", "The alias to remove"}});
}

}  // namespace slipway::cli
