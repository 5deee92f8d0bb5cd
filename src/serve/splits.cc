#include "serve/splits.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "store/model_versions.h"

namespace slipway::serve {
namespace {

EventPlace place_of(std::string_view endpoint, std::string_view served = "") {
  return {store::EndpointKind::serving_endpoint, std::string(endpoint), std::string(served)};
}

const SplitPart* find_part(const Split* split, std::string_view name) {
  if (!split) return nullptr;
  const auto found = std::ranges::find_if(
      split->parts, [&](const auto& part) { return part.entity.name == name; });
  return found == split->parts.end() ? nullptr : &*found;
}

// The parts of a config that have no model, and why; "" where there are none.
std::string failures(const Split& split) {
  std::vector<std::string> texts;
  for (const auto& part : split.parts) {
    if (!part.model) texts.push_back(fmt::format("{}: {}", part.entity.name, part.message));
  }
  return join(texts, "; ");
}

}  // namespace

bool Split::is_ready() const {
  return !parts.empty() &&
         std::ranges::all_of(parts, [](const auto& part) { return part.model != nullptr; });
}

Splits::Splits(store::Store& store, EventLog& events, Gate::Limits limits)
    : store_(store),
      events_(events),
      limits_(limits),
      splits_(std::make_shared<const SplitMap>()) {}

std::shared_ptr<const SplitMap> Splits::snapshot() const {
  return splits_.with([](const auto& splits) { return splits; });
}

Result<Sources> Splits::read_sources(db::Connection& conn,
                                     const std::vector<store::ServingEndpoint>& endpoints) {
  Sources sources;
  for (const auto& endpoint : endpoints) {
    for (const auto* config : {&endpoint.config, &endpoint.pending}) {
      if (!*config) continue;
      for (const auto& entity : (*config)->entities) {
        const std::pair key(entity.entity_name, entity.entity_version);
        if (sources.contains(key)) continue;
        sources.emplace(key, store::download_uri(conn, entity.entity_name,
                                                 std::to_string(entity.entity_version)));
      }
    }
  }
  return sources;
}

// What served before keeps its counts.
SplitPart Splits::part_of(const store::ServedEntity& entity, const store::ServingConfig& config,
                          const SplitPart* before,
                          std::optional<Result<LoadedModel>> opened) const {
  SplitPart part;
  part.entity = entity;
  for (const auto& route : config.routes) {
    if (route.served_name == entity.name) part.percentage = route.percentage;
  }
  if (opened->ok()) {
    part.model = **std::move(opened);
  } else {
    part.message = opened->error().message;
  }
  if (before && part.model && before->model == part.model) {
    part.usage = before->usage;
    part.gate = before->gate;
  }
  auto limits = limits_;
  if (entity.max_concurrency > 0) limits.max_running = entity.max_concurrency;
  part.gate->limit(limits);
  return part;
}

// Null while a model is being loaded.
std::shared_ptr<Split> Splits::build(const store::ServingEndpoint& endpoint,
                                     const store::ServingConfig& config, const Split* before,
                                     const Look& look) const {
  auto split = std::make_shared<Split>();
  split->endpoint_id = endpoint.endpoint_id;
  split->config_version = config.version;
  bool is_whole = true;
  for (const auto& entity : config.entities) {
    const auto source = look.sources.find({entity.entity_name, entity.entity_version});
    if (source == look.sources.end()) return nullptr;
    std::optional<Result<LoadedModel>> opened;
    if (source->second.ok()) {
      opened = look.open({entity.entity_name, entity.entity_version, *source->second});
    } else {
      opened = source->second.error();
    }
    is_whole = is_whole && opened.has_value();
    if (!opened) continue;  // the others begin to load, too
    split->parts.push_back(
        part_of(entity, config, find_part(before, entity.name), std::move(opened)));
  }
  return is_whole ? split : nullptr;
}

// The stored config, where it is whole here; one that was adopted by another server and cannot be
// loaded here leaves what serves as it is.
std::shared_ptr<const Split> Splits::present(const store::ServingEndpoint& endpoint,
                                             std::shared_ptr<const Split> before,
                                             const Look& look) {
  if (!endpoint.config) {
    if (before) return before;
    auto none = std::make_shared<Split>();
    none->endpoint_id = endpoint.endpoint_id;
    return none;
  }
  const auto made = build(endpoint, *endpoint.config, before.get(), look);
  if (!made) return before;
  const auto problem = failures(*made);
  made->message = problem;
  const bool is_new = !before || before->config_version != made->config_version;
  if (is_new && before && before->is_ready() && !problem.empty()) {
    auto kept = std::make_shared<Split>(*before);
    kept->message =
        fmt::format("config version {} does not serve here: {}", made->config_version, problem);
    if (kept->message != before->message) {
      events_.note(place_of(endpoint.name), event::kUpdateFailed, kept->message);
    }
    return kept;
  }
  return made;
}

// The pending config: adopted where all its models are loaded, given up where one fails.
Result<std::shared_ptr<const Split>> Splits::update(const store::ServingEndpoint& endpoint,
                                                    std::shared_ptr<const Split> before,
                                                    const Look& look) {
  const auto made = build(endpoint, *endpoint.pending, before.get(), look);
  if (!made) return before;
  const auto problem = failures(*made);
  const auto& id = endpoint.endpoint_id;
  const auto version = made->config_version;
  const bool is_ours = TRY(store_.write([&](db::Connection& c) {
    return problem.empty() ? store::adopt_config(c, id, version)
                           : store::fail_config(c, id, version, problem);
  }));
  if (!is_ours) return before;
  if (problem.empty()) return std::shared_ptr<const Split>(made);
  const auto message = fmt::format("config version {}: {}", version, problem);
  events_.note(place_of(endpoint.name), event::kUpdateFailed, message);
  log(Level::warning, "serving endpoint {}: {}", endpoint.name, message);
  return before;
}

Result<void> Splits::place(const std::vector<store::ServingEndpoint>& endpoints,
                           const Sources& sources, const OpenVersion& open) {
  const auto before = snapshot();
  const Look look{sources, open};
  auto after = std::make_shared<SplitMap>();
  for (const auto& endpoint : endpoints) {
    std::shared_ptr<const Split> split;
    const auto known = before->find(endpoint.name);
    if (known != before->end() && known->second->endpoint_id == endpoint.endpoint_id) {
      split = known->second;
    }
    split = present(endpoint, split, look);
    if (endpoint.pending) split = TRY(update(endpoint, split, look));
    if (split) after->emplace(endpoint.name, std::move(split));
  }
  splits_.with([&](auto& splits) { splits = after; });
  tell_changes(*before, *after);
  return {};
}

void Splits::tell_changes(const SplitMap& before, const SplitMap& after) {
  for (const auto& [name, split] : after) {
    const auto known = before.find(name);
    const auto* old = known == before.end() ? nullptr : known->second.get();
    for (const auto& part : split->parts) {
      const auto* same = find_part(old, part.entity.name);
      if (!part.model && (!same || same->message != part.message)) {
        events_.note(place_of(name, part.entity.name), event::kFailed, part.message);
      }
      if (!part.model) continue;
      if (same && same->model == part.model && same->percentage == part.percentage) continue;
      events_.note(place_of(name, part.entity.name), event::kSwappedIn,
                   fmt::format("config version {}: version {} of {} takes {} % of the traffic",
                               split->config_version, part.entity.entity_version,
                               part.entity.entity_name, part.percentage));
    }
    for (const auto& part : old ? old->parts : std::vector<SplitPart>()) {
      if (find_part(split.get(), part.entity.name)) continue;
      events_.note(place_of(name, part.entity.name), event::kGone,
                   fmt::format("config version {} is without it", split->config_version));
    }
  }
}

Result<const SplitPart*> pick(const Split& split, std::string_view endpoint,
                              std::string_view served) {
  if (split.parts.empty()) {
    return fail(Code::temporarily_unavailable, "endpoint '{}' has no config that serves yet",
                endpoint);
  }
  const SplitPart* part = find_part(&split, served);
  if (!part && !served.empty()) {
    return fail(Code::resource_does_not_exist, "endpoint '{}' has no served model '{}'", endpoint,
                served);
  }
  if (!part) {
    thread_local Random random(std::random_device{}());
    auto point = static_cast<int64_t>(random.below(100));
    for (const auto& candidate : split.parts) {
      part = &candidate;
      point -= candidate.percentage;
      if (point < 0) break;
    }
  }
  if (part->model) return part;
  return fail(Code::temporarily_unavailable, "served model '{}' of '{}' could not be loaded: {}",
              part->entity.name, endpoint, part->message);
}

}  // namespace slipway::serve
