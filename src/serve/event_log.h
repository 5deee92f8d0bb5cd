// serve/event_log.h — what happens to served models, on its way into the store.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "store/endpoint_events.h"
#include "store/store.h"

namespace slipway::serve {

/// Which endpoint, and what of it: a version of a registered model, or a served model of a serving
/// endpoint; "" the endpoint itself.
struct EventPlace {
  store::EndpointKind kind = store::EndpointKind::registered_model;
  std::string endpoint;
  std::string served;
};

/// The names of events; of worker processes come `WORKER_` and what helper processes call theirs.
namespace event {
constexpr std::string_view kLoaded = "LOADED";
constexpr std::string_view kSwappedIn = "SWAPPED_IN";
constexpr std::string_view kMoved = "MOVED";  // other stage or aliases
constexpr std::string_view kFailed = "FAILED";
constexpr std::string_view kGone = "GONE";
constexpr std::string_view kUpdateFailed = "UPDATE_FAILED";
}  // namespace event

/// Takes events from any thread without waiting, and writes them in groups.
class EventLog {
 public:
  EventLog();
  void note(const EventPlace& place, std::string_view event, std::string_view message);

  /// Write down what was noted. What the store refuses now is kept for the next time, as long as
  /// there is room.
  Result<void> flush(store::Store& store);

 private:
  std::string server_;  // this machine and process
  Guarded<std::deque<store::EndpointEvent>> noted_;
};

}  // namespace slipway::serve
