#include "api/monitor.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/id.h"

namespace slipway::api {
namespace {

constexpr size_t kMaxRequestId = 128;

bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-+/=:@").find(c) != std::string_view::npos;
}

}  // namespace

size_t Traffic::add_route(std::string_view method, std::string_view path) {
  auto route = std::make_unique<Route>();
  route->method = method;
  route->path = path;
  routes_.push_back(std::move(route));
  return routes_.size() - 1;
}

void Traffic::count(size_t place, int status, double seconds) {
  Route& route = *routes_[place];
  const auto* const found = std::find(kStatuses.begin(), kStatuses.end() - 1, status);
  route.by_status[static_cast<size_t>(found - kStatuses.begin())].fetch_add(
      1, std::memory_order_relaxed);
  route.seconds.add(seconds);
}

std::vector<Traffic::RouteCounts> Traffic::counts() const {
  std::vector<RouteCounts> out;
  for (const auto& route : routes_) {
    RouteCounts counts{route->method, route->path, {}, route->seconds.counts()};
    for (size_t i = 0; i < kStatuses.size(); ++i) {
      const uint64_t n = route->by_status[i].load(std::memory_order_relaxed);
      if (n > 0) counts.by_status.emplace_back(kStatuses[i], n);
    }
    if (!counts.by_status.empty()) out.push_back(std::move(counts));
  }
  return out;
}

std::string request_id(const std::string* asked) {
  if (asked && !asked->empty() && asked->size() <= kMaxRequestId &&
      std::all_of(asked->begin(), asked->end(), is_id_character)) {
    return *asked;
  }
  // the process's own random part keeps ids apart; asking the system for each would cost a call
  static const std::string process = random_hex(6);
  static std::atomic<uint64_t> n_made = 0;
  return fmt::format("{}-{:x}", process, n_made.fetch_add(1, std::memory_order_relaxed));
}

}  // namespace slipway::api
