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

void ViewFlag::declare(Flags& flags) {
  flags.choice(text_, "--view", "Which ones, by their state", {"active", "deleted", "all"});
}

client::View ViewFlag::value() const {
  if (text_ == "active") return client::View::active;
  return text_ == "deleted" ? client::View::deleted : client::View::all;
}

void print_made(std::string_view name, std::string_view id, Format format) {
  if (format == Format::json) {
    print(Json(JsonObject{{name, id}}));
  } else {
    print_line(id);
  }
}

JsonObject texts_json(const std::map<std::string, std::string>& texts) {
  JsonObject json;
  for (const auto& [key, value] : texts) json[key] = value;
  return json;
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
  for (const Part& part : parts) {
    auto& value = values[i++];
    if (part.meaning == Part::Meaning::experiment) {
      const auto experiment = TRY(client::experiment_called(server, value));
      value = experiment.experiment_id;
    }
    body[part.member] = value;
  }
  TRY(server.send(method, fmt::format("/api/2.0/{}", path), body));
  return 0;
}

}  // namespace slipway::cli
