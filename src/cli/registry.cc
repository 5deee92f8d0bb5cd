#include "client/registry.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "client/artifacts.h"
#include "store/store.h"
#include "store/tokens.h"
#include "store/users.h"

namespace slipway::cli {
namespace {

// The flags of a command that acts on a named thing of a server.
struct NamedFlags {
  std::string address;
  std::string name;
  Format format = Format::table;

  void declare(Flags& flags, std::string_view help) {
    flags.positional(name, "NAME", help);
    flags.server(address);
    flags.format(format);
  }
};

Listing version_listing(const std::vector<client::ModelVersion>& versions) {
  Listing listing{
      {{"version", true}, {"stage"}, {"status"}, {"aliases"}, {"created"}, {"source"}, {"run_id"}},
      {}};
  for (const auto& version : versions) {
    listing.rows.push_back({version.version, version.stage, version.status,
                            join(version.aliases, " "), utc_text(version.creation_time_ms),
                            version.source, version.run_id});
  }
  return listing;
}

Listing endpoint_listing(const std::vector<client::Endpoint>& endpoints) {
  Listing listing{{{"model"}, {"version", true}, {"stage"}, {"state"}, {"address"}, {"message"}},
                  {}};
  for (const auto& endpoint : endpoints) {
    for (const auto& version : endpoint.versions) {
      listing.rows.push_back({endpoint.registered_model_name, version.version, version.stage,
                              version.state, version.path, version.message});
    }
    if (endpoint.versions.empty()) {
      listing.rows.push_back({endpoint.registered_model_name, "", "", "", "", "no active version"});
    }
  }
  return listing;
}

}  // namespace

Result<int> models_list(Invocation& call) {
  std::string address;
  Format format = Format::table;
  Flags flags(call);
  flags.server(address);
  flags.format(format);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  const auto models = TRY(client::list_models(server));
  Listing listing{{{"name"}, {"latest versions"}, {"aliases"}, {"updated"}}, {}};
  for (const auto& model : models) {
    std::vector<std::string> versions;
    for (const auto& version : model.latest_versions) {
      versions.push_back(fmt::format("{} ({})", version.version, version.stage));
    }
    std::vector<std::string> aliases;
    for (const auto& [alias, version] : model.aliases) {
      aliases.push_back(fmt::format("{}={}", alias, version));
    }
    listing.rows.push_back({model.name, join(versions, ", "), join(aliases, " "),
                            utc_text(model.last_updated_time_ms)});
  }
  print(listing, format);
  return 0;
}

Result<int> models_get(Invocation& call) {
  NamedFlags named;
  Flags flags(call);
  named.declare(flags, "The registered model");
  TRY(flags.parse());
  auto server = TRY(client::Server::at(named.address));
  TRY(client::get_model(server, named.name));
  const auto versions = TRY(client::list_versions(server, named.name));
  print(version_listing(versions), named.format);
  return 0;
}

Result<int> models_register(Invocation& call) {
  NamedFlags named;
  std::string source;
  Flags flags(call);
  named.declare(flags, "The registered model; made where there is none");
  flags.text(source, "--source", "Where the model is, such as runs:/RUN_ID/model", Need::required);
  TRY(flags.parse());
  const auto uri = TRY(client::parse_model_uri(source));
  if (uri.kind == client::ModelUri::Kind::folder) {
    return fail(Code::invalid_parameter_value,
                "--source '{}': accepted is an address on the server, such as runs:/RUN_ID/model",
                source);
  }
  auto server = TRY(client::Server::at(named.address));
  const auto run_id = uri.kind == client::ModelUri::Kind::run ? uri.name : "";
  const auto version = TRY(client::register_version(server, named.name, source, run_id));
  print(version_listing({version}), named.format);
  return 0;
}

Result<int> models_transition(Invocation& call) {
  NamedFlags named;
  std::string version;
  std::string stage;
  bool archive = false;
  Flags flags(call);
  named.declare(flags, "The registered model");
  flags.positional(version, "VERSION", "Its version");
  flags.positional(stage, "STAGE", "None, Staging, Production or Archived");
  flags.on(archive, "--archive", "Archive the versions that are in that stage now");
  TRY(flags.parse());
  auto server = TRY(client::Server::at(named.address));
  const auto moved = TRY(client::transition(server, named.name, version, stage,
                                            archive ? client::Archive::yes : client::Archive::no));
  print(version_listing({moved}), named.format);
  return 0;
}

Result<int> models_alias(Invocation& call) {
  NamedFlags named;
  std::string alias;
  std::string version;
  Flags flags(call);
  named.declare(flags, "The registered model");
  flags.positional(alias, "ALIAS", "The alias to set");
  flags.positional(version, "VERSION", "The version it is to point to");
  TRY(flags.parse());
  auto server = TRY(client::Server::at(named.address));
  TRY(client::set_alias(server, named.name, alias, version));
  return 0;
}

Result<int> models_delete(Invocation& call) {
  NamedFlags named;
  std::string version;
  Flags flags(call);
  named.declare(flags, "The registered model");
  flags.text(version, "--version", "Delete this version only");
  TRY(flags.parse());
  auto server = TRY(client::Server::at(named.address));
  if (version.empty()) {
    TRY(client::delete_model(server, named.name));
  } else {
    TRY(client::delete_version(server, named.name, version));
  }
  return 0;
}

Result<int> endpoints_enable(Invocation& call) {
  NamedFlags named;
  Flags flags(call);
  named.declare(flags, "The registered model to serve");
  TRY(flags.parse());
  auto server = TRY(client::Server::at(named.address));
  const auto endpoint = TRY(client::enable_endpoint(server, named.name));
  print(endpoint_listing({endpoint}), named.format);
  return 0;
}

Result<int> endpoints_disable(Invocation& call) {
  NamedFlags named;
  Flags flags(call);
  named.declare(flags, "The registered model");
  TRY(flags.parse());
  auto server = TRY(client::Server::at(named.address));
  TRY(client::disable_endpoint(server, named.name));
  return 0;
}

Result<int> endpoints_list(Invocation& call) {
  std::string address;
  Format format = Format::table;
  Flags flags(call);
  flags.server(address);
  flags.format(format);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  const auto endpoints = TRY(client::list_endpoints(server));
  print(endpoint_listing(endpoints), format);
  return 0;
}

namespace {

// Straight into the folder of a server that does not run: the first token of a team's server.
Result<client::CreatedToken> create_in_folder(const std::string& data_dir,
                                              const std::string& database, const std::string& user,
                                              const std::string& comment, int64_t lifetime_s) {
  const auto store = TRY(store::Store::open(data_dir, database));
  TRY(store->read([&](db::Connection& c) -> Result<void> {
    const auto state = TRY(store::access_state(c));
    if (!user.empty()) {
      TRY(store::get_user(c, user));
    } else if (state.has_users) {
      return fail(Code::invalid_parameter_value, "say whose token it is, with --user NAME");
    }
    return {};
  }));
  const auto lifetime = lifetime_s > 0 ? std::optional<int64_t>(lifetime_s) : std::nullopt;
  const auto made = TRY(store->write(
      [&](db::Connection& c) { return store::create_token(c, user, comment, lifetime); }));
  return client::CreatedToken{made.value, {made.info.token_id, comment, 0, -1}};
}

}  // namespace

Result<int> tokens_create(Invocation& call) {
  std::string address;
  std::string comment;
  std::string data_dir;
  std::string database;
  std::string user;
  int64_t lifetime_s = 0;
  Format format = Format::table;
  Flags flags(call);
  flags.text(comment, "--comment", "What it is for");
  flags.integer(lifetime_s, "--lifetime", "Seconds until it ends; 0: never", 0, INT64_MAX / 1000);
  flags.text(data_dir, "--data-dir", "Make it in this folder, whose server does not run");
  flags.text(database, "--db", "With --data-dir: the server's --db, where it has one");
  flags.text(user, "--user", "With --data-dir: whose token it is");
  flags.server(address);
  flags.format(format);
  TRY(flags.parse());
  client::CreatedToken made;
  if (data_dir.empty()) {
    auto server = TRY(client::Server::at(address));
    made = TRY(client::create_token(server, comment, lifetime_s));
  } else {
    made = TRY(create_in_folder(data_dir, database, user, comment, lifetime_s));
  }
  if (format == Format::json) {
    print(Json(JsonObject{{"token_value", made.value}, {"token_id", made.token.token_id}}));
  } else {
    print_line(made.value);
  }
  return 0;
}

Result<int> tokens_list(Invocation& call) {
  std::string address;
  Format format = Format::table;
  Flags flags(call);
  flags.server(address);
  flags.format(format);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  const auto tokens = TRY(client::list_tokens(server));
  Listing listing{{{"token_id"}, {"comment"}, {"created"}, {"expires"}}, {}};
  for (const auto& token : tokens) {
    const auto expires = token.expiry_time_ms > 0 ? utc_text(token.expiry_time_ms) : "never";
    listing.rows.push_back(
        {token.token_id, token.comment, utc_text(token.creation_time_ms), expires});
  }
  print(listing, format);
  return 0;
}

Result<int> tokens_delete(Invocation& call) {
  std::string address;
  std::string token_id;
  Flags flags(call);
  flags.positional(token_id, "TOKEN_ID", "Id of the token, as `tokens list` shows it");
  flags.server(address);
  TRY(flags.parse());
  auto server = TRY(client::Server::at(address));
  TRY(client::delete_token(server, token_id));
  return 0;
}

}  // namespace slipway::cli
