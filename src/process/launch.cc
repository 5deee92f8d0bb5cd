#include "process/launch.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"

namespace slipway::process {
namespace {

enum class Step { none, folder, memory, streams, exec };

// What the child writes to its parent when it cannot become the program.
struct Failure {
  Step step = Step::none;
  int reason = 0;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const auto& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// Only calls that are allowed between fork and exec (signal-safety(7)) from here on.
[[noreturn]] void give_up(int report, Step step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const auto written = ::write(report, &failure, sizeof failure);
  ::_exit(127);
}

void reset_signals() {
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGXFSZ, SIGCHLD}) {
    ::signal(number, SIG_DFL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

template <typename Resource>  // an enum of glibc's own in C++
void limit_memory(Resource resource, uint64_t bytes, int report) {
  if (bytes == 0) return;
  const rlimit limit{bytes, bytes};
  if (::setrlimit(resource, &limit) != 0) give_up(report, Step::memory);
}

[[noreturn]] void become(const Launch& plan, char* const* argv, char* const* environment,
                         pid_t parent, int report) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it went before the line above
  reset_signals();
  // out of the way first: a stream of ours may have been closed, and its number used again
  const int streams[] = {::fcntl(plan.input, F_DUPFD, 3), ::fcntl(plan.output, F_DUPFD, 3),
                         ::fcntl(plan.errors, F_DUPFD, 3)};
  for (int i = 0; i < 3; ++i) {
    if (streams[i] < 0 || ::dup2(streams[i], i) < 0) give_up(report, Step::streams);
  }
  ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  if (!plan.folder.empty() && ::chdir(plan.folder.c_str()) != 0) give_up(report, Step::folder);
  limit_memory(RLIMIT_AS, plan.max_memory_bytes, report);
  limit_memory(RLIMIT_DATA, plan.max_private_bytes, report);
  ::execve(plan.program.c_str(), argv, environment);
  give_up(report, Step::exec);
}

Error failure_error(const Launch& plan, const Failure& failure) {
  if (failure.step == Step::folder) {
    return errno_error(failure.reason, "start a program in", plan.folder);
  }
  if (failure.step == Step::exec) return errno_error(failure.reason, "start", plan.program);
  return fail(Code::internal_error, "cannot start '{}': {}", plan.program,
              std::strerror(failure.reason));
}

}  // namespace

Result<pid_t> launch(const Launch& plan) {
  const auto argv = pointers(plan.argv);
  const auto environment = pointers(plan.environment);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) {
    return fail(Code::temporarily_unavailable, "cannot start '{}': {}", plan.program,
                std::strerror(errno));
  }
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(plan, argv.data(), environment.data(), parent, report[1]);
  const int fork_reason = errno;
  ::close(report[1]);
  Failure failure;
  ssize_t n = 0;
  if (pid > 0) {
    do {
      n = ::read(report[0], &failure, sizeof failure);  // nothing: exec closed it
    } while (n < 0 && errno == EINTR);
  }
  ::close(report[0]);
  if (pid < 0) {
    return fail(Code::temporarily_unavailable, "cannot start '{}': {}", plan.program,
                std::strerror(fork_reason));
  }
  if (n != static_cast<ssize_t>(sizeof failure)) return pid;
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return failure_error(plan, failure);
}

Result<std::string> find_program(const std::string& name, const std::string& search_path) {
  if (name.find('/') != name.npos) return std::filesystem::absolute(name).string();
  for (const auto& folder : split(search_path, ':')) {
    auto path = std::filesystem::absolute(folder.empty() ? "." : folder) / name;
    std::error_code ignored;
    if (::access(path.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(path, ignored)) {
      return path.string();
    }
  }
  return fail(Code::resource_does_not_exist, "the program '{}' is not installed (PATH is {})", name,
              search_path);
}

}  // namespace slipway::process
