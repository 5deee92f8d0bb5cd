#include "files/attachment_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace slipway::files {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

}  // namespace

std::string attachment_name(std::string_view name) {
  if (!name.empty() && std::all_of(name.begin(), name.end(), is_plain)) {
    return fmt::format("attachment; filename={}", name);
  }
  std::string quoted;
  for (const char c : name) {
    const bool printable = c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '%';
    quoted += printable ? c : '_';
  }
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", quoted,
                     percent_encode(name));
}

}  // namespace slipway::files
