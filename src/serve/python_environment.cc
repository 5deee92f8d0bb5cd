#include "serve/python_environment.h"

#include <fcntl.h>
#include <sys/file.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/id.h"
#include "base/text.h"
#include "models/folder.h"
#include "models/mlmodel.h"
#include "process/child.h"
#include "process/launch.h"

namespace slipway::serve {
namespace {

namespace fs = std::filesystem;

constexpr int kBuild_ms = 3600 * 1000;
constexpr int kVersion_ms = 60 * 1000;
constexpr int kPause_ms = 200;  // until it is asked again whether it is still wanted
constexpr int kTerminateGrace_ms = 500;
constexpr std::string_view kReady = "ready";  // the last file to be written

// What a model asks for, and the bytes that say so.
struct Wanted {
  models::PythonEnvironment packages;
  std::vector<std::pair<std::string, std::string>> files;  // requirement files: name, text
};

Result<Wanted> read_wanted(const fs::path& model) {
  Wanted wanted;
  std::error_code error;
  if (fs::exists(model / "python_env.yaml", error)) {
    const auto yaml = TRY(models::read_model_file(model, "python_env.yaml"));
    wanted.packages = TRY(models::parse_python_environment(yaml));
  } else if (fs::exists(model / "requirements.txt", error)) {
    wanted.packages.dependencies = {"-r requirements.txt"};
  } else {
    return fail(Code::resource_does_not_exist,
                "the model has neither python_env.yaml nor requirements.txt: no environment can be "
                "built for it; --env-manager local takes the Python that is there");
  }
  for (const auto& line : wanted.packages.dependencies) {
    if (!line.starts_with("-r ")) continue;
    auto name = std::string(trim(std::string_view(line).substr(3)));
    auto text = TRY(models::read_model_file(model, name));
    wanted.files.emplace_back(std::move(name), std::move(text));
  }
  return wanted;
}

// "3.11" of "3.11.2".
std::string minor_version(const std::string& version) {
  const auto parts = split(version, '.');
  return parts.size() < 2 ? version : fmt::format("{}.{}", parts[0], parts[1]);
}

Result<std::string> version_of(const std::string& python) {
  process::Command command;
  command.argv = {python, "-c", "import platform; print(platform.python_version())"};
  const auto done = TRY(process::run(command, kVersion_ms));
  if (!done.exit.ok()) {
    return fail(Code::internal_error, "'{}' does not say its version ({}): {}", python,
                done.exit.text(), done.error_tail);
  }
  return std::string(trim(done.output));
}

// The Python to build with: ours where its first two numbers are those asked for, else one of that
// version on PATH.
Result<std::string> fitting_python(const std::string& asked, const std::string& python) {
  if (asked.empty()) return python;
  const auto version = TRY(version_of(python));
  const auto minor = minor_version(asked);
  if (minor_version(version) == minor) return python;
  auto other = find_python("python" + minor);
  if (other.ok()) return other;
  return fail(Code::resource_does_not_exist,
              "the model asks for Python {} and there is {}; install python{}, name one by "
              "--python, or let it run as it is with --env-manager local",
              asked, version, minor);
}

// Held by the one that builds; others wait for it.
Result<Descriptor> lock_folder(const fs::path& file, const std::atomic<bool>* cancelled) {
  Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.get() < 0) return errno_error(errno, "write", file);
  const Stopwatch watch;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (watch.seconds() * 1000 > kBuild_ms) {
      return fail(Code::deadline_exceeded, "another process has been building '{}' for an hour",
                  file.stem().string());
    }
    if (cancelled && *cancelled) return fail(Code::cancelled, "no longer wanted");
    std::this_thread::sleep_for(std::chrono::milliseconds(kPause_ms));
  }
  return lock;
}

class Builder {
 public:
  Builder(fs::path folder, const BuildOptions& options, WorkerLog& log)
      : folder_(std::move(folder)), options_(options), log_(log) {}

