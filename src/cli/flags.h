// cli/flags.h — what a command takes from its command line, with its help.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/output.h"

namespace slipway::cli {

/// One call of a command: its name as typed, and what came behind it.
struct Invocation {
  std::string command;   // "models register"
  std::string summary;   // one line
  std::string examples;  // shown under --help
  std::vector<std::string> arguments;
  bool usage_failed = false;  // set where the command line itself is wrong: exit code 2
  bool help_shown = false;    // set after --help: nothing else is to be done, exit code 0
};

enum class Need { optional, required };

/// Declares a command's flags, then parses. What is declared is bound by reference and must outlive
/// parse(); the value it has before is the default that help shows.
class Flags {
 public:
  explicit Flags(Invocation& call);
  ~Flags();
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  void text(std::string& to, std::string_view names, std::string_view help,
            Need need = Need::optional);
  void integer(int64_t& to, std::string_view names, std::string_view help, int64_t least,
               int64_t most);
  void number(double& to, std::string_view names, std::string_view help, double least, double most);
  /// Any number, also nan, inf and -inf.
  void number(double& to, std::string_view names, std::string_view help, Need need);
  /// One of `accepted`, in any case of its letters; `to` gets it as it is spelt there.
  void choice(std::string& to, std::string_view names, std::string_view help,
              std::vector<std::string> accepted, Need need = Need::optional);
  void on(bool& to, std::string_view names, std::string_view help);
  /// A flag that may be given several times.
  void many(std::vector<std::string>& to, std::string_view names, std::string_view help);
  /// The same of NAME=VALUE.
  void pairs(std::vector<std::pair<std::string, std::string>>& to, std::string_view names,
             std::string_view help);
  void positional(std::string& to, std::string_view name, std::string_view help,
                  Need need = Need::required);
  void positionals(std::vector<std::string>& to, std::string_view name, std::string_view help,
                   Need need = Need::required);
  /// --json and --csv; neither is a table for people.
  void format(Format& to);
  /// --server, by default $MLFLOW_TRACKING_URI or this machine's port 5000.
  void server(std::string& to);

  /// --config, a YAML file of the same flags; those of the command line win.
  void config();

  /// Parse the call's arguments.
  /// Errors   invalid_parameter_value, and call.usage_failed: the message names the flag and what
  ///          it accepts; cancelled, and call.help_shown: --help was asked for and was printed.
  Result<void> parse();

  /// Give the error of a command line that parse() took, but whose parts do not fit together.
  Error reject(std::string_view message);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway::cli
