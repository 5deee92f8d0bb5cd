// serve/loader.h — opens models, those that need worker processes in the background.
#pragma once
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "base/guarded.h"
#include "base/result.h"
#include "serve/worker_model.h"

namespace slipway::serve {

/// A model that our evaluators score is open at once; one that needs a worker takes seconds, or the
/// minutes in which its environment is built. Use from one thread at a time.
class Loader {
 public:
  /// check   a model is tried by it before it is open
  Loader(WorkerSettings settings, Result<void> (*check)(const models::Model&));
  /// Ends what is under way.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Open the model in `folder`; nothing while it is under way: ask again after any_finished(). A
  /// failed one is not tried again until retain() has been called without its name.
  /// Errors   as open_model() and the check.
  std::optional<Result<OpenedModel>> open(const std::string& name,
                                          const std::filesystem::path& folder);

  /// Tell whether something has been finished that open() has not given yet.
  bool any_finished() const;

  /// Forget all but these names: what of the others is under way ends.
  void retain(const std::set<std::string>& names);

 private:
  struct Task {
    std::atomic<bool> cancelled = false;
    std::atomic<bool> finished = false;
    std::optional<Result<OpenedModel>> outcome;  // set before `finished`
    std::thread thread;
  };
  static void end(Task& task);

  WorkerSettings settings_;
  Result<void> (*check_)(const models::Model&);
  std::map<std::string, std::unique_ptr<Task>> tasks_;  // by name and folder
  std::map<std::string, Error> failures_;
};

}  // namespace slipway::serve
