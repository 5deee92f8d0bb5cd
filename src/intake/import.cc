#include "intake/import.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>

#include "base/clock.h"
#include "store/roles.h"
#include "store/users.h"

namespace slipway::intake {
namespace {

// Runs that share a transaction: what a kill loses, and what a sync to disk pays for. Servers over
// the same database wait for it when they write, so it is not to take long.
constexpr size_t kMaxRunsAtOnce = 200;
constexpr double kWriteSeconds = 0.5;

class Import {
 public:
  Import(Source& source, store::Store& store, files::ArtifactStore& artifacts,
         const ImportOptions& options)
      : source_(source),
        store_(store),
        options_(options),
        taker_(artifacts, options.artifacts_root) {}

  Result<ImportReport> run() {
    TRY(note_sharing());
    TRY(note_references());
    TRY(source_.experiments([&](const auto& experiment) { return take(experiment); }));
    TRY(source_.logged_models([&](const auto& model) { return take(model); }));
    TRY(source_.runs([&](auto& page) { return take(page); }));
    TRY(source_.registered_models([&](const auto& model) { return take(model); }));
    return report();
  }

 private:
  Result<void> note_sharing();
  Result<void> note_references();
  Result<void> take(const store::Experiment& experiment);
  Result<void> take(const SourceModel& found);
  Result<void> take(std::vector<store::ImportedRun>& page);
  Result<void> put_some(std::span<const store::ImportedRun> runs);
  Result<void> share(db::Connection& conn, store::Resource resource, const std::string& id);
  Result<void> take(const SourceRegisteredModel& found);
  std::string moved(const std::string& address, const std::string& referenced) const;
  Result<ImportReport> report();
  Result<store::ImportCounts> count_here();

  template <typename Has>
  Result<bool> is_there(Has has) {
    return store_.read([&](db::Connection& c) { return has(c); });
  }

