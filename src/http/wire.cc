#include "http/wire.h"

#include <fmt/format.h>

#include <ctime>

#include "base/text.h"

namespace slipway::http {
namespace {

bool is_servers_own(std::string_view lower_name) {
  return lower_name == "content-length" || lower_name == "connection" || lower_name == "date" ||
         lower_name == "transfer-encoding" || lower_name == "x-content-type-options";
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  const auto clean = [&out](std::string_view text) {
    for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  };
  clean(name);
  out += ": ";
  clean(value);
  out += "\r\n";
}

}  // namespace

std::string head_text(const Response& response, KeepAlive keep_alive, std::string_view date) {
  std::string out;
  out.reserve(320);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status,
                 reason(response.status));
  bool framed = false;
  for (const auto& [name, value] : response.headers.all()) {
    const auto lower_name = lower(name);
    if (is_servers_own(lower_name)) continue;
    framed = framed || lower_name == "x-frame-options";
    append_field(out, name, value);
  }
  if (response.status != 204 && response.status != 304) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n",
                   response.file ? response.file->size : response.body.size());
  }
  if (!date.empty()) append_field(out, "Date", date);
  out += "X-Content-Type-Options: nosniff\r\n";
  if (!framed) out += "X-Frame-Options: SAMEORIGIN\r\n";
  if (keep_alive == KeepAlive::no) {
    out += "Connection: close\r\n";
  } else {
    out += "Connection: keep-alive\r\n";  // HTTP/1.0 clients need to be told
  }
  out += "\r\n";
  return out;
}

std::string request_head_text(const Request& request, const Url& url, uint64_t n_body_bytes) {
  std::string target = url.path + request.path;
  if (target.empty()) target = "/";
  if (!request.query.empty()) target += "?" + request.query;
  for (auto& c : target) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) c = '_';  // cannot end the line early
  }
  const bool is_six = url.host.find(':') != url.host.npos;
  // a scheme's own port is left out: object stores sign the field as it is usually sent
  const bool is_usual = url.port == (url.scheme == "https" ? 443 : 80);
  std::string out =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}{}{}{}\r\n", request.method, target, is_six ? "[" : "",
                  url.host, is_six ? "]" : "", is_usual ? "" : fmt::format(":{}", url.port));
  for (const auto& [name, value] : request.headers.all()) {
    const auto lower_name = lower(name);
    if (lower_name == "host" || is_servers_own(lower_name)) continue;
    append_field(out, name, value);
  }
  if (!request.headers.find("User-Agent")) append_field(out, "User-Agent", "slipway");
  if (n_body_bytes > 0 || (request.method != "GET" && request.method != "HEAD")) {
    append_field(out, "Content-Length", std::to_string(n_body_bytes));
  }
  out += "\r\n";
  return out;
}

std::string http_date(int64_t time_ms) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t seconds = static_cast<time_t>(time_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
}

}  // namespace slipway::http
