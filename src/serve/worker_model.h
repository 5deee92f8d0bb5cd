// serve/worker_model.h — models that our own evaluators cannot score, in worker processes.
#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "models/model.h"
#include "serve/worker_log.h"
#include "serve/worker_pool.h"

namespace slipway::serve {

/// How models that need Python are run.
struct WorkerSettings {
  enum class Python {
    refused,
    local,       // by the Python that is there, with the packages it has
    virtualenv,  // in an environment built from the model's requirements
  };
  Python python = Python::refused;
  std::string python_hint = "none is started here";  // what to do where it is refused
  std::string python_program;                        // empty: python3 on PATH
  std::filesystem::path environments;                // where virtual environments are kept
  std::filesystem::path logs;  // a folder for what workers write; none where empty
  WorkerLog::Echo echo = WorkerLog::Echo::no;
  /// false: workers get only what Python needs of our environment, not our secrets.
  bool inherits_environment = true;
  WorkerLimits limits;
  std::function<void(const std::string& model, const WorkerEvent&)> observe;
  models::LoadOptions load;  // of open_model(): what an evaluator in this process may take
  const std::atomic<bool>* cancelled = nullptr;  // becomes true: opening is to end; may be null
};

/// A model, and where it runs in worker processes, their log.
struct OpenedModel {
  std::shared_ptr<const models::Model> model;
  std::shared_ptr<WorkerLog> log;  // null: it is scored in place
};

/// Load a model by an evaluator of ours, or where none can, in worker processes as `settings`
/// allow. `name` is for logs and events, such as "flight_delay/3".
/// Errors   as models::load; not_implemented: it needs Python and that is refused; internal_error:
///          the worker could not load it (the message has its last words).
Result<OpenedModel> open_model(const std::filesystem::path& dir, const std::string& name,
                               const WorkerSettings& settings);

/// Tell whether a worker may score what models::load() refused with this error: damage is final.
bool needs_worker(const Error& refusal);

/// As open_model() for a model that models::load() has refused already.
Result<OpenedModel> open_in_worker(const std::filesystem::path& dir, const std::string& name,
                                   const Error& refusal, const WorkerSettings& settings);

}  // namespace slipway::serve
