#include "files/attachment_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace slipway::files {
namespace {

// A character of RFC 9110's token; but no `%`, which some browsers decode.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_quotable(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '%'; }

}  // namespace

std::string attachment_name(std::string_view name) {
  if (!name.empty() && std::all_of(name.begin(), name.end(), is_plain)) {
    return fmt::format("attachment; filename={}", name);
  }
  if (std::all_of(name.begin(), name.end(), is_quotable)) {
    return fmt::format("attachment; filename=\"{}\"", name);
  }
  std::string quoted(name);
  std::replace_if(quoted.begin(), quoted.end(), [](char c) { return !is_quotable(c); }, '_');
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", quoted,
                     percent_encode(name));
}

}  // namespace slipway::files
