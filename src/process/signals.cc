#include "process/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>

namespace slipway::process {
namespace {

// A signal handler has nothing but static storage to work with.
std::atomic<int> n_interrupts = 0;
std::atomic<int> event = -1;
static_assert(std::atomic<int>::is_always_lock_free);

void on_interrupt(int signal) {
  if (n_interrupts.fetch_add(1) > 0) ::_exit(128 + signal);
  const int before = errno;
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event, &one, sizeof one);
  errno = before;
}

}  // namespace

void install_interrupt() {
  if (event >= 0) return;
  event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action{};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;  // no call of a library need know of it
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return n_interrupts > 0; }

bool wait_for_interrupt(int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!interrupted()) {
    int rest_ms = -1;
    if (timeout_ms >= 0) {
      const auto rest = deadline - Clock::now();
      if (rest.count() <= 0) break;
      rest_ms = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(rest).count());
    }
    pollfd entry{event, POLLIN, 0};
    ::poll(&entry, 1, rest_ms);  // a signal ends it early: asked again above
  }
  return interrupted();
}

int interrupt_descriptor() { return event; }

}  // namespace slipway::process
