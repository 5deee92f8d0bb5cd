#include "cli/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

namespace slipway::cli {

constexpr size_t kBarWidth = 24;

Progress::Progress(std::string label, size_t total)
    : label_(std::move(label)), total_(total), on_terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { clear(); }

void Progress::show(size_t done, std::string_view note) {
  if (!on_terminal_) return;
  const double seconds = since_start_.seconds();
  std::string bar;
  std::string left;
  if (total_ > 0) {
    const size_t filled = std::min(kBarWidth, kBarWidth * done / total_);
    for (size_t i = 0; i < kBarWidth; ++i) bar += i < filled ? "█" : "░";
    if (done > 0 && done < total_) {
      const double remaining = seconds / static_cast<double>(done);
      left = fmt::format("  {:.0f} s left", remaining * static_cast<double>(total_ - done));
    }
  }
  fmt::print(stderr, "\r\x1b[2K{} {} {}/{}  {}{}", label_, bar, done, total_, note, left);
  std::fflush(stderr);
}

void Progress::clear() {
  if (!on_terminal_) return;
  fmt::print(stderr, "\r\x1b[2K");
  std::fflush(stderr);
}

}  // namespace slipway::cli
