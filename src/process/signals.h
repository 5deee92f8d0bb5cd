// process/signals.h — Ctrl-C and SIGTERM as something a program can ask about and wait for.
#pragma once

namespace slipway::process {

/// From now on the first SIGINT or SIGTERM only sets a flag; the second ends the program at once,
/// with exit code 128 + the signal's number. Call once, early in main().
void install_interrupt();

/// Tell whether one came. Safe from any thread.
bool interrupted();

/// Wait at most `timeout_ms` (below 0: without end) for one; gives interrupted().
bool wait_for_interrupt(int timeout_ms);

/// A descriptor that becomes readable when one came, for poll(); never read it. -1 before
/// install_interrupt().
int interrupt_descriptor();

}  // namespace slipway::process
