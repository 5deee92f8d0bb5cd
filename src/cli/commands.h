// cli/commands.h — the one table of commands.
#pragma once
#include <span>
#include <string_view>

#include "base/result.h"
#include "cli/flags.h"

namespace slipway::cli {

enum class Shown { yes, no };

struct Command {
  std::string_view name;  // "server", or "models register"
  std::string_view summary;
  std::string_view examples;
  /// Gives the exit code; an error is printed and is 1 (2 where call.usage_failed).
  Result<int> (*run)(Invocation& call);
  Shown shown = Shown::yes;
};

/// Every command, in the order help lists them.
std::span<const Command> commands();

/// Run the program: find the command that `arguments` name, run it, print its error.
int run_program(const std::vector<std::string>& arguments);

}  // namespace slipway::cli
