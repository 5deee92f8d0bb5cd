#include "process/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/descriptor.h"
#include "base/file.h"
#include "process/launch.h"

namespace slipway::process {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kTail = 16 * 1024;
constexpr size_t kMaxOutput = 256u << 20;
constexpr size_t kRead = 64 * 1024;
constexpr int kTerminateGrace_ms = 500;

// The child's end of a stream, and ours where it is a pipe.
struct Stream {
  Descriptor theirs;
  Descriptor ours;
};

Result<Stream> open_output(const Output& output, int inherited) {
  Stream stream;
  if (output.kind == Output::Kind::descriptor) inherited = output.descriptor;
  if (output.kind == Output::Kind::pipe) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "open", "a pipe");
    stream = Stream{Descriptor(ends[1]), Descriptor(ends[0])};
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return stream;
  }
  const bool is_file = output.kind == Output::Kind::file;
  const std::filesystem::path path = is_file ? output.path : "/dev/null";
  stream.theirs = Descriptor(
      output.kind == Output::Kind::inherited || output.kind == Output::Kind::descriptor
          ? ::fcntl(inherited, F_DUPFD_CLOEXEC, 3)
          : ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | (is_file ? O_CREAT : 0), 0644));
  if (stream.theirs.get() < 0) return errno_error(errno, "write", path);
  return stream;
}

