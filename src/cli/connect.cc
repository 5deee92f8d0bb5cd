#include "cli/connect.h"

namespace slipway::cli {

Result<client::Server> connect(Flags& flags) {
  std::string address;
  flags.server(address);
  TRY(flags.parse());
  return client::Server::at(address);
}

Result<client::Server> connect(Flags& flags, Format& format) {
  flags.format(format);
  return connect(flags);
}

Result<int> send(Invocation& call, std::string_view method, std::string_view path,
                 std::initializer_list<Part> parts) {
  std::vector<std::string> values(parts.size());
  Flags flags(call);
  size_t i = 0;
  for (const Part& part : parts) flags.positional(values[i++], part.shown, part.help);
  auto server = TRY(connect(flags));
  JsonObject body;
  i = 0;
  for (const Part& part : parts) body[part.member] = values[i++];
  TRY(server.send(method, fmt::format("/api/2.0/{}", path), body));
  return 0;
}

}  // namespace slipway::cli
