// process/systemd.h — tells systemd how the service does.
#pragma once
#include <string_view>

#include "base/result.h"

namespace slipway::process {

/// Send a state such as "READY=1" or "STOPPING=1" to the socket that $NOTIFY_SOCKET names; nothing
/// happens where it names none.
/// Errors   as errno_error: there is a name but no socket that takes it.
/// Source   sd_notify(3), "Notes": one datagram to an AF_UNIX socket; a leading '@' is abstract.
Result<void> tell_systemd(std::string_view state);

}  // namespace slipway::process
