#include "serve/endpoints.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/scoring.h"
#include "store/endpoints.h"
#include "store/registry.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kArtifactScheme = "mlflow-artifacts:";
constexpr std::string_view kStages[] = {"none", "staging", "production", "archived"};

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// The newest of the versions that `fits` holds for, one that is still loading only where there is
// no other; they are sorted lowest first.
template <typename Fits>
const ServedVersion* newest(const std::vector<ServedVersion>& versions, Fits fits) {
  const ServedVersion* found = nullptr;
  for (const auto& version : versions) {
    if (!fits(version)) continue;
    if (!found || version.state != State::loading || found->state == State::loading) {
      found = &version;
    }
  }
  return found;
}

const ServedVersion* find_place(const std::vector<ServedVersion>& versions,
                                std::string_view place) {
  if (place.empty()) {
    const auto* live = find_place(versions, "production");
    return live ? live : newest(versions, [](const auto&) { return true; });
  }
  if (all_digits(place)) {
    const auto number = to_integer(place);
    return newest(versions, [&](const auto& v) { return v.version == number; });
  }
  const auto stage = lower(place);
  if (std::ranges::find(kStages, stage) != std::end(kStages)) {
    return newest(versions, [&](const auto& v) { return lower(v.stage) == stage; });
  }
  return newest(versions, [&](const auto& v) { return std::ranges::count(v.aliases, place) > 0; });
}

// A first request before a model takes traffic: it faults in what scoring touches, and shows that
// the model works at all. MLflow keeps a table as {"columns", "data"}, without the key around it.
Result<void> try_example(const models::Model& model) {
  const auto example = parse_json(model.input_example());
  if (!example.ok() || !find(*example, "columns") || !find(*example, "data")) return {};
  const auto body = fmt::format("{{\"dataframe_split\": {}}}", model.input_example());
  const auto tried = score(model, body, "application/json");
  if (tried.ok()) return {};
  return fail(Code::invalid_parameter_value, "it cannot score its own input example: {}",
              tried.error().message);
}

// While versions are being loaded, what they replace stays: a version that left their stage, and
// the aliases that they took over.
void keep_replaced(std::vector<ServedVersion>& loaded, const std::vector<ServedVersion>& before) {
  std::vector<ServedVersion> leaving;
  for (const auto& next : loaded) {
    if (next.state != State::loading) continue;
    for (const auto& last : before) {
      if (last.state != State::ready || last.version == next.version) continue;
      const auto now =
          std::ranges::find(loaded, last.version, [](const auto& v) { return v.version; });
      if (now == loaded.end()) {
        const bool known = std::ranges::count(leaving, last.version, &ServedVersion::version) > 0;
        if (!known && last.stage == next.stage && lower(next.stage) != "none") {
          leaving.push_back(last);
        }
        continue;
      }
      for (const auto& alias : next.aliases) {
        if (std::ranges::count(last.aliases, alias) > 0 && !std::ranges::count(now->aliases, alias))
          now->aliases.push_back(alias);
      }
    }
  }
  loaded.insert(loaded.end(), leaving.begin(), leaving.end());
  std::ranges::sort(loaded, {}, &ServedVersion::version);
}

std::string model_name(const std::string& name, int64_t version) {
  return fmt::format("{}/{}", name, version);
}

}  // namespace

Endpoints::Endpoints(store::Store& store, const files::ArtifactStore& artifacts, int poll_ms,
                     WorkerSettings workers)
    : store_(store),
      artifacts_(artifacts),
      poll_ms_(poll_ms),
      served_(std::make_shared<const Served>()),
      loader_(std::move(workers), try_example) {
  watcher_ = std::thread([this] { watch(); });
}

Endpoints::~Endpoints() {
  {
    const std::scoped_lock lock(stop_mutex_);
    stopping_ = true;
  }
  stop_changed_.notify_all();
  watcher_.join();
}

std::shared_ptr<const Served> Endpoints::snapshot() const {
  return served_.with([](const auto& served) { return served; });
}

Result<Serving> Endpoints::find(std::string_view name, std::string_view place) const {
  const auto served = snapshot();
  const auto found = served->find(name);
  if (found == served->end()) {
    return fail(Code::resource_does_not_exist,
                "no endpoint of the registered model '{}' is enabled; enable it with `slipway "
                "endpoints enable NAME`",
                name);
  }
  const auto* version = find_place(found->second, place);
  if (!version) {
    std::vector<std::string> there;
    for (const auto& v : found->second) {
      there.push_back(fmt::format("{} ({})", v.version, v.stage));
    }
    return fail(Code::resource_does_not_exist,
                "'{}' has no active version, stage or alias '{}'; served versions: {}", name, place,
                there.empty() ? "none" : join(there, ", "));
  }
  if (version->state == State::loading) {
    return fail(Code::temporarily_unavailable, "version {} of '{}' is not ready yet: {}",
                version->version, name, version->message);
  }
  if (version->state == State::failed) {
    return fail(Code::temporarily_unavailable, "version {} of '{}' could not be loaded: {}",
                version->version, name, version->message);
  }
  return Serving{found->first, version->version, version->model, version->usage};
}

