// cli/worker_flags.h — flags of commands that may score models in worker processes.
#pragma once
#include <string>

#include "cli/flags.h"
#include "serve/worker_model.h"

namespace slipway::cli {

/// How models that our own evaluators cannot score are run.
struct WorkerFlags {
  /// For one's own command on one's own folder: Python runs unless --no-python says otherwise.
  void declare_for_folder(Flags& flags);
  /// For a server that scores what others register: Python runs only where --python-models says so.
  void declare_for_server(Flags& flags);

  /// For a folder: environments lie in the user's cache folder; workers write to our standard
  /// error.
  serve::WorkerSettings for_folder() const;
  /// For a server: environments and logs lie in its data folder.
  serve::WorkerSettings for_server(const std::string& data_dir) const;

 private:
  void declare_limits(Flags& flags);
  serve::WorkerSettings settings() const;

  bool no_python_ = false;
  std::string environment_ = "virtualenv";
  std::string python_models_ = "off";
  std::string python_;
  int64_t n_processes_ = 1;
  int64_t timeout_s_ = 60;
  int64_t start_timeout_s_ = 300;
  int64_t memory_mb_ = 0;
  int64_t max_batch_ = 1;
};

}  // namespace slipway::cli
