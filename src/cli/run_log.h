// cli/run_log.h — one training as a run on a server: opened, filled while it runs, and closed.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "client/tracking.h"
#include "data/table.h"
#include "train/train.h"

namespace slipway::cli {

/// Describe a table that a run reads, with its digest.
/// Errors   as Table::digest.
Result<client::DatasetInput> dataset_input(const data::Table& table,
                                           const std::filesystem::path& file,
                                           std::string_view context);

/// Give the tags that every run of ours has: user, source, command line.
client::Pairs run_tags(const Invocation& call);

/// A run that is open on a server; where it goes without finish(), it is closed as FAILED (KILLED
/// after an interrupt).
class RunLog {
 public:
  /// Make the run. Errors as client::create_run.
  static Result<RunLog> open(client::Server& server, const client::NewRun& run);
  RunLog(RunLog&& other) noexcept : server_(other.server_), run_(std::move(other.run_)) {
    other.run_.run_id.clear();
  }
  RunLog& operator=(RunLog&&) = delete;
  ~RunLog();

  const std::string& run_id() const { return run_.run_id; }
  const std::string& experiment_id() const { return run_.experiment_id; }

  /// Log a round's metrics; sent about once a second.
  Result<void> add_round(const train::RoundMetrics& round);
  /// Send what add_round() kept back.
  Result<void> flush();
  /// Log parameters, metrics and plots of a training, and its model folder as `model`.
  Result<void> add_trained(const train::Trained& trained, const std::filesystem::path& model_dir);
  /// Close the run as FINISHED.
  Result<void> finish();

 private:
  RunLog(client::Server& server, client::Run run) : server_(&server), run_(std::move(run)) {}

  client::Server* server_;
  client::Run run_;
  std::vector<client::MetricPoint> pending_;
  int64_t last_sent_ms_ = 0;
};

/// Write a trained model's folder. Errors as models::save.
Result<void> save_model(const train::Trained& trained, std::string_view run_id,
                        const std::filesystem::path& dir);

}  // namespace slipway::cli
