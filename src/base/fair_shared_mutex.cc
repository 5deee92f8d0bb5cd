#include "base/fair_shared_mutex.h"

namespace slipway {

void FairSharedMutex::lock() {
  std::unique_lock lock(mutex_);
  n_waiting_writers_ += 1;
  changed_.wait(lock, [&] { return !has_writer_ && n_readers_ == 0; });
  n_waiting_writers_ -= 1;
  has_writer_ = true;
}

void FairSharedMutex::unlock() {
  {
    const std::scoped_lock lock(mutex_);
    has_writer_ = false;
  }
  changed_.notify_all();
}

void FairSharedMutex::lock_shared() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !has_writer_ && n_waiting_writers_ == 0; });
  n_readers_ += 1;
}

void FairSharedMutex::unlock_shared() {
  bool is_last = false;
  {
    const std::scoped_lock lock(mutex_);
    n_readers_ -= 1;
    is_last = n_readers_ == 0;
  }
  if (is_last) changed_.notify_all();
}

}  // namespace slipway
