// api/login_limits.h — holds up those who try passwords.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace slipway::api {

/// Counts failed logins of each pair of user and address, of each user, and of each address; each
/// count falls with time. Only failures count, and a right password does not lift the count of
/// others. Safe from any thread, and bounded in memory.
class LoginLimits {
 public:
  using Clock = std::chrono::steady_clock;

  /// Seconds until a login may be tried again; 0: now.
  int64_t wait_s(std::string_view user, std::string_view address, Clock::time_point now);
  /// Take note of a failure.
  void failed(std::string_view user, std::string_view address, Clock::time_point now);

 private:
  struct Count {
    double failures = 0;
    Clock::time_point at;
  };

  std::mutex mutex_;
  std::map<std::string, Count, std::less<>> counts_;
};

}  // namespace slipway::api
