// process/child.h — starts other programs, limits them, waits for them, and ends them for sure.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::process {

/// Where an output stream of a child goes.
struct Output {
  enum class Kind {
    inherited,  // ours
    dropped,
    pipe,  // read with Child; of standard error only the last 16 KiB are kept
    file,  // appended to `path`
    descriptor,
  };
  Kind kind = Kind::inherited;
  std::filesystem::path path;
  int descriptor = -1;  // borrowed
};

/// What to start, and how.
struct Command {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH where it has no '/'
  std::vector<std::pair<std::string, std::string>> environment;  // added to ours
  bool inherits_environment = true;  // false: `environment` is all there is, PATH too
  std::filesystem::path folder;      // to start in; ours where empty
  std::optional<std::string> input;  // its standard input; empty where unset
  int input_descriptor = -1;         // borrowed, such as one end of a socket; in place of `input`
  Output output{Output::Kind::pipe, {}};
  Output errors{Output::Kind::pipe, {}};
  uint64_t max_memory_bytes = 0;   // of address space; 0: as ours
  uint64_t max_private_bytes = 0;  // of memory of its own (RLIMIT_DATA); 0: as ours
};

/// How a child ended: by exit(code), or by a signal.
struct Exit {
  int code = 0;
  int signal = 0;  // 0: none
  bool ok() const { return code == 0 && signal == 0; }
  /// Such as "exit code 3" or "signal 9 (Killed)".
  std::string text() const;
};

/// A started program, at the head of a process group of its own. What is left of the group is
/// killed when the program ends or this value goes; the program itself is also killed when the
/// thread that started it ends (prctl PR_SET_PDEATHSIG), so that our own death leaves none. Use
/// from one thread at a time.
class Child {
 public:
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  pid_t pid() const { return pid_; }

  /// A descriptor that becomes readable when it ends, for poll(); -1 on kernels without one, and
  /// once wait() gave its end.
  int end_descriptor() const { return pidfd_; }

  /// Wait for its end at most `timeout_ms`, taking in its output meanwhile; again gives the same.
  /// Errors   deadline_exceeded: it still runs (it is left running).
  Result<Exit> wait(int timeout_ms);

  /// Give the next line of its output, without the line end; nothing at the end of the output.
  /// Errors   deadline_exceeded: no whole line came in time; invalid_state: the output is no pipe.
  Result<std::optional<std::string>> read_line(int timeout_ms);

  /// Give what its output held beyond the lines read so far, at most 256 MiB of it; complete once
  /// wait() succeeded.
  std::string take_output() { return std::exchange(output_text_, {}); }

  /// The last 16 KiB of its standard error so far.
  const std::string& error_tail() const { return error_text_; }

  /// SIGTERM to the group, and after `grace_ms` SIGKILL; returns when it is reaped.
  Exit terminate(int grace_ms);

 private:
  friend Result<Child> start(const Command& command);
  Child() = default;
  bool reap();
  void pump(int timeout_ms);
  void take_all();
  bool take(int& fd, std::string& text, size_t max_bytes);
  void kill_group(int signal) const;
  void close_all();

  pid_t pid_ = -1;
  int pidfd_ = -1;  // readable once it ended
  int output_ = -1;
  int errors_ = -1;
  bool has_lines_ = false;   // its output is a pipe
  std::string output_text_;  // read, not yet given
  std::string error_text_;
  std::optional<Exit> exit_;
};

/// Start a program. Errors resource_does_not_exist: no such program or folder (the message names
/// it); permission_denied; temporarily_unavailable: no more processes or descriptors.
Result<Child> start(const Command& command);

/// What a program that ran to its end left behind.
struct Finished {
  Exit exit;
  std::string output;      // where Command::output is a pipe, at most 256 MiB of it
  std::string error_tail;  // where Command::errors is a pipe
};

/// Start a program and wait for its end.
/// Errors   as start(); deadline_exceeded: it took longer and was ended, with its group.
Result<Finished> run(const Command& command, int timeout_ms);

}  // namespace slipway::process
