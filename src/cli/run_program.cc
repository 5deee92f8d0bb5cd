#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "cli/commands.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kHead =
    "slipway — the machine-learning workspace that a team runs itself\n\n"
    "usage: slipway COMMAND [FLAGS]        slipway COMMAND --help\n";

std::string overview(std::string_view group) {
  std::string out(group.empty() ? kHead : "");
  if (!group.empty()) out = fmt::format("usage: slipway {} COMMAND [FLAGS]\n", group);
  out += "\ncommands:\n";
  for (const auto& command : commands()) {
    if (command.shown == Shown::no) continue;
    const bool inside = command.name.starts_with(fmt::format("{} ", group));
    if (!group.empty() && !inside) continue;
    out += fmt::format("  {:<22} {}\n", command.name, command.summary);
  }
  return out;
}

bool is_group(std::string_view word) {
  return std::ranges::any_of(commands(), [&](const auto& command) {
    return command.name.starts_with(fmt::format("{} ", word));
  });
}

const Command* find_command(const std::vector<std::string>& arguments, size_t& n_words) {
  for (n_words = std::min<size_t>(2, arguments.size()); n_words > 0; --n_words) {
    const auto name =
        n_words == 2 ? fmt::format("{} {}", arguments[0], arguments[1]) : arguments[0];
    for (const auto& command : commands()) {
      if (command.name == name) return &command;
    }
  }
  return nullptr;
}

int complain(std::string_view message, int exit_code) {
  fmt::print(stderr, "slipway: {}\n", message);
  return exit_code;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments) {
  const bool asks_help = arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" ||
                         arguments[0] == "help";
  if (asks_help) {
    print_line(overview(""));
    return arguments.empty() ? 2 : 0;
  }
  size_t n_words = 0;
  const auto* command = find_command(
      arguments[0] == "--version" ? std::vector<std::string>{"version"} : arguments, n_words);
  if (!command && is_group(arguments[0])) {
    const bool help = arguments.size() > 1 && (arguments[1] == "--help" || arguments[1] == "-h");
    if (help) {
      print_line(overview(arguments[0]));
      return 0;
    }
    const auto got = arguments.size() > 1 ? fmt::format("no '{}'", arguments[1]) : "it is missing";
    return complain(fmt::format("`{}` needs a command after it, {}; see `slipway {} --help`",
                                arguments[0], got, arguments[0]),
                    2);
  }
  if (!command) {
    return complain(
        fmt::format("there is no command '{}'; `slipway --help` lists them", arguments[0]), 2);
  }
  Invocation call;
  call.command = command->name;
  call.summary = command->summary;
  call.examples = command->examples;
  call.arguments.assign(arguments.begin() + static_cast<std::ptrdiff_t>(n_words), arguments.end());
  const auto outcome = command->run(call);
  if (!outcome.ok() && !call.help_shown) {
    return complain(outcome.error().message, call.usage_failed ? 2 : 1);
  }
  const auto output = written();
  if (!output.ok()) return complain(output.error().message, 1);
  return outcome.ok() ? *outcome : 0;
}

}  // namespace slipway::cli
