#include "serve/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/file.h"

namespace slipway::serve {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kPrefix = 12;  // the two sizes
constexpr uint32_t kMaxHeader = 16u << 20;
constexpr uint64_t kMaxBody = uint64_t{1} << 30;
constexpr size_t kRead = 256 * 1024;
constexpr int kWithoutPidfd_ms = 50;  // old kernels: look now and then
constexpr int kGrace_ms = 500;        // from the end of its socket to its own

static_assert(std::endian::native == std::endian::little);

int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch())
      .count();
}

std::string prefix_of(const Frame& frame) {
  const auto header = static_cast<uint32_t>(frame.header.size());
  const auto body = static_cast<uint64_t>(frame.body.size());
  std::string bytes(kPrefix, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &body, sizeof body);
  return bytes;
}

// The sizes of a frame's parts; the second is checked first to be small enough to be added up.
struct Sizes {
  uint32_t header = 0;
  uint64_t body = 0;
  bool fit() const { return header <= kMaxHeader && body <= kMaxBody; }
  uint64_t all() const { return kPrefix + header + body; }
};

Sizes sizes_of(std::string_view bytes) {
  Sizes sizes;
  std::memcpy(&sizes.header, bytes.data(), sizeof sizes.header);
  std::memcpy(&sizes.body, bytes.data() + sizeof sizes.header, sizeof sizes.body);
  return sizes;
}

}  // namespace

Result<WorkerProcess> WorkerProcess::start(process::Command command, int stop, WorkerLog& log) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return errno_error(errno, "open", "a pair of sockets");
  }
  Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "open", "a pipe");
  Descriptor output(ends[0]);
  const Descriptor writer(ends[1]);
  ::fcntl(output.get(), F_SETFL, O_NONBLOCK);
  command.input_descriptor = theirs.get();
  command.output = {process::Output::Kind::descriptor, {}, writer.get()};
  command.errors = command.output;
  auto child = TRY(process::start(command));
  return WorkerProcess(std::move(child), std::move(ours), std::move(output), stop, log);
}

void WorkerProcess::take_output() {
  char bytes[16 * 1024];
  while (output_.get() >= 0) {
    const auto n = ::read(output_.get(), bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) output_.close();
    if (n <= 0) return;
    log_->add_output({bytes, static_cast<size_t>(n)});
  }
}

WorkerProcess::Ready WorkerProcess::wait(short socket_events, int call, int timeout_ms) {
  const int pidfd = child_.end_descriptor();
  pollfd entries[] = {{socket_events ? socket_.get() : -1, socket_events, 0},
                      {call, POLLIN, 0},
                      {pidfd, POLLIN, 0},
                      {stop_, POLLIN, 0},
                      {output_.get(), POLLIN, 0}};
  if (pidfd < 0) {
    timeout_ms = timeout_ms < 0 ? kWithoutPidfd_ms : std::min(timeout_ms, kWithoutPidfd_ms);
  }
  ::poll(entries, std::size(entries), timeout_ms);
  if (entries[4].revents) take_output();
  Ready ready;
  ready.socket = entries[0].revents != 0;
  ready.call = entries[1].revents != 0;
  ready.ended = pidfd < 0 ? child_.wait(0).ok() : entries[2].revents != 0;
  ready.stopped = entries[3].revents != 0;
  return ready;
}

Error WorkerProcess::ended() {
  const auto exit = end(kGrace_ms);
  const auto words = log_->last_words();
  return fail(Code::aborted, "the worker process ended ({}){}{}", exit.text(),
              words.empty() ? "" : ": ", words);
}

Result<void> WorkerProcess::transfer(const std::string& sent, std::string& received,
                                     int64_t deadline_ms) {
  size_t n_sent = 0;
  uint64_t wanted = kPrefix;
  while (received.size() < wanted) {
    const auto rest = std::clamp<int64_t>(deadline_ms - steady_ms(), 0, 1'000'000'000);
    const auto sending = n_sent < sent.size();
    const auto ready = wait(sending ? POLLIN | POLLOUT : POLLIN, -1, static_cast<int>(rest));
    if (ready.stopped) return fail(Code::cancelled, "the model is being unloaded");
    if (ready.socket && sending) {
      const auto n =
          ::send(socket_.get(), sent.data() + n_sent, sent.size() - n_sent, MSG_NOSIGNAL);
      if (n > 0) n_sent += static_cast<size_t>(n);
      if (n < 0 && errno != EAGAIN && errno != EINTR) return ended();
    }
    if (ready.socket) {
      const auto before = received.size();
      received.resize(before + std::min<uint64_t>(kRead, wanted - before));
      const auto n = ::recv(socket_.get(), received.data() + before, received.size() - before, 0);
      received.resize(before + (n > 0 ? static_cast<size_t>(n) : 0));
      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return ended();
      if (wanted == kPrefix && received.size() == kPrefix) {
        const auto sizes = sizes_of(received);
        if (!sizes.fit()) return fail(Code::aborted, "the worker answered with what is no frame");
        wanted = sizes.all();
      }
    } else if (ready.ended) {
      return ended();
    }
    if (rest == 0 && received.size() < wanted) {
      return fail(Code::deadline_exceeded, "no answer in time");
    }
  }
  return {};
}

Result<Frame> WorkerProcess::ask(const Frame& frame, int timeout_ms) {
  std::string sent = prefix_of(frame);
  sent.reserve(sent.size() + frame.header.size() + frame.body.size());
  sent += frame.header;
  sent += frame.body;
  std::string received;
  TRY(transfer(sent, received, steady_ms() + timeout_ms));
  const auto sizes = sizes_of(received);
  Frame answer;
  answer.header = received.substr(kPrefix, sizes.header);
  answer.body = received.substr(kPrefix + sizes.header);
  return answer;
}

WorkerProcess::Rest WorkerProcess::rest(int call) {
  while (true) {
    const auto ready = wait(0, call, -1);
    if (ready.stopped) return Rest::stopped;
    if (ready.ended) return Rest::ended;
    if (ready.call) return Rest::called;
  }
}

process::Exit WorkerProcess::end(int grace_ms) {
  if (socket_.get() >= 0) ::shutdown(socket_.get(), SHUT_RDWR);
  socket_.close();
  const auto deadline = steady_ms() + grace_ms;
  const int slice_ms = 20;
  while (!child_.wait(0).ok() && steady_ms() < deadline) {
    wait(0, -1, slice_ms);
  }
  const auto exit = child_.terminate(0);
  take_output();
  return exit;
}

}  // namespace slipway::serve
