#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "base/text.h"
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
  auto* option =
      state_->last_wins(state_->app.add_option(std::string(names), to, std::string(help)))
          ->capture_default_str();
  if (most < INT64_MAX) {
    option->check(CLI::Range(least, most));
  } else if (least > INT64_MIN) {
    option->check(CLI::Validator(
        [least](const std::string& text) {
          const bool fits = to_integer(text).value_or(least) >= least;
          return fits ? "" : fmt::format("'{}': accepted is {} or more", text, least);
        },
        fmt::format("{} or more", least)));
  }
}

void Flags::number(double& to, std::string_view names, std::string_view help, double least,
                   double most) {
  state_->last_wins(state_->app.add_option(std::string(names), to, std::string(help)))
      ->capture_default_str()
      ->check(CLI::Range(least, most));
}

void Flags::number(double& to, std::string_view names, std::string_view help, Need need) {
  const auto take = [&to](const std::string& text) { to = to_number(text).value_or(0); };
  const auto wrong = [](const std::string& text) -> std::string {
    return to_number(text) ? "" : fmt::format("'{}': accepted is a number", text);
  };
  auto* option =
      state_->app.add_option_function<std::string>(std::string(names), take, std::string(help));
  option->required(need == Need::required);
  option->check(wrong);
}

void Flags::choice(std::string& to, std::string_view names, std::string_view help,
                   std::vector<std::string> accepted, Need need) {
  auto* option =
      state_->last_wins(state_->app.add_option(std::string(names), to, std::string(help)));
  if (!to.empty()) option->capture_default_str();
  option->required(need == Need::required);
  option->transform(CLI::IsMember(std::move(accepted), CLI::ignore_case));
}

void Flags::on(bool& to, std::string_view names, std::string_view help) {
  state_->app.add_flag(std::string(names), to, std::string(help));
}

void Flags::many(std::vector<std::string>& to, std::string_view names, std::string_view help) {
  state_->app.add_option(std::string(names), to, std::string(help))
      ->take_all()
      ->allow_extra_args(false);
}

void Flags::pairs(std::vector<std::pair<std::string, std::string>>& to, std::string_view names,
                  std::string_view help) {
  const auto take = [&to](const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      const auto equals = text.find('=');
      to.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  };
  const auto wrong = [](const std::string& text) -> std::string {
    const auto equals = text.find('=');
    if (equals != text.npos && equals > 0) return "";
    return fmt::format("'{}': accepted is NAME=VALUE", text);
  };
  state_->app
      .add_option_function<std::vector<std::string>>(std::string(names), take, std::string(help))
      ->take_all()
      ->allow_extra_args(false)
      ->check(wrong);
}

void Flags::positional(std::string& to, std::string_view name, std::string_view help, Need need) {
  state_->app.add_option(std::string(name), to, std::string(help))
      ->required(need == Need::required);
}

void Flags::positionals(std::vector<std::string>& to, std::string_view name, std::string_view help,
                        Need need) {
  state_->app.add_option(std::string(name), to, std::string(help))
      ->required(need == Need::required);
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
    return reject(error.what());
  }
  if (state_->format && state_->json) *state_->format = Format::json;
  if (state_->format && state_->csv) *state_->format = Format::csv;
  return {};
}

Error Flags::reject(std::string_view message) {
  state_->call.usage_failed = true;
  return fail(Code::invalid_parameter_value, "{}; see `slipway {} --help`", message,
              state_->call.command);
}

}  // namespace slipway::cli
