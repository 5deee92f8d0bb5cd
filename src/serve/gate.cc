#include "serve/gate.h"

#include <chrono>

namespace slipway::serve {

Gate::Pass::~Pass() {
  if (gate_) gate_->leave();
}

void Gate::limit(const Limits& limits) {
  {
    const std::scoped_lock lock(mutex_);
    limits_ = limits;
  }
  left_.notify_all();
}

Gate::Limits Gate::limits() const {
  const std::scoped_lock lock(mutex_);
  return limits_;
}

std::optional<Gate::Pass> Gate::enter() {
  std::unique_lock lock(mutex_);
  const auto has_room = [&] {
    return limits_.max_running == 0 || n_running_ < limits_.max_running;
  };
  if (!has_room()) {
    if (n_waiting_ >= limits_.max_waiting) return std::nullopt;
    n_waiting_ += 1;
    const auto wait = std::chrono::milliseconds(limits_.max_wait_ms);
    const bool in_time = left_.wait_for(lock, wait, has_room);
    n_waiting_ -= 1;
    if (!in_time) return std::nullopt;
  }
  n_running_ += 1;
  return Pass(this);
}

void Gate::leave() {
  {
    const std::scoped_lock lock(mutex_);
    n_running_ -= 1;
  }
  left_.notify_one();
}

}  // namespace slipway::serve
