#include "cli/run_log.h"

#include <cstdlib>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "client/artifacts.h"
#include "models/save.h"
#include "process/signals.h"

namespace slipway::cli {

constexpr int64_t kSendEveryMs = 1000;

Result<client::DatasetInput> dataset_input(const data::Table& table,
                                           const std::filesystem::path& file,
                                           std::string_view context) {
  client::DatasetInput input;
  input.name = file.stem().string();
  input.digest = TRY(table.digest());
  input.source_type = "local";
  input.source = to_text(JsonObject{{"uri", std::filesystem::absolute(file).string()}});
  std::vector<models::ColumnSpec> columns;
  for (const auto& field : table.schema()) {
    if (field.type) columns.push_back({field.name, models::column_type(*field.type), true});
  }
  input.schema = fmt::format("{{\"mlflow_colspec\": {}}}", models::signature_text(columns));
  input.profile = to_text(JsonObject{{"num_rows", table.n_rows()},
                                     {"num_elements", table.n_rows() * table.n_columns()}});
  input.context = std::string(context);
  return input;
}

client::Pairs run_tags(const Invocation& call) {
  const char* user = std::getenv("USER");
  client::Pairs tags{
      {"mlflow.source.type", "LOCAL"},
      {"mlflow.source.name", "slipway " + call.command},
      {"slipway.command_line", "slipway " + call.command + " " + join(call.arguments, " ")}};
  if (user && *user) tags.emplace_back("mlflow.user", user);
  return tags;
}

Result<RunLog> RunLog::open(client::Server& server, const client::NewRun& run) {
  auto made = TRY(client::create_run(server, run));
  return RunLog(server, std::move(made));
}

RunLog::~RunLog() {
  if (run_.run_id.empty()) return;
  const auto ended =
      client::end_run(*server_, run_.run_id, process::interrupted() ? "KILLED" : "FAILED");
  if (!ended.ok()) fmt::print(stderr, "slipway: {}\n", ended.error().message);
}

Result<void> RunLog::add_round(const train::RoundMetrics& round) {
  const auto now = now_ms();
  for (const auto& [key, value] : train::round_metrics(round)) {
    pending_.push_back({key, value, now, static_cast<int64_t>(round.round)});
  }
  if (now - last_sent_ms_ < kSendEveryMs) return {};
  last_sent_ms_ = now;
  return flush();
}

Result<void> RunLog::flush() {
  if (pending_.empty()) return {};
  const auto points = std::exchange(pending_, {});
  return client::log_batch(*server_, run_.run_id, {}, points);
}

Result<void> RunLog::add_trained(const train::Trained& trained,
                                 const std::filesystem::path& model_dir) {
  TRY(flush());
  std::vector<client::MetricPoint> points;
  const auto now = now_ms();
  for (const auto& [key, value] : trained.metrics) {
    points.push_back({key, value, now, static_cast<int64_t>(trained.best_round)});
  }
  points.push_back({"fit_seconds", trained.fit_seconds, now, 0});
  TRY(client::log_batch(*server_, run_.run_id, trained.params, points));
  const auto folder = TRY(TemporaryFolder::make());
  const auto plots = folder.path() / "plots";
  TRY(make_folder(plots));
  for (const auto& plot : trained.plots) TRY(write_file(plots / plot.file_name, plot.svg));
  TRY(client::upload(*server_, run_.run_id, plots, "plots"));
  return client::upload(*server_, run_.run_id, model_dir, "model");
}

Result<void> RunLog::finish() {
  TRY(flush());
  TRY(client::end_run(*server_, run_.run_id, "FINISHED"));
  run_.run_id.clear();
  return {};
}

Result<void> save_model(const train::Trained& trained, std::string_view run_id,
                        const std::filesystem::path& dir) {
  models::SaveRequest request{
      trained.preprocess, trained.estimator, trained.example, "model", std::string(run_id), "", 0};
  return models::save(request, dir);
}

}  // namespace slipway::cli
