#include "base/clock.h"

#include <fmt/core.h>

#include <ctime>

namespace slipway {

int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::string utc_text(int64_t time_ms) {
  int64_t millis = time_ms % 1000;
  if (millis < 0) millis += 1000;
  const time_t seconds = static_cast<time_t>((time_ms - millis) / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     millis);
}

int64_t days_from_date(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

int weekday(int64_t year, int month, int day) {
  const int64_t since_monday = days_from_date(year, month, day) + 3;  // 1970-01-01: a Thursday
  return static_cast<int>(((since_monday % 7) + 7) % 7);
}

}  // namespace slipway
