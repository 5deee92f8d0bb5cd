// serve/endpoints.h — the registered models that are served, and which of their versions are
// loaded.
#pragma once
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
#include "serve/loader.h"
#include "serve/usage.h"
#include "serve/worker_log.h"
#include "store/model_versions.h"
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
};

/// A loaded version in the hands of a request: it stays while this is there.
struct Serving {
  std::string name;
  int64_t version = 0;
  std::shared_ptr<const models::Model> model;
  std::shared_ptr<Usage> usage;
};

/// Versions of each served model, lowest first. Immutable; a change makes a new one.
using Served = std::map<std::string, std::vector<ServedVersion>, std::less<>>;

/// Follows the registry: an enabled model's active versions are loaded, tried on their input
/// example and then put in place in one step; archived and deleted ones go. A request that has
/// taken its model finishes on it. Safe from any thread.
class Endpoints {
 public:
  /// Look once, then watch the registry from a thread of its own every `poll_ms`. Models that our
  /// evaluators cannot score run as `workers` says; while a worker for a version is being started,
  /// what the version replaces is served.
  Endpoints(store::Store& store, const files::ArtifactStore& artifacts, int poll_ms = 100,
            WorkerSettings workers = {});
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

  /// What is served now.
  std::shared_ptr<const Served> snapshot() const;

 private:
  Result<Served> load_all(const Served& before);
  ServedVersion load(const std::string& name, const store::ModelVersion& version,
                     const Served& before);
  std::optional<Result<OpenedModel>> open(const std::string& name, const std::string& uri);
  void retire(const Served& before, const Served& now);
  void watch();

  store::Store& store_;
  const files::ArtifactStore& artifacts_;
  int poll_ms_;
  Guarded<std::shared_ptr<const Served>> served_;
  std::mutex refreshing_;  // held while one thread loads
  int64_t generation_ = -1;
  Loader loader_;
  std::vector<std::shared_ptr<const models::Model>> retired_;
  std::mutex stop_mutex_;
  std::condition_variable stop_changed_;
  bool stopping_ = false;
  std::thread watcher_;
};

}  // namespace slipway::serve
