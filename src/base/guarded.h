// base/guarded.h — a value that can only be reached while its lock is held.
#pragma once
#include <mutex>
#include <utility>

namespace slipway {

/// Shared mutable state together with its mutex. Safe from any thread.
template <typename T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  /// Call `use` with the value while the lock is held, and give what it returns. `use` must not
  /// keep the reference, nor wait for anything else.
  template <typename Use>
  decltype(auto) with(Use&& use) {
    const std::scoped_lock lock(mutex_);
    return std::forward<Use>(use)(value_);
  }
  template <typename Use>
  decltype(auto) with(Use&& use) const {
    const std::scoped_lock lock(mutex_);
    return std::forward<Use>(use)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace slipway
