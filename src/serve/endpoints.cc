#include "serve/endpoints.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/scoring.h"
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

EventPlace place_of(const std::string& name, int64_t version) {
  return {store::EndpointKind::registered_model, name, std::to_string(version)};
}

// What happens to a version's worker processes is an event of the version.
WorkerSettings observed(WorkerSettings workers, EventLog& events) {
  workers.observe = [&events](const std::string& model, const WorkerEvent& what) {
    const auto slash = std::min(model.rfind('/'), model.size());
    auto name = fmt::format("WORKER_{}", event_name(what.kind));
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    const auto version = model.substr(std::min(slash + 1, model.size()));
    events.note({store::EndpointKind::registered_model, model.substr(0, slash), version}, name,
                what.message);
  };
  return workers;
}

Error still_starting() {
  return fail(Code::temporarily_unavailable,
              "the server has begun only now, and is still loading what it serves");
}

std::string where_of(const ServedVersion& version) {
  return version.aliases.empty()
             ? fmt::format("stage {}", version.stage)
             : fmt::format("stage {}, aliases {}", version.stage, join(version.aliases, ", "));
}

const std::vector<ServedVersion>& versions_in(const Served& served, const std::string& name) {
  static const std::vector<ServedVersion> kNone;
  const auto found = served.find(name);
  return found == served.end() ? kNone : found->second;
}

}  // namespace

Endpoints::Endpoints(store::Store& store, const files::ArtifactStore& artifacts, int poll_ms,
                     WorkerSettings workers, Gate::Limits limits)
    : store_(store),
      artifacts_(artifacts),
      poll_ms_(poll_ms),
      served_(std::make_shared<const Served>()),
      limits_(limits),
      loader_(observed(std::move(workers), events_), try_example),
      splits_(store, events_, limits) {
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
    if (!has_looked_) return still_starting();
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
  return Serving{found->first, version->version, version->model, version->usage, version->gate, ""};
}

Result<Serving> Endpoints::find_split(std::string_view endpoint, std::string_view served) const {
  const auto splits = splits_.snapshot();
  const auto found = splits->find(endpoint);
  if (found == splits->end()) {
    if (!has_looked_) return still_starting();
    return fail(Code::resource_does_not_exist, "Endpoint with name '{}' does not exist.", endpoint);
  }
  const auto* part = TRY(pick(*found->second, endpoint, served));
  const auto& entity = part->entity;
  return Serving{entity.entity_name, entity.entity_version, part->model, part->usage, part->gate,
                 entity.name};
}

void Endpoints::wake() {
  {
    const std::scoped_lock lock(stop_mutex_);
    woken_ = true;
  }
  stop_changed_.notify_all();
}

std::string Endpoints::output(std::string_view name, int64_t version) const {
  return opened_.with([&](const auto& opened) -> std::string {
    for (const auto& [place, model] : opened) {
      if (place.name == name && place.version == version && model.log) return model.log->output();
    }
    return "";
  });
}

Result<void> Endpoints::refresh() {
  const std::scoped_lock lock(refreshing_);
  const auto generation =
      TRY(store_.read([](db::Connection& c) { return store::registry_generation(c); }));
  if (generation == generation_ && !loader_.any_finished() && !retry_.is_due()) return {};
  retry_.is_wanted = false;
  const auto wanted = TRY(read_wanted());
  forget_unwanted(wanted);
  const auto before = snapshot();
  auto placed = std::make_shared<const Served>(load_all(wanted.models, *before));
  served_.with([&](auto& served) { served = placed; });
  tell_changes(*before, *placed);
  const auto open = [this](const ModelPlace& place) -> std::optional<Result<LoadedModel>> {
    auto opened = open_once(place);
    if (!opened) return std::nullopt;
    if (!opened->ok()) return opened->error();
    return LoadedModel((*opened)->model);
  };
  TRY(splits_.place(wanted.splits, wanted.sources, open));
  generation_ = generation;
  has_looked_ = true;
  retry_.plan();
  return {};
}

bool Endpoints::Retry::is_due() const {
  return is_wanted && std::chrono::steady_clock::now() >= at;
}

void Endpoints::Retry::plan() {
  constexpr int64_t kFirstMs = 2000;
  constexpr int64_t kLongestMs = 120'000;
  pause_ms = is_wanted ? std::clamp(2 * pause_ms, kFirstMs, kLongestMs) : 0;
  at = std::chrono::steady_clock::now() + std::chrono::milliseconds(pause_ms);
}

Result<Endpoints::Wanted> Endpoints::read_wanted() {
  return store_.read([](db::Connection& c) -> Result<Wanted> {
    Wanted wanted;
    wanted.models = TRY(store::list_served(c));
    wanted.splits = TRY(store::list_serving_endpoints(c));
    wanted.sources = TRY(Splits::read_sources(c, wanted.splits));
    return wanted;
  });
}

