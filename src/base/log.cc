#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

namespace slipway {
namespace {

std::atomic<Level> least_level = Level::info;
std::atomic<LogFormat> log_format = LogFormat::text;
thread_local std::string request_id;

constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};

// What a terminal or a reader of lines may take for an order: C0, DEL, and C1 as UTF-8 (C2 80…9F).
bool is_control(std::string_view text, size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x20 || byte == 0x7f) return true;
  return byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
}

void append_escaped(std::string& out, std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      out += "\\n";
    } else if (!is_control(text, i)) {
      out += text[i];
    } else if (static_cast<unsigned char>(text[i]) == 0xc2) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
    }
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += '=';
  const bool plain = !value.empty() && value.find_first_of(" \"=\\") == value.npos;
  std::string quoted;
  for (const char c : value) {
    if (!plain && (c == '"' || c == '\\')) quoted += '\\';
    quoted += c;
  }
  if (!plain) quoted = '"' + quoted + '"';
  append_escaped(out, quoted);
}

std::string text_line(Level level, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line = utc_text(now_ms());
  line += ' ';
  line += kNames[static_cast<int>(level)];
  line += ' ';
  append_escaped(line, message);
  for (const auto& field : fields) append_field(line, field.name, field.value);
  if (!request_id.empty()) append_field(line, "request_id", request_id);
  return line;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ", ";
  append_quoted(out, name);
  out += ": ";
  std::string quoted;
  append_quoted(quoted, is_utf8(value) ? std::string(value) : percent_encode(value));
  for (size_t i = 0; i < quoted.size(); ++i) {  // JSON itself asks for no more than C0
    if (!is_control(quoted, i)) {
      out += quoted[i];
    } else {
      if (static_cast<unsigned char>(quoted[i]) == 0xc2) ++i;
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(quoted[i]));
    }
  }
}

std::string json_line(Level level, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line = "{\"time\": \"" + utc_text(now_ms()) + '"';
  append_member(line, "level", kNames[static_cast<int>(level)]);
  append_member(line, "message", message);
  for (const auto& field : fields) {
    if (field.is_number) {
      line += fmt::format(", \"{}\": {}", field.name, field.value);
    } else {
      append_member(line, field.name, field.value);
    }
  }
  if (!request_id.empty()) append_member(line, "request_id", request_id);
  return line + '}';
}

}  // namespace

void set_log_level(Level level) { least_level = level; }

void set_log_format(LogFormat format) { log_format = format; }

void log_line(Level level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < least_level.load(std::memory_order_relaxed)) return;
  std::string line = log_format.load(std::memory_order_relaxed) == LogFormat::json
                         ? json_line(level, message, fields)
                         : text_line(level, message, fields);
  line += '\n';
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

LogRequest::LogRequest(std::string id) { request_id = std::move(id); }
LogRequest::~LogRequest() { request_id.clear(); }

const std::string& log_request_id() { return request_id; }

}  // namespace slipway
