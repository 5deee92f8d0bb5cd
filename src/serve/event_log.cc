#include "serve/event_log.h"

#include <unistd.h>

#include <array>

#include "base/clock.h"

namespace slipway::serve {
namespace {

constexpr size_t kMaxNoted = 10'000;
constexpr size_t kMaxMessage = 4'000;

std::string server_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return std::to_string(::getpid());
  return fmt::format("{}:{}", host.data(), ::getpid());
}

}  // namespace

EventLog::EventLog() : server_(server_name()) {}

void EventLog::note(const EventPlace& place, std::string_view event, std::string_view message) {
  store::EndpointEvent noted{place.kind,
                             place.endpoint,
                             place.served,
                             now_ms(),
                             std::string(event),
                             server_,
                             std::string(message.substr(0, kMaxMessage))};
  noted_.with([&](auto& all) {
    if (all.size() >= kMaxNoted) all.pop_front();
    all.push_back(std::move(noted));
  });
}

Result<void> EventLog::flush(store::Store& store) {
  std::vector<store::EndpointEvent> events;
  noted_.with([&](auto& all) {
    events.assign(std::make_move_iterator(all.begin()), std::make_move_iterator(all.end()));
    all.clear();
  });
  if (events.empty()) return {};
  auto written =
      store.write([&](db::Connection& c) { return store::record_endpoint_events(c, events); });
  if (!written.ok()) {
    noted_.with([&](auto& all) {
      for (auto at = events.rbegin(); at != events.rend() && all.size() < kMaxNoted; ++at) {
        all.push_front(std::move(*at));
      }
    });
  }
  return written;
}

}  // namespace slipway::serve
