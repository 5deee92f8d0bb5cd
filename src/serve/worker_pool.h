// serve/worker_pool.h — the worker processes of one model: a queue before them, and their restarts.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "base/json.h"
#include "base/result.h"
#include "process/child.h"
#include "serve/worker_log.h"
#include "serve/worker_process.h"

namespace slipway::serve {

struct WorkerLimits {
  int n_processes = 1;
  int start_timeout_ms = 300'000;   // from its start until it has loaded the model
  int request_timeout_ms = 60'000;  // as MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
  uint64_t max_memory_bytes = 0;    // of private memory of a process; 0: as ours
  size_t max_waiting = 64;          // requests that wait for a free worker
  size_t max_batch = 1;             // requests that go to a worker together
};

/// One request to a worker.
struct WorkerRequest {
  std::string_view body;
  std::string_view content_type;
  std::string_view accept;  // application/json: as MLflow writes it; else an Arrow stream
  const JsonObject* params = nullptr;  // beside an Arrow stream; borrowed
  bool checked = false;                // an Arrow stream of the signature's columns, none missing
};

/// What a worker made of it.
struct WorkerAnswer {
  std::string body;
  size_t n_rows = 0;
};

/// Starts the processes, gives them requests, and starts them anew when they end: at once after the
/// first time, then after pauses that double from 0.25 s to 30 s, until one has answered again.
/// Safe from any thread.
class WorkerPool {
 public:
  /// command  starts a worker
  /// hello    the first frame to each; it answers {"ready": true, …} or {"ready": false, "message"}
  WorkerPool(process::Command command, Frame hello, WorkerLimits limits,
             std::shared_ptr<WorkerLog> log);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Start the processes; returns when the first has loaded the model.
  /// cancelled   becomes true: it is not to wait any longer; may be null
  /// Errors   internal_error: it could not (the message says why, with the last words of its log);
  ///          cancelled.
  Result<void> start(const std::atomic<bool>* cancelled);

  /// Let a worker answer.
  /// Errors   as the worker said (a request at fault: 4xx); internal_error: it crashed or ran out
  ///          of memory; deadline_exceeded; request_limit_exceeded: too many wait already;
  ///          temporarily_unavailable: none runs just now.
  Result<WorkerAnswer> ask(const WorkerRequest& request);

 private:
  // A request on its way; its caller waits until it is done.
  struct Job {
    WorkerRequest request;
    bool taken = false;
    std::optional<Result<WorkerAnswer>> outcome;
    std::condition_variable done;
  };
  enum class Phase { starting, ready, paused };
  struct Slot {
    Phase phase = Phase::starting;
    int n_failures = 0;  // in a row
    std::optional<WorkerProcess> process;
    std::thread thread;
  };

  void run(Slot& slot);
  bool start_process(Slot& slot);
  bool serve(Slot& slot);
  std::vector<Job*> take_jobs();
  void answer(Slot& slot, const std::vector<Job*>& jobs, bool& lives);
  void finish(const std::vector<Job*>& jobs, const Error& error);
  void set_phase(Slot& slot, Phase phase);
  bool pause(Slot& slot);
  void fail_waiting();
  bool any_runs() const;
  void call_workers() const;

  process::Command command_;
  Frame hello_;
  WorkerLimits limits_;
  std::shared_ptr<WorkerLog> log_;
  Descriptor call_;  // readable: there may be jobs
  Descriptor stop_;  // readable: all is to end

  std::mutex mutex_;
  std::condition_variable phase_changed_;
  std::deque<Job*> waiting_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::string last_failure_;
  bool stopping_ = false;
};

}  // namespace slipway::serve
