#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/tracking.h"

namespace slipway::cli {
namespace {

constexpr Part kRun{"run_id", "RUN_ID", "Id of the run"};

}  // namespace

Result<int> runs_create(Invocation& call) {
  std::string experiment;
  client::NewRun run;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(experiment, "EXPERIMENT", "Name of the experiment; made where there is none");
  flags.text(run.run_name, "--name", "Name of the run [invented]");
  flags.text(run.parent_run_id, "--parent", "Id of the run it belongs to");
  flags.pairs(run.tags, "--tag", "NAME=VALUE; may be repeated");
  auto server = TRY(connect(flags, format));
  run.experiment_id = TRY(client::get_or_create_experiment(server, experiment));
  run.start_time_ms = now_ms();
  const auto made = TRY(client::create_run(server, run));
  print_made("run_id", made.run_id, format);
  return 0;
}

Result<int> runs_log_param(Invocation& call) {
  return send(call, "POST", "mlflow/runs/log-parameter", {kRun, kKey, kValue});
}

Result<int> runs_log_metric(Invocation& call) {
  std::string run_id;
  client::MetricPoint point;
  Flags flags(call);
  flags.positional(run_id, "RUN_ID", "Id of the run");
  flags.positional(point.key, "KEY", "Name of the metric");
  flags.number(point.value, "VALUE", "A number, nan or inf", Need::required);
  flags.integer(point.step, "--step", "Step of the point", INT64_MIN, INT64_MAX);
  auto server = TRY(connect(flags));
  point.time_ms = now_ms();
  TRY(client::log_batch(server, run_id, {}, {point}));
  return 0;
}

Result<int> runs_tag(Invocation& call) {
  return send(call, "POST", "mlflow/runs/set-tag", {kRun, kKey, kValue});
}

Result<int> runs_untag(Invocation& call) {
  return send(call, "POST", "mlflow/runs/delete-tag", {kRun, kKey});
}

Result<int> runs_rename(Invocation& call) {
  return send(call, "POST", "mlflow/runs/update",
              {kRun, {"run_name", "NEW_NAME", "The name it is to have"}});
}

Result<int> runs_end(Invocation& call) {
  std::string run_id;
  std::string status = "FINISHED";
  Flags flags(call);
  flags.positional(run_id, "RUN_ID", "Id of the run");
  flags.choice(status, "--status", "How it ended", {"FINISHED", "FAILED", "KILLED"});
  auto server = TRY(connect(flags));
  TRY(client::end_run(server, run_id, status));
  return 0;
}

Result<int> runs_delete(Invocation& call) {
  return send(call, "POST", "mlflow/runs/delete", {kRun});
}

Result<int> runs_restore(Invocation& call) {
  return send(call, "POST", "mlflow/runs/restore", {kRun});
}

}  // namespace slipway::cli
