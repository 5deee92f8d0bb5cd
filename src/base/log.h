// base/log.h — one line a message on standard error, with time, level and request.
#pragma once
#include <fmt/core.h>

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace slipway {

enum class Level { debug, info, warning, error };
enum class LogFormat { text, json };

/// Drop messages below `level`; info at the start. Safe from any thread.
void set_log_level(Level level);
/// Write lines for people (text, at the start) or one JSON object a line. Safe from any thread.
void set_log_format(LogFormat format);

/// A named value of a line, such as {"status", 200}; text is quoted and escaped where needed.
struct LogField {
  LogField(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  template <std::integral Integer>
  LogField(std::string_view field_name, Integer number)
      : name(field_name), value(std::to_string(number)), is_number(true) {}
  LogField(std::string_view field_name, double number)
      : name(field_name), value(fmt::format("{:.3f}", number)), is_number(true) {}
  std::string name;
  std::string value;
  bool is_number = false;
};

/// Write one line: time, level, message, fields, and the request that this thread works on. All
/// control characters, line ends too, are escaped, so a message cannot pretend to be two, nor
/// steer a terminal. Safe from any thread.
void log_line(Level level, std::string_view message, std::initializer_list<LogField> fields = {});

template <typename... Args>
void log(Level level, fmt::format_string<Args...> format, Args&&... args) {
  log_line(level, fmt::format(format, std::forward<Args>(args)...));
}

/// Names the request that this thread works on: the lines it writes until the end of the scope
/// carry the id. Not nested.
class LogRequest {
 public:
  explicit LogRequest(std::string id);
  LogRequest(const LogRequest&) = delete;
  LogRequest& operator=(const LogRequest&) = delete;
  ~LogRequest();
};

/// The id of the request that this thread works on; empty where there is none.
const std::string& log_request_id();

}  // namespace slipway