// A file in memory: unlike a pipe it needs no one to write while the child reads.
Result<Descriptor> open_input(const Command& command) {
  if (command.input_descriptor >= 0) {
    Descriptor copy(::fcntl(command.input_descriptor, F_DUPFD_CLOEXEC, 3));
    if (copy.get() < 0) return errno_error(errno, "open", "the standard input of a program");
    return copy;
  }
  const auto& input = command.input;
  Descriptor file(input ? ::memfd_create("input", MFD_CLOEXEC)
                        : ::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return errno_error(errno, "open", "the standard input of a program");
  if (input && !write_all(file.get(), *input)) {
    return errno_error(errno, "write", "the standard input of a program");
  }
  if (input) ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::vector<std::string> environment_of(const Command& command) {
  const auto& added = command.environment;
  std::vector<std::string> all;
  for (char** entry = environ; command.inherits_environment && *entry; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(added.begin(), added.end(),
                                      [name](const auto& pair) { return pair.first == name; });
    if (!replaced) all.emplace_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::string search_path(const Command& command) {
  for (const auto& [name, value] : command.environment) {
    if (name == "PATH") return value;
  }
  const char* ours = std::getenv("PATH");
  return ours ? ours : "/usr/local/bin:/usr/bin:/bin";
}

int rest_ms(Clock::time_point deadline) {
  const auto rest =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(rest, 0, 1'000'000'000));
}

}  // namespace

std::string Exit::text() const {
  if (signal == 0) return fmt::format("exit code {}", code);
  return fmt::format("signal {} ({})", signal, ::strsignal(signal));
}

Result<Child> start(const Command& command) {
  if (command.argv.empty()) return fail(Code::invalid_parameter_value, "no program to start");
  Launch plan;
  plan.program = TRY(find_program(command.argv.front(), search_path(command)));
  const auto input = TRY(open_input(command));
  auto output = TRY(open_output(command.output, STDOUT_FILENO));
  auto errors = TRY(open_output(command.errors, STDERR_FILENO));
  plan.argv = command.argv;
  plan.environment = environment_of(command);
  plan.folder = command.folder.string();
  plan.input = input.get();
  plan.output = output.theirs.get();
  plan.errors = errors.theirs.get();
  plan.max_memory_bytes = command.max_memory_bytes;
  plan.max_private_bytes = command.max_private_bytes;
  Child child;
  child.pid_ = TRY(launch(plan));
  child.pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0));
  child.output_ = output.ours.release();
  child.errors_ = errors.ours.release();
  child.has_lines_ = child.output_ >= 0;
  return child;
}

Child::Child(Child&& other) noexcept { *this = std::move(other); }

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(output_, other.output_);
  std::swap(errors_, other.errors_);
  std::swap(has_lines_, other.has_lines_);
  std::swap(output_text_, other.output_text_);
  std::swap(error_text_, other.error_text_);
  std::swap(exit_, other.exit_);
  return *this;
}

Child::~Child() {
  if (pid_ > 0 && !exit_) {
    kill_group(SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  close_all();
}

void Child::close_all() {
  for (int* fd : {&pidfd_, &output_, &errors_}) {
    if (*fd >= 0) ::close(std::exchange(*fd, -1));
  }
}

void Child::kill_group(int signal) const { ::kill(-pid_, signal); }

// Tell whether it has ended. What is left of the group is killed while the ended leader still holds
// the group's number: afterwards it might be another's.
bool Child::reap() {
  if (exit_) return true;
  siginfo_t facts{};
  const auto id = static_cast<id_t>(pid_);
  if (::waitid(P_PID, id, &facts, WEXITED | WNOHANG | WNOWAIT) != 0 || facts.si_pid == 0) {
    return false;
  }
  kill_group(SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  exit_ = WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
  take_all();
  close_all();
  return true;
}

// Read what there is now, at most one piece. false: nothing more at the moment, or ever.
bool Child::take(int& fd, std::string& text, size_t max_bytes) {
  if (fd < 0) return false;
  char bytes[kRead];
  const auto n = ::read(fd, bytes, sizeof bytes);
  if (n < 0 && errno == EINTR) return true;
  if (n < 0 && errno == EAGAIN) return false;
  if (n <= 0) {
    ::close(std::exchange(fd, -1));
    return false;
  }
  text.append(bytes, static_cast<size_t>(n));
  if (&text == &error_text_) {
    text.erase(0, text.size() > max_bytes ? text.size() - max_bytes : 0);
  } else if (text.size() > max_bytes) {
    text.resize(max_bytes);
  }
  return true;
}

void Child::take_all() {
  while (take(output_, output_text_, kMaxOutput)) {
  }
  while (take(errors_, error_text_, kTail)) {
  }
}

// Wait until there is output or an end, and take it.
void Child::pump(int timeout_ms) {
  constexpr int kWithoutPidfd_ms = 10;  // old kernels: look now and then
  pollfd entries[] = {{pidfd_, POLLIN, 0}, {output_, POLLIN, 0}, {errors_, POLLIN, 0}};
  ::poll(entries, 3, pidfd_ >= 0 ? timeout_ms : std::min(timeout_ms, kWithoutPidfd_ms));
  take(output_, output_text_, kMaxOutput);
  take(errors_, error_text_, kTail);
  reap();
}

Result<Exit> Child::wait(int timeout_ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!reap()) {
    const int rest = rest_ms(deadline);
    if (rest == 0) {
      return fail(Code::deadline_exceeded, "process {} still runs after {} ms", pid_, timeout_ms);
    }
    pump(rest);
  }
  return *exit_;
}

Result<std::optional<std::string>> Child::read_line(int timeout_ms) {
  if (!has_lines_) return fail(Code::invalid_state, "the output of process {} is no pipe", pid_);
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (true) {
    const auto end = output_text_.find('\n');
    if (end != output_text_.npos) {
      std::optional<std::string> line = output_text_.substr(0, end);
      output_text_.erase(0, end + 1);
      return line;
    }
    if (output_ < 0) {
      std::optional<std::string> last;
      if (!output_text_.empty()) last = take_output();
      return last;
    }
    const int rest = rest_ms(deadline);
    if (rest == 0) {
      return fail(Code::deadline_exceeded, "process {} wrote no line within {} ms", pid_,
                  timeout_ms);
    }
    pump(rest);
  }
}

Exit Child::terminate(int grace_ms) {
  if (!reap()) {
    kill_group(SIGTERM);
    kill_group(SIGCONT);  // a stopped one could not end otherwise
    const auto ended = wait(grace_ms);
    if (!ended.ok()) kill_group(SIGKILL);
  }
  while (!reap()) pump(1000);
  return *exit_;
}

Result<Finished> run(const Command& command, int timeout_ms) {
  auto child = TRY(start(command));
  const auto exit = child.wait(timeout_ms);
  if (!exit.ok()) {
    child.terminate(kTerminateGrace_ms);
    return fail(Code::deadline_exceeded, "'{}' did not end within {} ms and was stopped{}{}",
                command.argv.front(), timeout_ms, child.error_tail().empty() ? "" : ": ",
                child.error_tail());
  }
  return Finished{*exit, child.take_output(), child.error_tail()};
}

}  // namespace slipway::process
