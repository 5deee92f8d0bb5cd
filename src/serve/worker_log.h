// serve/worker_log.h — what happened to a model's worker processes, and what they wrote.
#pragma once
#include <deque>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"

namespace slipway::serve {

/// Something that happened to a worker process.
struct WorkerEvent {
  enum class Kind {
    environment,  // a virtual environment is built
    starting,
    ready,
    start_failed,
    crashed,  // it ended though nobody asked it to
    deadline,
    out_of_memory,
    stopped,
  };
  int64_t time_ms = 0;
  Kind kind = Kind::starting;
  std::string message;
};

/// The kind's name, such as "out_of_memory".
std::string_view event_name(WorkerEvent::Kind kind);

/// The last events and the last output of one model's workers. Safe from any thread.
class WorkerLog {
 public:
  enum class Echo { no, yes };

  /// name     of the model, for our own log
  /// file     their output is appended to; at 4 MiB it becomes `file`.1 and a new one begins; none
  ///          where empty
  /// echo     their output goes to our standard error too
  /// observe  called for each event, from the thread it happens on; may be empty
  explicit WorkerLog(std::string name, std::filesystem::path file = {}, Echo echo = Echo::no,
                     std::function<void(const WorkerEvent&)> observe = {});

  void record(WorkerEvent::Kind kind, std::string message);
  void add_output(std::string_view bytes);

  /// From here on is what last_words() are taken from.
  void mark();

  /// At most the last 200, oldest first.
  std::vector<WorkerEvent> events() const;
  /// The last 64 KiB of what they wrote.
  std::string output() const;
  /// The last lines since mark() on one line, at most 300 bytes, for a message.
  std::string last_words() const;

 private:
  struct State {
    std::deque<WorkerEvent> events;
    std::string output;
    size_t mark = 0;  // where in it
  };
  void append_to_file(std::string_view bytes) const;

  std::string name_;
  std::filesystem::path file_;
  Echo echo_;
  std::function<void(const WorkerEvent&)> observe_;
  Guarded<State> state_;
};

}  // namespace slipway::serve
