// base/log.h — one line a message on standard error, with time and level.
#pragma once
#include <fmt/core.h>

#include <string_view>

namespace slipway {

enum class Level { debug, info, warning, error };

/// Drop messages below `level`; info at the start. Safe from any thread.
void set_log_level(Level level);

/// Write one line: time, level, message; line ends inside it are escaped, so a message cannot
/// pretend to be two. Safe from any thread.
void log_line(Level level, std::string_view message);

template <typename... Args>
void log(Level level, fmt::format_string<Args...> format, Args&&... args) {
  log_line(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace slipway
