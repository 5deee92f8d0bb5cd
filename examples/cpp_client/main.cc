// Logs a run to a Slipway or MLflow server: parameters, 10,000 metric points from the background, a
// file, a version of a registered model; then finds the run again.
#include <base/file.h>
#include <client/artifacts.h>
#include <client/metric_logger.h>
#include <client/registry.h>
#include <client/tracking.h>

#include <cmath>
#include <cstdio>

namespace client = slipway::client;
using slipway::Result;

Result<void> train(client::Server& server, const std::string& address) {
  const auto experiment_id = TRY(client::get_or_create_experiment(server, "from C++"));
  client::NewRun asked;
  asked.experiment_id = experiment_id;
  asked.run_name = "example";
  const auto run = TRY(client::create_run(server, asked));
  TRY(client::log_batch(server, run.run_id, {{"depth", "6"}, {"eta", "0.1"}}, {}));
  {
    auto connection = TRY(client::Server::at(address));
    client::MetricLogger metrics(std::move(connection), run.run_id);
    for (int step = 0; step < 10'000; ++step) {
      TRY(metrics.log("loss", std::exp(-step / 2000.0), step));
    }
    TRY(metrics.flush());
  }
  const auto folder = TRY(slipway::TemporaryFolder::make());
  TRY(slipway::write_file(folder.path() / "MLmodel", "flavors: {}\n"));
  TRY(client::upload(server, run.run_id, folder.path(), "model"));
  TRY(client::end_run(server, run.run_id, "FINISHED"));
  const auto version = TRY(
      client::register_version(server, "from-cpp", "runs:/" + run.run_id + "/model", run.run_id));
  client::RunSearch search;
  search.experiment_ids = {experiment_id};
  search.filter = "metrics.loss < 0.01 and params.depth = '6'";
  const auto found = TRY(client::search_runs(server, search));
  const auto history = TRY(client::metric_history(server, run.run_id, "loss"));
  std::printf("%zu run, %zu points, version %s of %s\n", found.size(), history.size(),
              version.version.c_str(), version.name.c_str());
  return {};
}

int main(int argc, char** argv) {
  const std::string address = argc > 1 ? argv[1] : "http://127.0.0.1:5000";
  auto server = client::Server::at(address);
  if (!server.ok()) return std::fprintf(stderr, "%s\n", server.error().message.c_str()), 1;
  const auto done = train(*server, address);
  if (!done.ok()) return std::fprintf(stderr, "%s\n", done.error().message.c_str()), 1;
  return 0;
}
