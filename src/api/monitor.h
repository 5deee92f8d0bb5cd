// api/monitor.h — what those who run a server want to know of it: requests counted, is it draining.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/histogram.h"

namespace slipway::api {

/// Requests by route and status, and how long they took. Labels come from the route table alone,
/// never from a request, so there are as many series as routes, however many paths are asked for.
class Traffic {
 public:
  /// Add a route before the first request, and give its place. Place 0 is for requests of no route.
  size_t add_route(std::string_view method, std::string_view path);

  /// Count an answered request. Safe from any thread; takes no lock.
  void count(size_t place, int status, double seconds);

  struct RouteCounts {
    std::string method;
    std::string path;
    std::vector<std::pair<int, uint64_t>> by_status;  // those that occurred; 0: any other
    Histogram::Counts seconds;
  };
  /// Routes that were asked for.
  std::vector<RouteCounts> counts() const;

 private:
  static constexpr std::array<int, 24> kStatuses = {200, 201, 202, 204, 206, 301, 302, 304,
                                                    400, 401, 403, 404, 405, 409, 412, 413,
                                                    416, 422, 429, 500, 501, 503, 504, 0};
  struct Route {
    std::string method;
    std::string path;
    std::array<std::atomic<uint64_t>, kStatuses.size()> by_status{};
    Histogram seconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
  };
  std::vector<std::unique_ptr<Route>> routes_;
};

enum class AccessLog { off, on };

/// State of a running server that is no part of the workspace. Safe from any thread.
struct Monitor {
  Traffic traffic;
  std::atomic<bool> draining = false;     // set before the server stops: /health says so
  std::atomic<int64_t> n_answering = 0;   // requests inside their handlers
  std::string version;                    // of this program; set before the first request
  AccessLog access_log = AccessLog::off;  // likewise
  /// Gives the connections open now; set once the server listens.
  Guarded<std::function<int()>> n_connections;
};

/// Give the id of a request: `asked`, where it is one to 128 letters, digits and `._-+/=:@`, else
/// one of our own, other in each call.
std::string request_id(const std::string* asked);

}  // namespace slipway::api
