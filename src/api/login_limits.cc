#include "api/login_limits.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace slipway::api {
namespace {

constexpr size_t kMaxCounts = 30'000;

// So many failures at once, then one each so many seconds.
struct Limit {
  char kind;
  double at_once;
  double seconds_each;
};
constexpr Limit kOfPair{'b', 10, 6};
constexpr Limit kOfAddress{'a', 50, 1.2};
constexpr Limit kOfUser{'u', 100, 0.6};  // far above a pair's: else anyone could lock anyone out

struct Keyed {
  Limit limit;
  std::string key;
};

std::array<Keyed, 3> keys_of(std::string_view user, std::string_view address) {
  const auto of = [](char kind, std::string_view text) {
    std::string key(1, kind);
    key += text.substr(0, 300);
    return key;
  };
  return {{{kOfPair, of('b', std::string(user) + '\n' + std::string(address))},
           {kOfAddress, of('a', address)},
           {kOfUser, of('u', user)}}};
}

double faded(double failures, const Limit& limit, LoginLimits::Clock::duration since) {
  return std::max(0.0,
                  failures - std::chrono::duration<double>(since).count() / limit.seconds_each);
}

}  // namespace

int64_t LoginLimits::wait_s(std::string_view user, std::string_view address,
                            Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  double wait = 0;
  for (const auto& [limit, key] : keys_of(user, address)) {
    const auto found = counts_.find(key);
    if (found == counts_.end()) continue;
    const auto left = faded(found->second.failures, limit, now - found->second.at);
    wait = std::max(wait, (left - limit.at_once + 1) * limit.seconds_each);
  }
  return wait <= 0 ? 0 : static_cast<int64_t>(std::ceil(wait));
}

void LoginLimits::failed(std::string_view user, std::string_view address, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  if (counts_.size() > kMaxCounts) {
    std::erase_if(counts_, [&](const auto& entry) {
      return now - entry.second.at > kOfPair.at_once * std::chrono::seconds(6);
    });
    if (counts_.size() > kMaxCounts) counts_.clear();
  }
  for (const auto& [limit, key] : keys_of(user, address)) {
    auto& count = counts_[key];
    count.failures = faded(count.failures, limit, now - count.at) + 1;
    count.at = now;
  }
}

}  // namespace slipway::api
