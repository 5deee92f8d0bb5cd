// cli/connect.h — commands that talk to a server: the flags all of them take, and those that are
// a single request.
#pragma once
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flags.h"
#include "client/server.h"
#include "client/tracking.h"

namespace slipway::cli {

/// Declare --server as the last of a command's flags, parse, and give the server.
/// Errors   as Flags::parse and client::Server::at.
Result<client::Server> connect(Flags& flags);

/// The same for a command that prints: --json and --csv set `format`.
Result<client::Server> connect(Flags& flags, Format& format);

/// --view: which things a search gives.
class ViewFlag {
 public:
  void declare(Flags& flags);
  client::View value() const;

 private:
  std::string text_ = "active";
};

/// Print the id of what was made: bare, or as JSON under its name.
void print_made(std::string_view name, std::string_view id, Format format);

/// {"KEY": "VALUE", …}
JsonObject texts_json(const std::map<std::string, std::string>& texts);

/// A positional of a command, and the member of a request's body that it becomes.
struct Part {
  enum class Meaning { itself, experiment };  // of an experiment: the id of what it is called
  std::string_view member;
  std::string_view shown;
  std::string_view help;
  Meaning meaning = Meaning::itself;
};
inline constexpr Part kKey{"key", "KEY", "Its key"};
inline constexpr Part kValue{"value", "VALUE", "Its value"};
inline constexpr Part kNewName{"new_name", "NEW_NAME", "The name it is to have"};

/// Run a command that is one request: its positionals become the members of the body.
///
/// path     below /api/2.0/
/// Errors   as connect(), client::experiment_called and client::Server::send.
Result<int> send(Invocation& call, std::string_view method, std::string_view path,
                 std::initializer_list<Part> parts);

}  // namespace slipway::cli
