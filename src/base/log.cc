#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <string>

#include "base/clock.h"

namespace slipway {
namespace {

std::atomic<Level> least_level = Level::info;

constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};

}  // namespace

void set_log_level(Level level) { least_level = level; }

void log_line(Level level, std::string_view message) {
  if (level < least_level.load()) return;
  std::string line = utc_text(now_ms());
  line += ' ';
  line += kNames[static_cast<int>(level)];
  line += ' ';
  for (const char c : message) {
    if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      line += c;
    }
  }
  line += '\n';
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace slipway
