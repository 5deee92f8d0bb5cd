// serve/gate.h — how many requests a served version takes at once, and how many may wait.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

namespace slipway::serve {

/// Lets at most so many requests in at once; a few more wait a little for their turn. Safe from any
/// thread.
class Gate {
 public:
  struct Limits {
    int64_t max_running = 0;  // 0: no limit
    int64_t max_waiting = 0;
    int64_t max_wait_ms = 0;
    bool operator==(const Limits&) const = default;
  };

  /// A place inside, until its end.
  class Pass {
   public:
    explicit Pass(Gate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(other.gate_) { other.gate_ = nullptr; }
    Pass& operator=(Pass&&) = delete;
    ~Pass();

   private:
    Gate* gate_;
  };

  /// Change the limits; those inside stay.
  void limit(const Limits& limits);
  Limits limits() const;

  /// Come in, at once or after waiting; nothing where there is no room to wait, or not in time.
  std::optional<Pass> enter();

 private:
  void leave();

  mutable std::mutex mutex_;
  std::condition_variable left_;
  Limits limits_;
  int64_t n_running_ = 0;
  int64_t n_waiting_ = 0;
};

}  // namespace slipway::serve
