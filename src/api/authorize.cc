#include "api/authorize.h"

#include <algorithm>

#include "api/access.h"
#include "api/artifact_owner.h"
#include "api/batch.h"
#include "base/text.h"
#include "store/experiments.h"
#include "store/model_versions.h"

namespace slipway::api {
namespace {

using store::Permission;
using store::Resource;

enum class Kind : uint8_t {
  anyone,  // who is known; the handler shows what they may see
  admin,
  of_roles,
  oneself,
  granter,
  new_experiment,
  experiment,
  run,
  batch,
  logged_model,
  run_or_model,
  artifact,
  model,
  new_version,
  stage,
  endpoint,
  new_serving,
  serving,
  serving_config,
};

struct Rule {
  Kind kind;
  Permission least = Permission::none;
};

constexpr Rule rule_of(Needs needs) {
  switch (needs) {
    case Needs::unsaid: return {Kind::admin};
    case Needs::nothing:
    case Needs::known_user:
    case Needs::what_is_readable: return {Kind::anyone};
    case Needs::admin: return {Kind::admin};
    case Needs::manage_roles: return {Kind::of_roles};
    case Needs::oneself: return {Kind::oneself};
    case Needs::manage_named: return {Kind::granter, Permission::manage};
    case Needs::create_experiment: return {Kind::new_experiment, Permission::edit};
    case Needs::read_experiment: return {Kind::experiment, Permission::read};
    case Needs::edit_experiment: return {Kind::experiment, Permission::edit};
    case Needs::manage_experiment: return {Kind::experiment, Permission::manage};
    case Needs::read_run: return {Kind::run, Permission::read};
    case Needs::edit_run: return {Kind::run, Permission::edit};
    case Needs::edit_run_of_batch: return {Kind::batch, Permission::edit};
    case Needs::manage_run: return {Kind::run, Permission::manage};
    case Needs::read_logged_model: return {Kind::logged_model, Permission::read};
    case Needs::edit_logged_model: return {Kind::logged_model, Permission::edit};
    case Needs::manage_logged_model: return {Kind::logged_model, Permission::manage};
    case Needs::read_run_or_model: return {Kind::run_or_model, Permission::read};
    case Needs::edit_run_or_model: return {Kind::run_or_model, Permission::edit};
    case Needs::read_artifact: return {Kind::artifact, Permission::read};
    case Needs::edit_artifact: return {Kind::artifact, Permission::edit};
    case Needs::manage_artifact: return {Kind::artifact, Permission::manage};
    case Needs::read_model: return {Kind::model, Permission::read};
    case Needs::edit_model: return {Kind::model, Permission::edit};
    case Needs::manage_model: return {Kind::model, Permission::manage};
    case Needs::create_version: return {Kind::new_version, Permission::edit};
    case Needs::move_stage: return {Kind::stage, Permission::manage_staging};
    case Needs::read_endpoint: return {Kind::endpoint, Permission::read};
    case Needs::manage_endpoint: return {Kind::endpoint, Permission::manage};
    case Needs::score: return {Kind::endpoint, Permission::read};
    case Needs::create_serving: return {Kind::new_serving, Permission::read};
    case Needs::read_serving: return {Kind::serving, Permission::read};
    case Needs::manage_serving: return {Kind::serving_config, Permission::manage};
    case Needs::score_serving: return {Kind::serving, Permission::use};
  }
  return {Kind::admin};
}

Error denied(Permission needed, std::string_view kind, std::string_view name) {
  return fail(Code::permission_denied, "Permission denied: {} is needed on the {} '{}'",
              store::permission_name(needed), kind, name);
}

class Guard {
 public:
  Guard(Call& call, Workspace& workspace)
      : call_(call), workspace_(workspace), who_(call.principal()) {}

  Result<void> check(const Rule& rule);

 private:
  using Check = Result<void> (Guard::*)(const std::string&, Permission);

  /// All of the names under any of these keys, once each.
  Result<std::vector<std::string>> named(std::initializer_list<std::string_view> keys) const;
  /// Check each thing that is named under any of these keys; there must be one.
  Result<void> each(std::initializer_list<std::string_view> keys, Check require, Permission least);
  /// The same for a key of each object in a list; there may be none.
  Result<void> each_in(std::string_view list, std::string_view key, Check require,
                       Permission least);

