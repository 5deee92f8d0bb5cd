#include "base/text.h"
#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/artifacts.h"
#include "client/registry.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kModelHelp = "The registered model";
constexpr Part kModel{"name", "NAME", kModelHelp};

Listing version_listing(const std::vector<client::ModelVersion>& versions) {
  Listing listing{
      {{"version", true}, {"stage"}, {"status"}, {"aliases"}, {"created"}, {"source"}, {"run_id"}},
      {}};
  for (const auto& version : versions) {
    listing.rows.push_back({version.version, version.stage, version.status,
                            join(version.aliases, " "), time_text(version.creation_time_ms),
                            version.source, version.run_id});
  }
  return listing;
}

void add_tags(Listing& listing, const std::map<std::string, std::string>& tags) {
  for (const auto& [key, value] : tags) listing.rows.push_back({"tags." + key, value});
}

void print_version(const client::ModelVersion& version, Format format) {
  if (format == Format::json) {
    JsonArray aliases;
    for (const auto& alias : version.aliases) aliases.emplace_back(alias);
    print(Json(JsonObject{{"name", version.name},
                          {"version", version.version},
                          {"stage", version.stage},
                          {"status", version.status},
                          {"description", version.description},
                          {"source", version.source},
                          {"run_id", version.run_id},
                          {"creation_time", version.creation_time_ms},
                          {"last_updated_time", version.last_updated_time_ms},
                          {"aliases", aliases},
                          {"tags", texts_json(version.tags)}}));
    return;
  }
  Listing listing{{{"field"}, {"value"}}, {}};
  listing.rows = {{"name", version.name},
                  {"version", version.version},
                  {"stage", version.stage},
                  {"status", version.status},
                  {"description", version.description},
                  {"source", version.source},
                  {"run_id", version.run_id},
                  {"created", time_text(version.creation_time_ms)},
                  {"updated", time_text(version.last_updated_time_ms)},
                  {"aliases", join(version.aliases, " ")}};
  add_tags(listing, version.tags);
  print(listing, format);
}

// Such as "3 (Production), 4 (None)".
std::string versions_text(const std::vector<client::ModelVersion>& versions) {
  std::vector<std::string> texts;
  for (const auto& version : versions) {
    texts.push_back(fmt::format("{} ({})", version.version, version.stage));
  }
  return join(texts, ", ");
}

void print_model(const client::RegisteredModel& model, Format format) {
  if (format == Format::json) {
    JsonArray versions;
    for (const auto& version : model.latest_versions) {
      versions.push_back(JsonObject{{"version", version.version}, {"stage", version.stage}});
    }
    print(Json(JsonObject{{"name", model.name},
                          {"description", model.description},
                          {"creation_time", model.creation_time_ms},
                          {"last_updated_time", model.last_updated_time_ms},
                          {"latest_versions", versions},
                          {"aliases", texts_json(model.aliases)},
                          {"tags", texts_json(model.tags)}}));
    return;
  }
  Listing listing{{{"field"}, {"value"}}, {}};
  listing.rows = {{"name", model.name},
                  {"description", model.description},
                  {"created", time_text(model.creation_time_ms)},
                  {"updated", time_text(model.last_updated_time_ms)},
                  {"latest versions", versions_text(model.latest_versions)}};
  for (const auto& [alias, version] : model.aliases) {
    listing.rows.push_back({"aliases." + alias, version});
  }
  add_tags(listing, model.tags);
  print(listing, format);
}

Result<int> show(Flags& flags, client::RegistrySearch& search) {
  Format format = Format::table;
  auto server = TRY(connect(flags, format));
  const auto models = TRY(client::search_models(server, search));
  Listing listing{{{"name"}, {"latest versions"}, {"aliases"}, {"updated"}}, {}};
  for (const auto& model : models) {
    std::vector<std::string> aliases;
    for (const auto& [alias, version] : model.aliases) {
      aliases.push_back(fmt::format("{}={}", alias, version));
    }
    listing.rows.push_back({model.name, versions_text(model.latest_versions), join(aliases, " "),
                            time_text(model.last_updated_time_ms)});
  }
  print(listing, format);
  return 0;
}