Result<void> Endpoints::refresh() {
  const std::scoped_lock lock(refreshing_);
  const auto generation =
      TRY(store_.read([](db::Connection& c) { return store::registry_generation(c); }));
  if (generation == generation_ && !loader_.any_finished()) return {};
  const auto before = snapshot();
  auto next = TRY(load_all(*before));
  const auto placed = std::make_shared<const Served>(std::move(next));
  served_.with([&](auto& served) { served = placed; });
  retire(*before, *placed);
  generation_ = generation;
  return {};
}

// A worker takes a while to end: what is no longer served is kept until no request has it, so that
// the watcher lets go of it and not a request.
void Endpoints::retire(const Served& before, const Served& now) {
  std::set<const models::Model*> kept;
  for (const auto& [name, versions] : now) {
    for (const auto& version : versions) kept.insert(version.model.get());
  }
  for (const auto& [name, versions] : before) {
    for (const auto& version : versions) {
      if (version.log && !kept.contains(version.model.get())) retired_.push_back(version.model);
    }
  }
}

Result<Served> Endpoints::load_all(const Served& before) {
  using Wanted = std::map<std::string, std::vector<store::ModelVersion>>;
  const auto wanted = TRY(store_.read([](db::Connection& c) -> Result<Wanted> {
    Wanted versions;
    const auto endpoints = TRY(store::list_endpoints(c));
    for (const auto& endpoint : endpoints) {
      const auto& name = endpoint.registered_model_name;
      versions[name] = TRY(store::active_versions(c, name));
    }
    return versions;
  }));
  std::set<std::string> names;
  for (const auto& [name, versions] : wanted) {
    for (const auto& version : versions) names.insert(model_name(name, version.version));
  }
  loader_.retain(names);
  Served served;
  for (const auto& [name, versions] : wanted) {
    auto& loaded = served[name];
    for (const auto& version : versions) loaded.push_back(load(name, version, before));
    const auto known = before.find(name);
    if (known != before.end()) keep_replaced(loaded, known->second);
  }
  return served;
}

ServedVersion Endpoints::load(const std::string& name, const store::ModelVersion& version,
                              const Served& before) {
  ServedVersion served;
  served.version = version.version;
  served.stage = version.current_stage;
  served.aliases = version.aliases;
  const auto uri = store_.read([&](db::Connection& c) {
    return store::download_uri(c, name, std::to_string(version.version));
  });
  if (!uri.ok()) {
    served.message = uri.error().message;
    return served;
  }
  served.source = *uri;
  const auto known = before.find(name);
  if (known != before.end()) {
    const auto* same = newest(known->second, [&](const auto& v) {
      return v.version == version.version && v.source == served.source && v.model;
    });
    if (same) {
      served.model = same->model;
      served.usage = same->usage;
      served.log = same->log;
      served.state = State::ready;
      return served;
    }
  }
  auto opened = open(model_name(name, version.version), served.source);
  if (!opened) {
    served.state = State::loading;
    served.message = "a worker process is being started for it";
    return served;
  }
  if (!opened->ok()) {
    served.message = opened->error().message;
    log(Level::warning, "endpoint {}: version {} is not served: {}", name, version.version,
        served.message);
    return served;
  }
  served.model = std::move((*opened)->model);
  served.log = std::move((*opened)->log);
  served.state = State::ready;
  log(Level::info, "endpoint {}: version {} ({}) is served", name, version.version, served.stage);
  return served;
}

std::optional<Result<OpenedModel>> Endpoints::open(const std::string& name,
                                                   const std::string& uri) {
  const auto find_folder = [&]() -> Result<std::filesystem::path> {
    if (!std::string_view(uri).starts_with(kArtifactScheme)) {
      return fail(Code::not_implemented,
                  "its files are at '{}'; served are models whose files this server holds ({}/…)",
                  uri, kArtifactScheme);
    }
    auto below = std::string_view(uri).substr(kArtifactScheme.size());
    below.remove_prefix(std::min(below.find_first_not_of('/'), below.size()));
    const auto path = TRY(files::Path::parse(below));
    return artifacts_.local_folder(path);
  };
  const auto folder = find_folder();
  if (!folder.ok()) return folder.error();
  return loader_.open(name, *folder);
}

void Endpoints::watch() {
  std::string last_failure;
  while (true) {
    const auto refreshed = refresh();
    const std::string failure = refreshed.ok() ? "" : refreshed.error().message;
    if (failure != last_failure && !failure.empty()) {
      log(Level::error, "endpoints cannot follow the registry: {}", failure);
    }
    last_failure = failure;
    {
      const std::scoped_lock lock(refreshing_);
      std::erase_if(retired_, [](const auto& model) { return model.use_count() == 1; });
    }
    std::unique_lock lock(stop_mutex_);
    const auto pause = std::chrono::milliseconds(poll_ms_);
    if (stop_changed_.wait_for(lock, pause, [&] { return stopping_; })) return;
  }
}

}  // namespace slipway::serve
