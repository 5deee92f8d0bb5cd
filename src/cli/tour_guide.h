// cli/tour_guide.h — runs the tour's commands, and tells what they are and what came of them.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "cli/output.h"
#include "process/child.h"

namespace slipway::cli {

/// What the tour was asked for.
struct TourOptions {
  std::filesystem::path data;      // folder of flights.csv.zip, weather.csv, planes.csv
  std::filesystem::path examples;  // folder of recipe.yaml and space.yaml
  std::filesystem::path work;      // where everything goes
  int64_t seed = 7;
  int64_t n_trials = 24;
  double load_seconds = 2;
  bool json = false;  // print nothing but the results
};

/// Runs `slipway …` commands as a user would, in the tour's folder.
class TourGuide {
 public:
  explicit TourGuide(const TourOptions& options);

  /// Start the server on a free port and wait until it listens.
  /// Errors   as process::start; internal_error: it ended, with what it said.
  Result<void> start_server();
  /// End the server. Errors internal_error: it did not end cleanly.
  Result<void> stop_server();

  /// Begin a step: its heading, and the clock.
  void begin(std::string_view name, std::string_view question);
  /// End it with results for --json.
  void end(JsonObject results);

  /// Show `slipway ARGUMENTS`, run it with --json, and give what it printed.
  /// Errors   cancelled: interrupted; internal_error: it failed, with what it said.
  Result<Json> run(std::vector<std::string> arguments);

  /// Show a command that the tour does by itself.
  void show(std::string_view command) const;
  /// Say something; nothing with --json.
  void say(std::string_view line) const;
  void say(const Listing& listing) const;

  const TourOptions& options() const { return options_; }
  const std::string& address() const { return address_; }
  double seconds() const { return since_start_.seconds(); }
  /// {"steps": [...], "seconds": …}
  JsonObject results() const;

 private:
  Result<process::Exit> wait(process::Child& child) const;

  const TourOptions& options_;
  std::string program_;
  std::optional<process::Child> server_;
  std::string address_;
  Stopwatch since_start_;
  std::optional<Stopwatch> step_clock_;
  std::string step_name_;
  int n_steps_ = 0;
  JsonArray steps_;
};

}  // namespace slipway::cli
