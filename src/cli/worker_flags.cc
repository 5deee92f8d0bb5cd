#include "cli/worker_flags.h"

#include <cstdlib>
#include <filesystem>

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;
using Python = serve::WorkerSettings::Python;

// Half of a server's threads: the other half answers what has nothing to do with that model.
constexpr size_t kMaxWaitingOfServer = 8;

fs::path cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache) {
    return fs::path(cache) / "slipway";
  }
  const char* home = std::getenv("HOME");
  return (home && *home ? fs::path(home) / ".cache" : fs::temp_directory_path()) / "slipway";
}

}  // namespace

void WorkerFlags::declare_limits(Flags& flags) {
  flags.text(python_, "--python", "The Python that runs them, or builds environments [python3]");
  flags.integer(n_processes_, "--model-processes", "Worker processes of each such model", 1, 64);
  flags.integer(timeout_s_, "--model-timeout",
                "Seconds that such a model has for an answer before it is stopped", 1, 86'400);
  flags.integer(start_timeout_s_, "--model-start-timeout", "Seconds that it has to load", 1,
                86'400);
  flags.integer(memory_mb_, "--model-memory", "MB of memory of a worker process; 0: no limit", 0,
                1 << 30);
  flags.integer(max_batch_, "--model-batch",
                "Requests that a busy worker then takes together, as one table", 1, 1024);
}

void WorkerFlags::declare_for_folder(Flags& flags) {
  flags.on(no_python_, "--no-python", "Refuse models that need Python");
  flags.choice(environment_, "--env-manager",
               "Python packages of such a model: an environment built from its requirements, or "
               "those that are there",
               {"virtualenv", "local"});
  declare_limits(flags);
}

void WorkerFlags::declare_for_server(Flags& flags) {
  flags.choice(python_models_, "--python-models",
               "Run registered models that need Python, with the server's rights: in environments "
               "built from their requirements, or with the packages that are there",
               {"off", "virtualenv", "local"});
  declare_limits(flags);
}

serve::WorkerSettings WorkerFlags::settings() const {
  serve::WorkerSettings settings;
  settings.python_program = python_;
  settings.limits.n_processes = static_cast<int>(n_processes_);
  settings.limits.request_timeout_ms = static_cast<int>(timeout_s_ * 1000);
  settings.limits.start_timeout_ms = static_cast<int>(start_timeout_s_ * 1000);
  settings.limits.max_memory_bytes = static_cast<uint64_t>(memory_mb_) << 20;
  settings.limits.max_batch = static_cast<size_t>(max_batch_);
  return settings;
}

serve::WorkerSettings WorkerFlags::for_folder() const {
  auto all = settings();
  if (!no_python_) all.python = environment_ == "local" ? Python::local : Python::virtualenv;
  all.python_hint = "leave out --no-python";
  all.environments = cache_folder() / "environments";
  all.echo = serve::WorkerLog::Echo::yes;
  return all;
}

serve::WorkerSettings WorkerFlags::for_server(const std::string& data_dir) const {
  auto all = settings();
  if (python_models_ == "local") all.python = Python::local;
  if (python_models_ == "virtualenv") all.python = Python::virtualenv;
  all.python_hint =
      "it would run with the server's rights, so only where its administrator says so: slipway "
      "server --python-models virtualenv";
  all.environments = fs::path(data_dir) / "environments";
  all.logs = fs::path(data_dir) / "worker-logs";
  all.inherits_environment = false;
  all.limits.max_waiting = kMaxWaitingOfServer;
  return all;
}

}  // namespace slipway::cli
