#include "train/train.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "cli/training.h"
#include "process/signals.h"

namespace slipway::cli {
namespace {

// How many rounds there may be; the parameters are checked on the way, before any run is opened.
Result<size_t> planned_rounds(const train::TrainRequest& request) {
  const auto* learner = TRY(train::find_learner(request.learner));
  const auto settings =
      TRY(train::Settings::check(learner->name(), learner->parameters(), request.params));
  for (const auto& [name, value] : settings.all()) {
    if (name == "n_estimators" || name == "max_iter") return to_integer(value).value_or(0);
  }
  return 0;
}

}  // namespace

Result<int> train_model(Invocation& call) {
  TrainingFlags options;
  Flags flags(call);
  options.declare(flags);
  TRY(flags.parse());
  process::install_interrupt();
  const auto tables = TRY(read_tables(options));
  auto request = TRY(train_request(options, tables));
  const auto n_rounds = TRY(planned_rounds(request));
  std::optional<LoggedModel> logged;
  std::optional<train::Trained> trained;
  if (options.logs_to_server()) {
    auto server = TRY(client::Server::at(options.server_address));
    auto log = TRY(open_run(server, options, call, tables));
    trained = TRY(fit_shown(request, "rounds", n_rounds, &log));
    logged = TRY(log_model(server, log, *trained, options.register_name));
  } else {
    trained = TRY(fit_shown(request, "rounds", n_rounds, nullptr));
  }
  if (!options.out.empty()) TRY(save_model(*trained, "", options.out));
  if (options.format == Format::json) {
    print(Json(trained_json(*trained, logged)));
  } else {
    print_trained(*trained, logged, options);
  }
  return 0;
}

}  // namespace slipway::cli
