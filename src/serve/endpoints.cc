#include "serve/endpoints.h"

#include <algorithm>
#include <chrono>

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

// The newest of the versions that `fits` holds for; they are sorted lowest first.
template <typename Fits>
const ServedVersion* newest(const std::vector<ServedVersion>& versions, Fits fits) {
  const ServedVersion* found = nullptr;
  for (const auto& version : versions) {
    if (fits(version)) found = &version;
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

}  // namespace

Endpoints::Endpoints(store::Store& store, const files::ArtifactStore& artifacts, int poll_ms)
    : store_(store),
      artifacts_(artifacts),
      poll_ms_(poll_ms),
      served_(std::make_shared<const Served>()) {
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
  if (generation == generation_) return {};
  auto next = TRY(load_all(*snapshot()));
  auto placed = std::make_shared<const Served>(std::move(next));
  served_.with([&](auto& served) { served.swap(placed); });
  generation_ = generation;
  return {};
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
  Served served;
  for (const auto& [name, versions] : wanted) {
    auto& loaded = served[name];
    for (const auto& version : versions) loaded.push_back(load(name, version, before));
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
      served.state = State::ready;
      return served;
    }
  }
  auto model = load_model(served.source);
  if (!model.ok()) {
    served.message = model.error().message;
    log(Level::warning, "endpoint {}: version {} is not served: {}", name, version.version,
        served.message);
    return served;
  }
  served.model = std::move(model).value();
  served.state = State::ready;
  log(Level::info, "endpoint {}: version {} ({}) is served", name, version.version, served.stage);
  return served;
}

Result<std::shared_ptr<const models::Model>> Endpoints::load_model(const std::string& uri) const {
  if (!std::string_view(uri).starts_with(kArtifactScheme)) {
    return fail(Code::not_implemented,
                "its files are at '{}'; served are models whose files this server holds ({}/…)",
                uri, kArtifactScheme);
  }
  auto below = std::string_view(uri).substr(kArtifactScheme.size());
  below.remove_prefix(std::min(below.find_first_not_of('/'), below.size()));
  const auto path = TRY(files::Path::parse(below));
  const auto folder = TRY(artifacts_.local_folder(path));
  std::shared_ptr<const models::Model> model = TRY(models::load(folder));
  TRY(try_example(*model));
  return model;
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
    std::unique_lock lock(stop_mutex_);
    const auto pause = std::chrono::milliseconds(poll_ms_);
    if (stop_changed_.wait_for(lock, pause, [&] { return stopping_; })) return;
  }
}

}  // namespace slipway::serve
