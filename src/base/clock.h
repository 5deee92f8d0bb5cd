// base/clock.h — the time of day, and how long something took.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace slipway {

/// Give the time of day in milliseconds since 1970-01-01 UTC.
int64_t now_ms();

/// Write a time of day as `2026-11-23T09:08:07.123Z`.
std::string utc_text(int64_t time_ms);

/// Days since 1970-01-01 of a date of the Gregorian calendar.
/// Source   Hinnant, "chrono-Compatible Low-Level Date Algorithms" (days_from_civil).
int64_t days_from_date(int64_t year, int month, int day);

/// Weekday of a date, 0 = Monday … 6 = Sunday (as Python's date.weekday()).
int weekday(int64_t year, int month, int day);

/// Measures from its construction on.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace slipway