  Source& source_;
  store::Store& store_;
  const ImportOptions& options_;
  ArtifactTaker taker_;
  std::optional<int64_t> readers_role_key_;
  bool admins_only_ = false;
  size_t n_runs_at_once_ = 10;
  std::set<std::string> referenced_;  // ids of runs and logged models that versions name
  std::map<std::string, std::pair<std::string, std::string>> addresses_;  // of those: old, new
  int64_t n_runs_ = 0;
  int64_t n_points_ = 0;
  int64_t n_runs_before_ = 0;
};

// The logged model that a version's source `models:/m-ID` names.
std::string model_id_of(const std::string& source) {
  constexpr std::string_view kLogged = "models:/m-";
  if (!source.starts_with(kLogged)) return {};
  const auto id = source.substr(kLogged.size() - 2);
  return id.substr(0, id.find('/'));
}

// Who is to see what comes; told before anything does.
Result<void> Import::note_sharing() {
  return store_.read([&](db::Connection& c) -> Result<void> {
    const auto state = TRY(store::access_state(c));
    admins_only_ = state.has_users && options_.owner.empty() && options_.readers.empty();
    if (!options_.owner.empty()) TRY(store::get_user(c, options_.owner));
    if (options_.readers.empty()) return {};
    const auto roles = TRY(store::list_roles(c, {std::string(store::kDefaultWorkspace)}));
    for (const auto& role : roles) {
      if (role.name == options_.readers) readers_role_key_ = role.role_key;
    }
    if (readers_role_key_) return {};
    return fail(Code::resource_does_not_exist, "there is no group '{}'", options_.readers);
  });
}

Result<void> Import::share(db::Connection& conn, store::Resource resource, const std::string& id) {
  const auto unless_known = [](Result<void> granted) -> Result<void> {
    if (granted.ok() || granted.error().code == Code::resource_already_exists) return {};
    return granted;
  };
  if (!options_.owner.empty()) {
    TRY(unless_known(
        store::grant_to_user(conn, options_.owner, resource, id, store::Permission::manage)));
  }
  if (!readers_role_key_) return {};
  const auto granted =
      store::add_grant(conn, *readers_role_key_, resource, id, store::Permission::read);
  return unless_known(granted.ok() ? Result<void>() : granted.error());
}

Result<void> Import::note_references() {
  return source_.registered_models([&](const SourceRegisteredModel& found) -> Result<void> {
    for (const auto& imported : found.versions) {
      referenced_.insert(imported.version.run_id);
      referenced_.insert(model_id_of(imported.version.source));
    }
    return {};
  });
}

Result<void> Import::take(const store::Experiment& experiment) {
  auto kept = experiment;
  kept.artifact_location =
      address_from_now_on(experiment.artifact_location, experiment.experiment_id);
  return store_.write([&](db::Connection& c) -> Result<void> {
    TRY(store::put_experiment(c, kept));
    return share(c, store::Resource::experiment, kept.experiment_id);
  });
}

Result<void> Import::take(const SourceModel& found) {
  const auto& model = found.model;
  const auto own = fmt::format("{}/models/{}/artifacts", model.experiment_id, model.model_id);
  const bool known =
      TRY(is_there([&](auto& c) { return store::has_logged_model(c, model.model_id); }));
  auto kept = model;
  kept.artifact_uri = TRY(taker_.take(model.artifact_uri, own));
  if (referenced_.contains(model.model_id)) {
    addresses_[model.model_id] = {model.artifact_uri, kept.artifact_uri};
  }
  if (known) return {};
  return store_.write(
      [&](db::Connection& c) { return store::put_logged_model(c, kept, found.stage); });
}

Result<void> Import::take(std::vector<store::ImportedRun>& page) {
  std::vector<store::ImportedRun> lacking;
  for (auto& imported : page) {
    auto& info = imported.run.info;
    const bool known = TRY(is_there([&](auto& c) { return store::has_run(c, info.run_id); }));
    const auto own = fmt::format("{}/{}/artifacts", info.experiment_id, info.run_id);
    const auto address = TRY(taker_.take(info.artifact_uri, own));
    if (referenced_.contains(info.run_id)) addresses_[info.run_id] = {info.artifact_uri, address};
    info.artifact_uri = address;
    n_runs_before_ += known ? 1 : 0;
    if (!known) lacking.push_back(std::move(imported));
  }
  const std::span<const store::ImportedRun> runs(lacking);
  for (size_t n_done = 0; n_done < runs.size();) {
    const Stopwatch watch;
    const auto some = runs.subspan(n_done, std::min(n_runs_at_once_, runs.size() - n_done));
    TRY(put_some(some));
    n_done += some.size();
    const double seconds = watch.seconds();
    if (seconds > kWriteSeconds) n_runs_at_once_ = std::max<size_t>(1, n_runs_at_once_ / 2);
    if (seconds < kWriteSeconds / 2) {
      n_runs_at_once_ = std::min(kMaxRunsAtOnce, n_runs_at_once_ * 2);
    }
    if (options_.on_progress && !options_.on_progress(n_runs_, n_points_)) {
      return fail(Code::cancelled, "the import was interrupted; started again, it goes on");
    }
  }
  return {};
}

Result<void> Import::put_some(std::span<const store::ImportedRun> runs) {
  return store_.write([&](db::Connection& c) -> Result<void> {
    for (const auto& imported : runs) {
      const std::string& run_id = imported.run.info.run_id;
      TRY(store::put_run(c, imported));
      TRY(source_.points(run_id, [&](const std::vector<store::Metric>& points) {
        n_points_ += static_cast<int64_t>(points.size());
        return store::put_points(c, run_id, points);
      }));
      n_runs_ += 1;
    }
    return {};
  });
}

// An address within the files of what a version names, as it is from now on.
std::string Import::moved(const std::string& address, const std::string& referenced) const {
  const auto found = addresses_.find(referenced);
  if (found == addresses_.end() || found->second.first.empty()) return address;
  const auto& [old_address, new_address] = found->second;
  if (!address.starts_with(old_address)) return address;
  return new_address + address.substr(old_address.size());
}

Result<void> Import::take(const SourceRegisteredModel& found) {
  const bool known =
      TRY(is_there([&](auto& c) { return store::has_registered_model(c, found.model.name); }));
  if (known) {
    return store_.write([&](db::Connection& c) {
      return share(c, store::Resource::registered_model, found.model.name);
    });
  }
  auto versions = found.versions;
  for (auto& imported : versions) {
    auto& version = imported.version;
    version.model_id = model_id_of(version.source);
    for (const auto& id : {version.run_id, version.model_id}) {
      version.source = moved(version.source, id);
      imported.storage_location = moved(imported.storage_location, id);
    }
  }
  return store_.write([&](db::Connection& c) -> Result<void> {
    TRY(store::put_registered_model(c, found.model, versions, found.last_version));
    return share(c, store::Resource::registered_model, found.model.name);
  });
}

Result<store::ImportCounts> Import::count_here() {
  store::ImportCounts counts;
  const auto count = [&](auto add) {
    return store_.read([&](db::Connection& c) -> Result<void> { return add(c); });
  };
  TRY(source_.experiments([&](const store::Experiment& experiment) {
    return count(
        [&](auto& c) { return store::count_experiment(c, experiment.experiment_id, counts); });
  }));
  TRY(source_.logged_models([&](const SourceModel& found) {
    return count(
        [&](auto& c) { return store::count_logged_model(c, found.model.model_id, counts); });
  }));
  TRY(source_.runs([&](std::vector<store::ImportedRun>& page) {
    return count([&](auto& c) -> Result<void> {
      for (const auto& imported : page) {
        TRY(store::count_run(c, imported.run.info.run_id, counts));
      }
      return {};
    });
  }));
  TRY(source_.registered_models([&](const SourceRegisteredModel& found) {
    return count(
        [&](auto& c) { return store::count_registered_model(c, found.model.name, counts); });
  }));
  return counts;
}

Result<ImportReport> Import::report() {
  const auto theirs = TRY(source_.counts());
  const auto here = TRY(count_here());
  ImportReport out;
  out.artifacts = taker_.counts();
  out.n_runs_before = n_runs_before_;
  out.admins_only = admins_only_;
  out.left_out = TRY(source_.left_out());
  out.rows = {
      {"experiments", theirs.n_experiments, here.n_experiments},
      {"experiment tags", theirs.n_experiment_tags, here.n_experiment_tags},
      {"runs", theirs.n_runs, here.n_runs},
      {"metric points", theirs.n_points, here.n_points},
      {"params", theirs.n_params, here.n_params},
      {"run tags", theirs.n_run_tags, here.n_run_tags},
      {"dataset inputs", theirs.n_dataset_inputs, here.n_dataset_inputs},
      {"model inputs and outputs", theirs.n_model_links, here.n_model_links},
      {"logged models", theirs.n_logged_models, here.n_logged_models},
      {"logged models' data", theirs.n_logged_model_data, here.n_logged_model_data},
      {"registered models", theirs.n_registered_models, here.n_registered_models},
      {"model versions", theirs.n_versions, here.n_versions},
      {"registry tags", theirs.n_registry_tags, here.n_registry_tags},
      {"aliases", theirs.n_aliases, here.n_aliases},
      {"artifact files", out.artifacts.n_source_files, out.artifacts.n_files},
  };
  return out;
}

}  // namespace

bool ImportReport::is_whole() const {
  for (const auto& row : rows) {
    if (row.n_source != row.n_here) return false;
  }
  return true;
}

Result<ImportReport> import_all(Source& source, store::Store& store,
                                files::ArtifactStore& artifacts, const ImportOptions& options) {
  return Import(source, store, artifacts, options).run();
}

}  // namespace slipway::intake
