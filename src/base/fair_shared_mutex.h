// base/fair_shared_mutex.h — a lock for many readers or one writer, where a waiting writer goes
// first.
#pragma once
#include <condition_variable>
#include <mutex>

namespace slipway {

/// std::shared_mutex lets readers that overlap without end keep writers waiting without end; here
/// those that come after a writer wait for it. To be used by std::shared_lock and std::unique_lock.
class FairSharedMutex {
 public:
  void lock();
  void unlock();
  void lock_shared();
  void unlock_shared();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int n_readers_ = 0;
  int n_waiting_writers_ = 0;
  bool has_writer_ = false;
};

}  // namespace slipway
