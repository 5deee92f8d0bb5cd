#include "serve/worker_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

constexpr size_t kMaxEvents = 200;
constexpr size_t kMaxOutput = 64 * 1024;
constexpr uintmax_t kMaxFile = 4u << 20;
constexpr size_t kMaxLastWords = 300;

Level level_of(WorkerEvent::Kind kind) {
  switch (kind) {
    case WorkerEvent::Kind::environment:
    case WorkerEvent::Kind::starting:
    case WorkerEvent::Kind::ready:
    case WorkerEvent::Kind::stopped: return Level::info;
    default: return Level::warning;
  }
}

}  // namespace

std::string_view event_name(WorkerEvent::Kind kind) {
  switch (kind) {
    case WorkerEvent::Kind::environment: return "environment";
    case WorkerEvent::Kind::starting: return "starting";
    case WorkerEvent::Kind::ready: return "ready";
    case WorkerEvent::Kind::start_failed: return "start_failed";
    case WorkerEvent::Kind::crashed: return "crashed";
    case WorkerEvent::Kind::deadline: return "deadline";
    case WorkerEvent::Kind::out_of_memory: return "out_of_memory";
    case WorkerEvent::Kind::stopped: return "stopped";
  }
  return "";
}

WorkerLog::WorkerLog(std::string name, std::filesystem::path file, Echo echo,
                     std::function<void(const WorkerEvent&)> observe)
    : name_(std::move(name)), file_(std::move(file)), echo_(echo), observe_(std::move(observe)) {}

void WorkerLog::record(WorkerEvent::Kind kind, std::string message) {
  const WorkerEvent event{now_ms(), kind, std::move(message)};
  log(level_of(kind), "worker of {}: {}: {}", name_, event_name(kind), event.message);
  state_.with([&](State& state) {
    state.events.push_back(event);
    if (state.events.size() > kMaxEvents) state.events.pop_front();
  });
  if (observe_) observe_(event);
}

void WorkerLog::add_output(std::string_view bytes) {
  if (bytes.empty()) return;
  state_.with([&](State& state) {
    state.output += bytes;
    if (state.output.size() <= kMaxOutput) return;
    const auto n_dropped = state.output.size() - kMaxOutput;
    state.output.erase(0, n_dropped);
    state.mark -= std::min(state.mark, n_dropped);
  });
  if (echo_ == Echo::yes) write_all(STDERR_FILENO, bytes);
  if (!file_.empty()) append_to_file(bytes);
}

// A log that cannot be written is no reason not to score.
void WorkerLog::append_to_file(std::string_view bytes) const {
  std::error_code error;
  std::filesystem::create_directories(file_.parent_path(), error);
  const auto size = std::filesystem::file_size(file_, error);
  if (!error && size > kMaxFile) std::filesystem::rename(file_, file_.string() + ".1", error);
  const Descriptor file(::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() >= 0) write_all(file.get(), bytes);
}

std::vector<WorkerEvent> WorkerLog::events() const {
  return state_.with([](const State& state) {
    return std::vector<WorkerEvent>(state.events.begin(), state.events.end());
  });
}

std::string WorkerLog::output() const {
  return state_.with([](const State& state) { return state.output; });
}

void WorkerLog::mark() {
  state_.with([](State& state) { state.mark = state.output.size(); });
}

std::string WorkerLog::last_words() const {
  const auto text = state_.with([](const State& s) { return s.output.substr(s.mark); });
  std::string words;
  const auto lines = split(text, '\n');
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const auto trimmed = trim(*line);
    if (trimmed.empty()) continue;
    if (words.size() + trimmed.size() > kMaxLastWords) {
      if (words.empty()) words = trimmed.substr(0, kMaxLastWords);
      break;
    }
    words = words.empty() ? std::string(trimmed) : fmt::format("{} | {}", trimmed, words);
  }
  return words;
}

}  // namespace slipway::serve
