#include "files/at_once.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace slipway::files {

void at_once(size_t n, const std::function<void(size_t)>& work) {
  constexpr size_t kThreads = 4;
  std::atomic<size_t> next = 0;
  const auto work_on = [&] {
    for (size_t i = next++; i < n; i = next++) work(i);
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min(kThreads, n); ++i) threads.emplace_back(work_on);
  work_on();
  for (auto& thread : threads) thread.join();
}

}  // namespace slipway::files
