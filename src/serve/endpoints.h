// serve/endpoints.h — the registered models that are served, and which of their versions are
// loaded.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "files/artifact_store.h"
#include "models/model.h"
#include "serve/event_log.h"
#include "serve/gate.h"
#include "serve/loader.h"
#include "serve/splits.h"
#include "serve/usage.h"
#include "serve/worker_log.h"
#include "store/endpoints.h"
#include "store/store.h"

namespace slipway::serve {

enum class State { loading, ready, failed };

/// One version of a served model, as it is now.
struct ServedVersion {
  int64_t version = 0;
  std::string stage;
  std::vector<std::string> aliases;
  State state = State::failed;
  std::string message;  // why it is not ready
  std::string source;   // where its files were loaded from
  std::shared_ptr<const models::Model> model;
  std::shared_ptr<WorkerLog> log;  // of its worker processes; null: it has none
  std::shared_ptr<Usage> usage = std::make_shared<Usage>();
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
};

/// A loaded version in the hands of a request: it stays while this is there.
struct Serving {
  std::string name;
  int64_t version = 0;
  std::shared_ptr<const models::Model> model;
  std::shared_ptr<Usage> usage;
  std::shared_ptr<Gate> gate;
  std::string served_name;  // of a serving endpoint's part; else ""
};

/// Versions of each served model, lowest first. Immutable; a change makes a new one.
using Served = std::map<std::string, std::vector<ServedVersion>, std::less<>>;

/// Follows the registry: an enabled model's active versions are loaded, tried on their input
/// example and then put in place in one step; archived and deleted ones go. Serving endpoints are
/// followed too. A version that both need is loaded once. A request that has taken its model
/// finishes on it. Safe from any thread.
class Endpoints {
 public:
  /// Look once, then watch the registry from a thread of its own every `poll_ms`. Models that our
  /// evaluators cannot score run as `workers` says; while a worker for a version is being started,
  /// what the version replaces is served. Where an endpoint says nothing of it, each version takes
  /// as many requests at once as `limits` say.
  Endpoints(store::Store& store, const files::ArtifactStore& artifacts, int poll_ms = 100,
            WorkerSettings workers = {}, Gate::Limits limits = {});
  ~Endpoints();
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;

  /// Bring what is loaded up to the registry as it is now; returns when that is served.
  Result<void> refresh();

  /// Find the model for /model/NAME/PLACE: PLACE is a version where it is all digits, a stage's
  /// newest version where it is a stage (any case), else an alias; "" is the newest in Production,
  /// or where there is none, the newest.
  /// Errors   resource_does_not_exist: not served, or no such version, stage or alias;
  ///          temporarily_unavailable: that version is not loaded (the message says why).
  Result<Serving> find(std::string_view name, std::string_view place) const;

  /// Find the model for one request to a serving endpoint, by the shares of its traffic; or that of
  /// the served model which is named. Errors   as find().
  Result<Serving> find_split(std::string_view endpoint, std::string_view served) const;

  /// What is served now.
  std::shared_ptr<const Served> snapshot() const;
  const Splits& splits() const { return splits_; }

  /// Have the registry looked at now; returns at once.
  void wake();

  /// Write down what happened so far: store/endpoint_events.h. Errors   as Store::write.
  Result<void> flush_events() { return events_.flush(store_); }

  /// What the worker processes of a version wrote last; "" where it has none.
  std::string output(std::string_view name, int64_t version) const;

 private:
  struct Wanted {
    std::vector<store::EndpointVersions> models;
    std::vector<store::ServingEndpoint> splits;
    Sources sources;  // of the splits
  };

  // When to try again what failed for a reason that passes, such as a store of files that is down.
  struct Retry {
    bool is_due() const;
    void plan();
    bool is_wanted = false;
    int64_t pause_ms = 0;
    std::chrono::steady_clock::time_point at;
  };

  Result<Wanted> read_wanted();
  void forget_unwanted(const Wanted& wanted);
  Served load_all(const std::vector<store::EndpointVersions>& wanted, const Served& before);
  ServedVersion load(const store::Endpoint& endpoint, const store::ActiveVersion& version,
                     const Served& before);
  void tell_changes(const Served& before, const Served& after);
  std::optional<Result<OpenedModel>> open_once(const ModelPlace& place);
  std::optional<Result<OpenedModel>> open(const std::string& name, const std::string& uri);
  void watch();

  store::Store& store_;
  const files::ArtifactStore& artifacts_;
  int poll_ms_;
  EventLog events_;  // models write to it until they end
  Guarded<std::shared_ptr<const Served>> served_;
  std::mutex refreshing_;  // held while one thread loads
  int64_t generation_ = -1;
  std::atomic<bool> has_looked_ = false;  // all that there was at the start is placed, or failed
  const Gate::Limits limits_;
  Loader loader_;
  Splits splits_;
  Guarded<std::map<ModelPlace, OpenedModel>> opened_;  // all that is wanted
  std::map<ModelPlace, std::string> failures_;         // told last
  Retry retry_;                                        // under refreshing_
  std::vector<LoadedModel> retired_;                   // under refreshing_, as failures_
  std::mutex stop_mutex_;
  std::condition_variable stop_changed_;
  bool stopping_ = false;
  bool woken_ = false;
  std::thread watcher_;
};

}  // namespace slipway::serve
