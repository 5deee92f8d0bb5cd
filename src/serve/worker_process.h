// serve/worker_process.h — one worker: a child process that answers frames over a socket.
#pragma once
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"
#include "process/child.h"
#include "serve/worker_log.h"

namespace slipway::serve {

/// What goes over the socket in both directions: uint32 and uint64 (little-endian) sizes of the
/// two parts, then the parts. The header is JSON.
struct Frame {
  std::string header;
  std::string body;
};

/// A program that reads frames from its standard input, a socket, and answers each on it; what it
/// writes to its standard output and error is its log. It leads a process group of its own, which
/// is killed with it, and dies with the thread that started it. Use from that thread alone.
class WorkerProcess {
 public:
  /// command  its streams are set here
  /// stop     becomes readable when all waiting is to end; borrowed
  /// Errors   as process::start.
  static Result<WorkerProcess> start(process::Command command, int stop, WorkerLog& log);

  /// Send a frame and wait for the one that answers it. After an error it is of no further use.
  /// Errors   deadline_exceeded; aborted: it ended, or answered what is no frame (the message says
  ///          how); cancelled: `stop`.
  Result<Frame> ask(const Frame& frame, int timeout_ms);

  enum class Rest { called, ended, stopped };
  /// Wait until `call` is readable, it ends, or `stop`; meanwhile its log is taken in.
  Rest rest(int call);

  /// Close the socket, wait `grace_ms` for its end, then kill; how it ended.
  process::Exit end(int grace_ms);

  pid_t pid() const { return child_.pid(); }

 private:
  WorkerProcess(process::Child child, Descriptor socket, Descriptor output, int stop,
                WorkerLog& log)
      : child_(std::move(child)),
        socket_(std::move(socket)),
        output_(std::move(output)),
        stop_(stop),
        log_(&log) {}
  struct Ready {
    bool socket = false;
    bool call = false;
    bool ended = false;
    bool stopped = false;
  };
  Ready wait(short socket_events, int call, int timeout_ms);
  void take_output();
  Error ended();
  Result<void> transfer(const std::string& sent, std::string& received, int64_t deadline_ms);

  process::Child child_;
  Descriptor socket_;
  Descriptor output_;  // what it writes
  int stop_;
  WorkerLog* log_;
};

}  // namespace slipway::serve