  Result<void> experiment(const std::string& id, Permission least);
  Result<void> experiment_by_name(const std::string& name, Permission least);
  Result<void> run(const std::string& id, Permission least);
  Result<void> logged_model(const std::string& id, Permission least);
  Result<void> artifact(const std::string& path, Permission least);
  Result<void> model(const std::string& name, Permission least);
  Result<void> endpoint(const std::string& name, Permission least);
  Result<void> serving(const std::string& name, Permission least);
  Result<void> served_models();

  Result<void> all_experiments(Permission least);
  Result<void> run_and_models(Permission least);
  Result<void> batch(Permission least);
  Result<void> new_experiment(Permission least);
  Result<void> new_version(Permission least);
  Result<void> source(const std::string& uri);
  Result<void> stage();
  Result<void> oneself();
  Result<void> granter();
  Result<void> managed(Resource resource, const std::string& id);

  Call& call_;
  Workspace& workspace_;
  const Principal& who_;
};

Result<std::vector<std::string>> Guard::named(std::initializer_list<std::string_view> keys) const {
  std::vector<std::string> found;
  const bool in_path = std::ranges::any_of(keys, [&](auto key) { return call_.has_path(key); });
  for (const auto key : keys) {
    if (in_path && !call_.has_path(key)) continue;  // no need to read a body
    auto here = TRY(call_.all_named(key));
    for (auto& text : here) {
      if (!text.empty() && std::ranges::find(found, text) == found.end()) {
        found.push_back(std::move(text));
      }
    }
  }
  return found;
}

Result<void> Guard::each(std::initializer_list<std::string_view> keys, Check require,
                         Permission least) {
  const auto names = TRY(named(keys));
  if (names.empty()) {
    const auto fields = TRY(call_.fields());
    return fields.missing(*keys.begin());
  }
  for (const auto& name : names) {
    TRY((this->*require)(name, least));
  }
  return {};
}

Result<void> Guard::each_in(std::string_view list, std::string_view key, Check require,
                            Permission least) {
  const auto fields = TRY(call_.fields());
  const auto items = TRY(fields.items(list));
  for (const auto& item : items) {
    const auto name = TRY(item.text_or(key, ""));
    if (name.empty()) continue;
    TRY((this->*require)(name, least));
  }
  return {};
}

Result<void> Guard::experiment(const std::string& id, Permission least) {
  const auto number = to_integer(id);  // "01" is 1 to the store
  const auto canonical = number ? std::to_string(*number) : id;
  if (who_.on(Resource::experiment, canonical) >= least) return {};
  return denied(least, "experiment", id);
}

// Whether there is one of a name is told to everyone, as on mlflow 3.17.2: creating it would, too.
Result<void> Guard::experiment_by_name(const std::string& name, Permission least) {
  const auto found = TRY(workspace_.store.read(
      [&](db::Connection& c) { return store::get_experiment_by_name(c, name); }));
  if (who_.on(Resource::experiment, found.experiment_id) >= least) return {};
  return denied(least, "experiment", name);
}

Result<void> Guard::run(const std::string& id, Permission least) {
  const auto experiment_id = workspace_.access->experiment_of_run(id);
  if (who_.on(Resource::experiment, experiment_id.ok() ? *experiment_id : "") >= least) return {};
  return denied(least, "run", id);
}

Result<void> Guard::logged_model(const std::string& id, Permission least) {
  const auto experiment_id = workspace_.access->experiment_of_logged_model(id);
  if (who_.on(Resource::experiment, experiment_id.ok() ? *experiment_id : "") >= least) return {};
  return denied(least, "logged model", id);
}

Result<void> Guard::artifact(const std::string& path, Permission least) {
  const auto owner = TRY(owner_of_artifact(path, workspace_.store));
  if (who_.on(Resource::experiment, owner) >= least) return {};
  return denied(least, "artifact", path);
}

Result<void> Guard::model(const std::string& name, Permission least) {
  if (who_.on(Resource::registered_model, name) >= least) return {};
  return denied(least, "registered model", name);
}

// Who may read a model may see and ask its endpoint; so may who has USE of the endpoint alone.
Result<void> Guard::endpoint(const std::string& name, Permission least) {
  if (who_.on(Resource::registered_model, name) >= least) return {};
  const auto on_endpoint = who_.on(Resource::endpoint, name);
  if (on_endpoint >= std::max(least, Permission::use)) return {};
  return denied(least, "endpoint", name);
}

Result<void> Guard::serving(const std::string& name, Permission least) {
  if (who_.on(Resource::serving_endpoint, name) >= least) return {};
  return denied(least, "serving endpoint", name);
}

// Who may use an endpoint gets its models' answers: so the models must be its maker's to read.
Result<void> Guard::served_models() {
  const auto fields = TRY(call_.fields());
  const auto config = TRY(fields.object("config"));
  for (const auto& holder : {fields, config}) {
    for (const auto* list : {"served_entities", "served_models"}) {
      const auto items = TRY(holder.items(list));
      for (const auto& item : items) {
        for (const auto* key : {"entity_name", "model_name"}) {
          const auto name = TRY(item.text_or(key, ""));
          if (!name.empty()) TRY(model(name, Permission::read));
        }
      }
    }
  }
  return {};
}

Result<void> Guard::all_experiments(Permission least) {
  const auto by_name = TRY(named({"experiment_name"}));
  const auto by_id = TRY(named({"experiment_id", "experiment_ids"}));
  for (const auto& name : by_name) {
    TRY(experiment_by_name(name, least));
  }
  if (!by_name.empty() && by_id.empty()) return {};
  return each({"experiment_id", "experiment_ids"}, &Guard::experiment, least);
}

// A metric or an output may say that it belongs to a logged model, of whatever experiment.
Result<void> Guard::run_and_models(Permission least) {
  TRY(each({"run_id", "run_uuid", "run_ids"}, &Guard::run, least));
  const auto model_ids = TRY(named({"model_id"}));
  for (const auto& model_id : model_ids) {
    TRY(logged_model(model_id, least));
  }
  if (least < Permission::edit) return {};
  return each_in("models", "model_id", &Guard::logged_model, least);
}

Result<void> Guard::batch(Permission least) {
  const Batch* const batch = TRY(batch_of(call_));
  TRY(run(batch->run_id, least));
  std::string_view last;
  for (const auto& metric : batch->metrics) {
    if (metric.model_id.empty() || metric.model_id == last) continue;
    last = metric.model_id;
    TRY(logged_model(metric.model_id, least));
  }
  return {};
}

// Nobody may put an experiment's files where another's are.
Result<void> Guard::new_experiment(Permission least) {
  const auto location = TRY(call_.text_or("artifact_location", ""));
  if (location.empty()) return {};
  const auto owners = TRY(owners_around(location, workspace_.store));
  for (const auto& owner : owners) {
    if (who_.on(Resource::experiment, owner) < least) {
      return denied(least, "experiment with files at", location);
    }
  }
  return {};
}

Result<void> Guard::new_version(Permission least) {
  TRY(each({"name"}, &Guard::model, least));
  const auto run_ids = TRY(named({"run_id"}));
  for (const auto& run_id : run_ids) {
    TRY(run(run_id, Permission::read));
  }
  const auto model_ids = TRY(named({"model_id"}));
  for (const auto& model_id : model_ids) {
    TRY(logged_model(model_id, Permission::read));
  }
  const auto sources = TRY(named({"source"}));
  for (const auto& uri : sources) {
    TRY(source(uri));
  }
  return {};
}

// Who makes a version shows its files to the model's readers: so they must be theirs to read.
Result<void> Guard::source(const std::string& uri) {
  const auto rest_after = [&](std::string_view scheme) {
    auto rest = std::string_view(uri).substr(scheme.size());
    while (rest.starts_with('/')) rest.remove_prefix(1);
    return rest;
  };
  const auto scheme = lower(uri.substr(0, uri.find(':')));
  if (scheme == "runs") {
    const auto rest = rest_after("runs:");
    return run(std::string(rest.substr(0, rest.find('/'))), Permission::read);
  }
  if (scheme == "models") {
    const auto rest = rest_after("models:");
    const std::string name(rest.substr(0, rest.find_first_of("/@")));
    return name.starts_with("m-") && rest.find_first_of("/@") == rest.npos
               ? logged_model(name, Permission::read)
               : model(name, Permission::read);
  }
  const auto own = own_artifact_path(uri);
  return own ? artifact(*own, Permission::read) : Result<void>();
}

// What is or becomes a Production version needs more than others do.
Result<void> Guard::stage() {
  const auto name = TRY(call_.text("name"));
  const auto version = TRY(call_.text("version"));
  const auto target = TRY(call_.text("stage"));
  auto least = Permission::manage_staging;
  if (lower(target) == "production") least = Permission::manage_production;
  TRY(model(name, least));
  const auto current = workspace_.store.read(
      [&](db::Connection& c) { return store::get_model_version(c, name, version); });
  if (current.ok() && current->current_stage == "Production") {
    return model(name, Permission::manage_production);
  }
  return {};
}

Result<void> Guard::oneself() {
  if (who_.is_admin()) return {};
  const auto name = TRY(call_.text("username"));
  if (name == who_.user_id) return {};
  return fail(Code::permission_denied, "Permission denied.");
}

// Who manages a thing may say who else may do what with it; all of a kind only who manages roles.
// The routes of MLflow 2.x name it by experiment_id or name: whatever is named is looked at.
Result<void> Guard::granter() {
  if (who_.manages_roles()) return {};
  const auto experiment_ids = TRY(named({"experiment_id"}));
  const auto names = TRY(named({"name"}));
  const auto ids = TRY(named({"resource_id"}));
  const auto types = TRY(named({"resource_type"}));
  if (experiment_ids.empty() && names.empty() && (ids.empty() || types.empty())) {
    const auto fields = TRY(call_.fields());
    return fields.missing(ids.empty() ? "resource_id" : "resource_type");
  }
  for (const auto& id : experiment_ids) {
    TRY(managed(Resource::experiment, id));
  }
  for (const auto& name : names) {
    TRY(managed(Resource::registered_model, name));
  }
  for (const auto& type : types) {
    const auto resource = TRY(store::resource_from_name(type));
    for (const auto& id : ids) {
      TRY(managed(resource, id));
    }
  }
  return {};
}

Result<void> Guard::managed(Resource resource, const std::string& id) {
  const bool one = id != "*";
  if (one && who_.on(resource, id) >= Permission::manage) return {};
  const bool of_model = one && resource == Resource::endpoint;
  if (of_model && who_.on(Resource::registered_model, id) >= Permission::manage) return {};
  return denied(Permission::manage, store::resource_name(resource), id);
}

Result<void> Guard::check(const Rule& rule) {
  switch (rule.kind) {
    case Kind::anyone: return {};
    case Kind::admin:
      return who_.is_admin() ? Result<void>() : fail(Code::permission_denied, "Permission denied.");
    case Kind::of_roles:
      return who_.manages_roles() ? Result<void>()
                                  : fail(Code::permission_denied, "Permission denied.");
    case Kind::oneself: return oneself();
    case Kind::granter: return granter();
    case Kind::new_experiment: return new_experiment(rule.least);
    case Kind::experiment: return all_experiments(rule.least);
    case Kind::run: return run_and_models(rule.least);
    case Kind::batch: return batch(rule.least);
    case Kind::logged_model: return each({"model_id"}, &Guard::logged_model, rule.least);
    case Kind::run_or_model: {
      const auto runs = TRY(named({"run_id", "run_uuid"}));
      const auto models = TRY(named({"model_id"}));
      if (runs.empty() && !models.empty()) {
        return each({"model_id"}, &Guard::logged_model, rule.least);
      }
      return run_and_models(rule.least);
    }
    case Kind::artifact: {
      const auto paths = TRY(named({"artifact_path", "path"}));
      if (paths.empty()) return artifact("", rule.least);
      return each({"artifact_path", "path"}, &Guard::artifact, rule.least);
    }
    case Kind::model: return each({"name"}, &Guard::model, rule.least);
    case Kind::new_version: return new_version(rule.least);
    case Kind::stage: return stage();
    case Kind::endpoint:
      return each({"name", "registered_model_name"}, &Guard::endpoint, rule.least);
    case Kind::new_serving: return served_models();
    case Kind::serving: return serving(call_.path("name"), rule.least);
    case Kind::serving_config: TRY(serving(call_.path("name"), rule.least)); return served_models();
  }
  return fail(Code::permission_denied, "Permission denied.");
}

}  // namespace

Result<void> authorize(Call& call, Needs needs, Workspace& workspace) {
  const auto& who = call.principal();
  if (needs == Needs::nothing || !who.rights || who.is_admin()) return {};
  return Guard(call, workspace).check(rule_of(needs));
}

Result<void> authorize_head(Call& call, Needs needs, Workspace& workspace) {
  const auto kind = rule_of(needs).kind;
  const bool told_by_path = kind == Kind::artifact || kind == Kind::endpoint ||
                            kind == Kind::serving || kind == Kind::admin || kind == Kind::of_roles;
  return told_by_path ? authorize(call, needs, workspace) : Result<void>();
}

std::vector<std::string> readable_experiments(const Principal& principal,
                                              const std::vector<std::string>& experiment_ids) {
  std::vector<std::string> kept;
  for (const auto& id : experiment_ids) {
    const auto number = to_integer(id);
    const auto canonical = number ? std::to_string(*number) : id;
    if (principal.on(Resource::experiment, canonical) >= Permission::read) kept.push_back(id);
  }
  return kept;
}

}  // namespace slipway::api
