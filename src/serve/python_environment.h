// serve/python_environment.h — a model's own Python packages, in a virtual environment that is
// built once.
#pragma once
#include <atomic>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "process/child.h"
#include "serve/worker_log.h"

namespace slipway::serve {

/// How an environment is built.
struct BuildOptions {
  process::Command base;  // what pip and the packages' own build steps get of our environment
  const std::atomic<bool>* cancelled = nullptr;  // becomes true: it is to end; may be null
};

/// Find a Python as a shell would: `program` where it is given, else python3 on PATH.
/// Errors   resource_does_not_exist: there is none; the message says what to do.
Result<std::string> find_python(const std::string& program);

/// Give the Python of a virtual environment that holds what a model asks for in its python_env.yaml
/// and requirements.txt. It is named by what is asked for, so models that ask for the same share
/// one; it is built with `python -m venv` and pip where it is missing, once even if several
/// processes ask. What pip says goes to `log` and to build.log in its folder.
///
/// root     where environments lie; made where missing
/// python   builds it, unless python_env.yaml asks for another version that is on PATH
/// Errors   resource_does_not_exist: the model names no requirements, or the Python it asks for
///          (by its first two numbers) is not there; internal_error: it could not be built, with
///          pip's last words; deadline_exceeded: not within an hour; cancelled.
Result<std::string> environment_python(const std::filesystem::path& model,
                                       const std::filesystem::path& root, const std::string& python,
                                       const BuildOptions& options, WorkerLog& log);

}  // namespace slipway::serve