  Result<void> build(const std::string& python, const Wanted& wanted) {
    std::error_code error;
    fs::remove_all(folder_, error);  // what an earlier attempt left
    TRY(make_folder(folder_));
    TRY(step({python, "-m", "venv", (folder_ / "env").string()}));
    if (!wanted.packages.build_dependencies.empty()) {
      auto install = pip_install();
      for (const auto& one : wanted.packages.build_dependencies) install.push_back(one);
      TRY(step(std::move(install)));
    }
    auto install = pip_install();
    std::string lines;
    for (const auto& line : wanted.packages.dependencies) {
      if (!line.starts_with("-r ")) lines += line + "\n";
    }
    int n_files = 0;
    for (const auto& [name, text] : wanted.files) TRY(add_file(install, n_files++, text));
    if (!lines.empty()) TRY(add_file(install, n_files++, lines));
    if (n_files > 0) TRY(step(std::move(install)));
    return write_file(folder_ / kReady, "");
  }

 private:
  std::vector<std::string> pip_install() const {
    return {(folder_ / "env/bin/python").string(), "-m",         "pip",
            "--disable-pip-version-check",         "--no-input", "install"};
  }

  Result<void> add_file(std::vector<std::string>& install, int number, std::string_view text) {
    const auto path = folder_ / fmt::format("requirements-{}.txt", number);
    TRY(write_file(path, text));
    install.insert(install.end(), {"-r", path.string()});
    return {};
  }

  Result<void> step(std::vector<std::string> argv) {
    auto command = options_.base;
    command.argv = std::move(argv);
    command.output = {process::Output::Kind::file, folder_ / "build.log"};
    command.errors = command.output;
    auto child = TRY(process::start(command));
    const Stopwatch watch;
    auto exit = child.wait(kPause_ms);
    while (!exit.ok()) {
      const bool unwanted = options_.cancelled && *options_.cancelled;
      if (unwanted || watch.seconds() * 1000 > kBuild_ms) {
        child.terminate(kTerminateGrace_ms);
        return fail(unwanted ? Code::cancelled : Code::deadline_exceeded,
                    "the model's Python environment was not built to its end");
      }
      exit = child.wait(kPause_ms);
    }
    if (exit->ok()) return {};
    const auto said = read_file(folder_ / "build.log");
    WorkerLog words("");
    if (said.ok()) words.add_output(*said);
    if (said.ok()) log_.add_output(*said);
    return fail(Code::internal_error,
                "the model's Python environment could not be built ({}); {} says: {}", exit->text(),
                (folder_ / "build.log").string(), words.last_words());
  }

  fs::path folder_;
  const BuildOptions& options_;
  WorkerLog& log_;
};

// They stand on pip's command line, where they could be options.
Result<void> check_lines(const Wanted& wanted) {
  for (const auto& line : wanted.packages.build_dependencies) {
    if (line.starts_with("-")) {
      return fail(Code::invalid_parameter_value,
                  "python_env.yaml: '{}' is no package to build with", line);
    }
  }
  return {};
}

}  // namespace

Result<std::string> find_python(const std::string& program) {
  const char* path = std::getenv("PATH");
  auto found = process::find_program(program.empty() ? "python3" : program,
                                     path ? path : "/usr/local/bin:/usr/bin:/bin");
  if (found.ok()) return found;
  return fail(Code::resource_does_not_exist,
              "the model needs Python, and {}; install it, or name one by --python",
              found.error().message);
}

Result<std::string> environment_python(const fs::path& model, const fs::path& root,
                                       const std::string& python, const BuildOptions& options,
                                       WorkerLog& log) {
  const auto wanted = TRY(read_wanted(model));
  TRY(check_lines(wanted));
  const auto builder = TRY(fitting_python(wanted.packages.python, python));
  const auto version = TRY(version_of(builder));
  std::string all = version + "\n";
  for (const auto& line : wanted.packages.build_dependencies) all += line + "\n";
  for (const auto& line : wanted.packages.dependencies) all += line + "\n";
  for (const auto& [name, text] : wanted.files) all += fmt::format("{}\n{}", name, text);
  const auto folder = fs::absolute(root) / sha256_hex(all).substr(0, 16);
  const auto result = (folder / "env/bin/python").string();
  std::error_code error;
  if (fs::exists(folder / kReady, error)) return result;
  TRY(make_folder(root));
  const auto lock = TRY(lock_folder(folder.string() + ".lock", options.cancelled));
  if (fs::exists(folder / kReady, error)) return result;
  log.record(WorkerEvent::Kind::environment,
             fmt::format("building {} with {}", folder.string(), builder));
  const Stopwatch watch;
  TRY(Builder(folder, options, log).build(builder, wanted));
  log.record(WorkerEvent::Kind::environment, fmt::format("built in {:.0f} s", watch.seconds()));
  return result;
}

}  // namespace slipway::serve
