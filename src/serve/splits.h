// serve/splits.h — serving endpoints as they are here: models, each with its share of the traffic.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "models/model.h"
#include "serve/event_log.h"
#include "serve/gate.h"
#include "serve/usage.h"
#include "store/serving_endpoints.h"
#include "store/store.h"

namespace slipway::serve {

/// A version of a registered model, and where its files are.
struct ModelPlace {
  std::string name;
  int64_t version = 0;
  std::string source;
  auto operator<=>(const ModelPlace&) const = default;
};

using LoadedModel = std::shared_ptr<const models::Model>;

/// Gives a version's model, warmed up, or why there is none; nothing while it is being loaded.
using OpenVersion = std::function<std::optional<Result<LoadedModel>>(const ModelPlace&)>;

/// One served model of an endpoint.
struct SplitPart {
  store::ServedEntity entity;
  int64_t percentage = 0;
  std::string message;  // why there is no model
  LoadedModel model;    // null: it could not be loaded
  std::shared_ptr<Usage> usage = std::make_shared<Usage>();
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
};

/// An endpoint's config that serves here. Immutable; an update makes a new one.
struct Split {
  std::string endpoint_id;
  int64_t config_version = 0;  // 0: none yet
  std::string message;         // why the stored config does not serve here
  std::vector<SplitPart> parts;

  bool is_ready() const;
};

using SplitMap = std::map<std::string, std::shared_ptr<const Split>, std::less<>>;

/// Where the files of versions are, or why that cannot be told; by model and version.
using Sources = std::map<std::pair<std::string, int64_t>, Result<std::string>>;

/// Follows the serving endpoints of the store: a new config serves, in one step, once all its
/// models are loaded; until then, and where one of them fails, the old one does. Safe from any
/// thread; place() from one at a time.
class Splits {
 public:
  Splits(store::Store& store, EventLog& events, Gate::Limits limits);

  /// What is there now.
  std::shared_ptr<const SplitMap> snapshot() const;

  /// Which versions the endpoints need.
  static Result<Sources> read_sources(db::Connection& conn,
                                      const std::vector<store::ServingEndpoint>& endpoints);

  /// Put in place what is whole by now; an endpoint of which a model is still being loaded stays as
  /// it is.
  /// Errors   as Store::write.
  Result<void> place(const std::vector<store::ServingEndpoint>& endpoints, const Sources& sources,
                     const OpenVersion& open);

 private:
  struct Look {
    const Sources& sources;
    const OpenVersion& open;
  };
  SplitPart part_of(const store::ServedEntity& entity, const store::ServingConfig& config,
                    const SplitPart* before, std::optional<Result<LoadedModel>> opened) const;
  std::shared_ptr<Split> build(const store::ServingEndpoint& endpoint,
                               const store::ServingConfig& config, const Split* before,
                               const Look& look) const;
  std::shared_ptr<const Split> present(const store::ServingEndpoint& endpoint,
                                       std::shared_ptr<const Split> before, const Look& look);
  Result<std::shared_ptr<const Split>> update(const store::ServingEndpoint& endpoint,
                                              std::shared_ptr<const Split> before,
                                              const Look& look);
  void tell_changes(const SplitMap& before, const SplitMap& after);

  store::Store& store_;
  EventLog& events_;
  const Gate::Limits limits_;
  Guarded<std::shared_ptr<const SplitMap>> splits_;
};

/// Pick a part as the percentages say, or the one that is named.
/// Errors   resource_does_not_exist: none of that name; temporarily_unavailable: there is no config
///          yet, or the part's model could not be loaded.
Result<const SplitPart*> pick(const Split& split, std::string_view endpoint,
                              std::string_view served);

}  // namespace slipway::serve