// A worker takes a while to end: what is no longer wanted is kept until no request has it, so that
// the watcher lets go of it and not a request.
void Endpoints::forget_unwanted(const Wanted& wanted) {
  std::set<ModelPlace> places;
  for (const auto& [endpoint, versions] : wanted.models) {
    for (const auto& version : versions) {
      places.insert({endpoint.registered_model_name, version.version, version.source});
    }
  }
  for (const auto& [place, source] : wanted.sources) {
    if (source.ok()) places.insert({place.first, place.second, *source});
  }
  std::set<std::string> names;
  for (const auto& place : places) names.insert(model_name(place.name, place.version));
  loader_.retain(names);
  const auto is_unwanted = [&](const auto& entry) { return !places.contains(entry.first); };
  std::erase_if(failures_, is_unwanted);
  opened_.with([&](auto& all) {
    for (const auto& entry : all) {
      if (is_unwanted(entry)) retired_.push_back(entry.second.model);
    }
    std::erase_if(all, is_unwanted);
  });
}

Served Endpoints::load_all(const std::vector<store::EndpointVersions>& wanted,
                           const Served& before) {
  Served served;
  for (const auto& [endpoint, versions] : wanted) {
    const auto& name = endpoint.registered_model_name;
    auto& loaded = served[name];
    for (const auto& version : versions) loaded.push_back(load(endpoint, version, before));
    keep_replaced(loaded, versions_in(before, name));
  }
  return served;
}

ServedVersion Endpoints::load(const store::Endpoint& endpoint, const store::ActiveVersion& version,
                              const Served& before) {
  const auto& name = endpoint.registered_model_name;
  ServedVersion served;
  served.version = version.version;
  served.stage = version.stage;
  served.aliases = version.aliases;
  served.source = version.source;
  const auto* same = newest(versions_in(before, name), [&](const auto& v) {
    return v.version == version.version && v.source == served.source;
  });
  if (same) {
    served.usage = same->usage;
    served.gate = same->gate;
  }
  auto limits = limits_;
  if (endpoint.max_concurrency > 0) limits.max_running = endpoint.max_concurrency;
  served.gate->limit(limits);
  auto opened = open_once({name, version.version, version.source});
  if (!opened) {
    served.state = State::loading;
    served.message = "a worker process is being started for it";
  } else if (!opened->ok()) {
    served.message = opened->error().message;
  } else {
    served.model = std::move((*opened)->model);
    served.log = std::move((*opened)->log);
    served.state = State::ready;
  }
  return served;
}

void Endpoints::tell_changes(const Served& before, const Served& after) {
  const auto same_in = [](const std::vector<ServedVersion>& versions, const ServedVersion& one) {
    return newest(versions, [&](const auto& v) { return v.version == one.version; });
  };
  for (const auto& [name, versions] : after) {
    const auto& old = versions_in(before, name);
    for (const auto& version : versions) {
      if (version.state != State::ready) continue;
      const auto place = place_of(name, version.version);
      const auto* same = same_in(old, version);
      if (!same || same->model != version.model) {
        events_.note(place, event::kSwappedIn, where_of(version));
        log(Level::info, "endpoint {}: version {} ({}) is served", name, version.version,
            version.stage);
      } else if (same->stage != version.stage || same->aliases != version.aliases) {
        events_.note(place, event::kMoved,
                     fmt::format("from {} to {}", where_of(*same), where_of(version)));
      }
    }
  }
  for (const auto& [name, versions] : before) {
    const auto& now = versions_in(after, name);
    for (const auto& version : versions) {
      if (version.state != State::ready || same_in(now, version)) continue;
      events_.note(place_of(name, version.version), event::kGone,
                   after.contains(name) ? "archived or deleted" : "the endpoint is disabled");
    }
  }
}

// A model is opened once however many serve it, and kept until forget_unwanted().
std::optional<Result<OpenedModel>> Endpoints::open_once(const ModelPlace& place) {
  auto known = opened_.with([&](const auto& all) -> OpenedModel {
    const auto found = all.find(place);
    return found == all.end() ? OpenedModel() : found->second;
  });
  if (known.model) return known;
  const auto where = place_of(place.name, place.version);
  const Stopwatch watch;
  auto opened = open(model_name(place.name, place.version), place.source);
  if (!opened) return opened;
  if (!opened->ok()) {
    const auto& message = opened->error().message;
    if (opened->error().code == Code::temporarily_unavailable) retry_.is_wanted = true;
    if (std::exchange(failures_[place], message) != message) {
      events_.note(where, event::kFailed, message);
      log(Level::warning, "endpoint {}: version {} is not served: {}", place.name, place.version,
          message);
    }
    return opened;
  }
  failures_.erase(place);
  const auto& model = *(*opened)->model;
  events_.note(where, event::kLoaded,
               fmt::format("{} from {}, in {:.0f} ms",
                           model.input_example().empty() ? "without an input example"
                                                         : "and warmed up with its input example",
                           place.source, watch.seconds() * 1e3));
  opened_.with([&](auto& all) { all[place] = **opened; });
  return opened;
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
    const auto noted = flush_events();
    if (!noted.ok()) log(Level::warning, "events wait to be written: {}", noted.error().message);
    std::unique_lock lock(stop_mutex_);
    const auto pause = std::chrono::milliseconds(poll_ms_);
    stop_changed_.wait_for(lock, pause, [&] { return stopping_ || woken_; });
    if (stopping_) return;
    woken_ = false;
  }
}

}  // namespace slipway::serve
