// cli/progress.h — a line on the terminal that is written over as work goes on.
#pragma once
#include <string>
#include <string_view>

#include "base/clock.h"

namespace slipway::cli {

/// Shows how far something is. Silent where standard error is no terminal.
class Progress {
 public:
  /// `total` of 0: unknown.
  Progress(std::string label, size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Show `done` of the total, the time left at the pace so far, and a note such as the best value.
  void show(size_t done, std::string_view note = {});
  /// Wipe the line.
  void clear();

 private:
  std::string label_;
  size_t total_;
  bool on_terminal_;
  Stopwatch since_start_;
};

}  // namespace slipway::cli