// A command that is one request about a registered model or, with --version, one of its versions:
// the routes of both end in the same word.
Result<int> send_of_either(Invocation& call, std::string_view method, std::string_view what,
                           std::initializer_list<Part> parts) {
  std::string name;
  std::string version;
  std::vector<std::string> values(parts.size());
  Flags flags(call);
  flags.positional(name, "NAME", kModelHelp);
  size_t i = 0;
  for (const Part& part : parts) flags.positional(values[i++], part.shown, part.help);
  flags.text(version, "--version", "This version of it, not the model as a whole");
  auto server = TRY(connect(flags));
  JsonObject body{{"name", name}};
  if (!version.empty()) body["version"] = version;
  i = 0;
  for (const Part& part : parts) body[part.member] = values[i++];
  const auto group = version.empty() ? "registered-models" : "model-versions";
  TRY(server.send(method, fmt::format("/api/2.0/mlflow/{}/{}", group, what), body));
  return 0;
}

}  // namespace

Result<int> models_list(Invocation& call) {
  client::RegistrySearch search;
  Flags flags(call);
  return show(flags, search);
}

Result<int> models_search(Invocation& call) {
  client::RegistrySearch search;
  Flags flags(call);
  flags.text(search.filter, "--filter", "Such as \"name LIKE 'flight%' and tags.team = 'a'\"");
  flags.many(search.order_by, "--order-by", "Such as \"timestamp DESC\"; may be repeated");
  return show(flags, search);
}

Result<int> models_get(Invocation& call) {
  std::string name;
  std::string version;
  std::string alias;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", kModelHelp);
  flags.text(version, "--version", "Show this version of it");
  flags.text(alias, "--alias", "Show the version that this alias points to");
  auto server = TRY(connect(flags, format));
  if (!version.empty() && !alias.empty()) {
    return flags.reject("either --version or --alias, not both");
  }
  if (!version.empty()) {
    const auto found = TRY(client::get_version(server, name, version));
    print_version(found, format);
  } else if (!alias.empty()) {
    const auto found = TRY(client::version_by_alias(server, name, alias));
    print_version(found, format);
  } else {
    const auto found = TRY(client::get_model(server, name));
    print_model(found, format);
  }
  return 0;
}

Result<int> models_versions(Invocation& call) {
  std::string name;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", kModelHelp);
  auto server = TRY(connect(flags, format));
  const auto versions = TRY(client::list_versions(server, name));
  print(version_listing(versions), format);
  return 0;
}

Result<int> models_create(Invocation& call) {
  return send(call, "POST", "mlflow/registered-models/create", {kModel});
}

Result<int> models_register(Invocation& call) {
  std::string name;
  std::string source;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", "The registered model; made where there is none");
  flags.text(source, "--source", "Where the model is, such as runs:/RUN_ID/model", Need::required);
  auto server = TRY(connect(flags, format));
  if (source.find(":/") == source.npos) {
    return flags.reject(fmt::format(
        "--source '{}': accepted is an address, such as runs:/RUN_ID/model, not a folder", source));
  }
  std::string run_id;
  if (source.starts_with("runs:/")) {
    const auto uri = TRY(client::parse_model_uri(source));
    run_id = uri.name;
  }
  const auto version = TRY(client::register_version(server, name, source, run_id));
  print(version_listing({version}), format);
  return 0;
}

Result<int> models_rename(Invocation& call) {
  return send(call, "POST", "mlflow/registered-models/rename", {kModel, kNewName});
}

Result<int> models_describe(Invocation& call) {
  return send_of_either(call, "PATCH", "update", {{"description", "TEXT", "What it is"}});
}

Result<int> models_tag(Invocation& call) {
  return send_of_either(call, "POST", "set-tag", {kKey, kValue});
}

Result<int> models_untag(Invocation& call) {
  return send_of_either(call, "DELETE", "delete-tag", {kKey});
}

Result<int> models_transition(Invocation& call) {
  std::string name;
  std::string version;
  std::string stage;
  bool archive = false;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", kModelHelp);
  flags.positional(version, "VERSION", "Its version");
  flags.choice(stage, "STAGE", "The stage", {"None", "Staging", "Production", "Archived"},
               Need::required);
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

Result<int> models_delete(Invocation& call) { return send_of_either(call, "DELETE", "delete", {}); }

}  // namespace slipway::cli
