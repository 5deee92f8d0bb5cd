#include "base/clock.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/artifacts.h"
#include "client/registry.h"

namespace slipway::cli {
namespace {

constexpr Part kModel{"name", "NAME", "The registered model"};

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

}  // namespace

Result<int> models_list(Invocation& call) {
  Format format = Format::table;
  Flags flags(call);
  auto server = TRY(connect(flags, format));
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
  std::string name;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", "The registered model");
  auto server = TRY(connect(flags, format));
  TRY(client::get_model(server, name));
  const auto versions = TRY(client::list_versions(server, name));
  print(version_listing(versions), format);
  return 0;
}

Result<int> models_create(Invocation& call) {
  return send(call, "POST", "mlflow/registered-models/create", {kModel});
}

Result<int> models_register(Invocation& call) {
  std::string name;
  Format format = Format::table;
  std::string source;
  Flags flags(call);
  flags.positional(name, "NAME", "The registered model; made where there is none");
  flags.text(source, "--source", "Where the model is, such as runs:/RUN_ID/model", Need::required);
  auto server = TRY(connect(flags, format));
  const auto uri = TRY(client::parse_model_uri(source));
  if (uri.kind == client::ModelUri::Kind::folder) {
    return fail(Code::invalid_parameter_value,
                "--source '{}': accepted is an address on the server, such as runs:/RUN_ID/model",
                source);
  }
  const auto run_id = uri.kind == client::ModelUri::Kind::run ? uri.name : "";
  const auto version = TRY(client::register_version(server, name, source, run_id));
  print(version_listing({version}), format);
  return 0;
}

Result<int> models_rename(Invocation& call) {
  return send(call, "POST", "mlflow/registered-models/rename", {kModel, kNewName});
}

Result<int> models_describe(Invocation& call) {
  return send(call, "PATCH", "mlflow/registered-models/update",
              {kModel, {"description", "TEXT", "What it is"}});
}

Result<int> models_tag(Invocation& call) {
  return send(call, "POST", "mlflow/registered-models/set-tag", {kModel, kKey, kValue});
}

Result<int> models_transition(Invocation& call) {
  std::string name;
  Format format = Format::table;
  std::string version;
  std::string stage;
  bool archive = false;
  Flags flags(call);
  flags.positional(name, "NAME", "The registered model");
  flags.positional(version, "VERSION", "Its version");
  flags.positional(stage, "STAGE", "None, Staging, Production or Archived");
  flags.on(archive, "--archive", "Archive the versions that are in that stage now");
  auto server = TRY(connect(flags, format));
  const auto moved = TRY(client::transition(server, name, version, stage,
                                            archive ? client::Archive::yes : client::Archive::no));
  print(version_listing({moved}), format);
  return 0;
}

Result<int> models_alias(Invocation& call) {
  return send(call, "POST", "mlflow/registered-models/alias",
              {kModel,
               {"alias", "ALIAS", "The alias to set"},
               {"version", "VERSION", "The version it is to point to"}});
}

Result<int> models_unalias(Invocation& call) {
  return send(call, "DELETE", "mlflow/registered-models/alias",
              {kModel, {"alias", "ALIAS", "The alias to remove"}});
}

Result<int> models_delete(Invocation& call) {
  std::string name;
  std::string version;
  Flags flags(call);
  flags.positional(name, "NAME", "The registered model");
  flags.text(version, "--version", "Delete this version only");
  auto server = TRY(connect(flags));
  if (version.empty()) {
    TRY(client::delete_model(server, name));
  } else {
    TRY(client::delete_version(server, name, version));
  }
  return 0;
}

}  // namespace slipway::cli
