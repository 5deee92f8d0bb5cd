#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "cli/yaml.h"

namespace slipway::cli {

struct Flags::State {
  explicit State(Invocation& invocation)
      : call(invocation), app(invocation.summary, "slipway " + invocation.command) {}
  Invocation& call;
  CLI::App app;
  bool json = false;
  bool csv = false;
  Format* format = nullptr;
  std::string config_file;

  CLI::Option* last_wins(CLI::Option* option) {
    return option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
};

Flags::Flags(Invocation& call) : state_(std::make_unique<State>(call)) {
  state_->app.footer(call.examples.empty() ? "" : "Examples:\n" + call.examples);
  state_->app.get_formatter()->column_width(34);
}

Flags::~Flags() = default;

void Flags::text(std::string& to, std::string_view names, std::string_view help, Need need) {
  auto* option =
      state_->last_wins(state_->app.add_option(std::string(names), to, std::string(help)));
  if (!to.empty()) option->capture_default_str();
  option->required(need == Need::required);
}

void Flags::integer(int64_t& to, std::string_view names, std::string_view help, int64_t least,
                    int64_t most) {
  state_->last_wins(state_->app.add_option(std::string(names), to, std::string(help)))
      ->capture_default_str()
      ->check(CLI::Range(least, most));
}

void Flags::number(double& to, std::string_view names, std::string_view help, double least,
                   double most) {
  state_->last_wins(state_->app.add_option(std::string(names), to, std::string(help)))
      ->capture_default_str()
      ->check(CLI::Range(least, most));
}

void Flags::choice(std::string& to, std::string_view names, std::string_view help,
                   std::vector<std::string> accepted) {
  state_->last_wins(state_->app.add_option(std::string(names), to, std::string(help)))
      ->capture_default_str()
      ->check(CLI::IsMember(std::move(accepted)));
}

void Flags::on(bool& to, std::string_view names, std::string_view help) {
  state_->app.add_flag(std::string(names), to, std::string(help));
}

void Flags::many(std::vector<std::string>& to, std::string_view names, std::string_view help) {
  state_->app.add_option(std::string(names), to, std::string(help))->take_all();
}

void Flags::positional(std::string& to, std::string_view name, std::string_view help, Need need) {
  state_->app.add_option(std::string(name), to, std::string(help))
      ->required(need == Need::required);
}

void Flags::positionals(std::vector<std::string>& to, std::string_view name,
                        std::string_view help) {
  state_->app.add_option(std::string(name), to, std::string(help))->required();
}

void Flags::format(Format& to) {
  state_->format = &to;
  auto* json = state_->app.add_flag("--json", state_->json, "Print JSON");
  state_->app.add_flag("--csv", state_->csv, "Print CSV")->excludes(json);
}

void Flags::server(std::string& to) {
  const char* from_environment = std::getenv("MLFLOW_TRACKING_URI");
  to = from_environment ? from_environment : "http://127.0.0.1:5000";
  text(to, "--server", "Address of the server [$MLFLOW_TRACKING_URI]");
}

void Flags::config() {
  text(state_->config_file, "--config", "YAML file of these flags, without their dashes");
}

Result<void> Flags::parse() {
  auto arguments = state_->call.arguments;
  for (size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] != "--config") continue;
    const auto from_file = TRY(config_flags(arguments[i + 1]));
    arguments.insert(arguments.begin(), from_file.begin(), from_file.end());
    break;
  }
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    state_->app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    print_line(state_->app.help());
    state_->call.help_shown = true;
    return fail(Code::cancelled, "help was shown");
  } catch (const CLI::ParseError& error) {
    state_->call.usage_failed = true;
    return fail(Code::invalid_parameter_value, "{}; see `slipway {} --help`", error.what(),
                state_->call.command);
  }
  if (state_->format && state_->json) *state_->format = Format::json;
  if (state_->format && state_->csv) *state_->format = Format::csv;
  return {};
}

}  // namespace slipway::cli
