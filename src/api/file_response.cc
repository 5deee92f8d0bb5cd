#include "api/file_response.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "files/attachment_name.h"

namespace slipway::api {
namespace {

struct Ending {
  std::string_view ending;
  std::string_view type;
};

constexpr std::string_view kText = "text/plain";
constexpr std::string_view kBytes = "application/octet-stream";

constexpr Ending kEndings[] = {
    {"txt", kText},
    {"log", kText},
    {"err", kText},
    {"cfg", kText},
    {"conf", kText},
    {"cnf", kText},
    {"cf", kText},
    {"ini", kText},
    {"properties", kText},
    {"prop", kText},
    {"hocon", kText},
    {"toml", kText},
    {"yaml", kText},
    {"yml", kText},
    {"xml", kText},
    {"json", kText},
    {"js", kText},
    {"py", kText},
    {"py3", kText},
    {"csv", kText},
    {"tsv", kText},
    {"md", kText},
    {"rst", kText},
    {"ipynb", kText},
    {"MLmodel", kText},
    {"MLproject", kText},
    {"mlproject", kText},
    {"html", "text/html"},
    {"htm", "text/html"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"svg", "image/svg+xml"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
};

// Bytes [first, last] of a file.
struct Range {
  uint64_t first = 0;
  uint64_t last = 0;
};

enum class Wanted { all, part, nothing };

// Read "bytes=a-b", "bytes=a-" or "bytes=-n"; several ranges and other units are ignored, as RFC
// 9110 section 14.2 allows.
Wanted read_range(std::string_view text, uint64_t size, Range& range) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit) || text.find(',') != text.npos) return Wanted::all;
  text.remove_prefix(kUnit.size());
  const auto dash = text.find('-');
  if (dash == text.npos) return Wanted::all;
  const auto first = to_integer(trim(text.substr(0, dash)));
  const auto last = to_integer(trim(text.substr(dash + 1)));
  if (dash == 0) {
    if (!last || *last < 0) return Wanted::all;
    if (*last == 0 || size == 0) return Wanted::nothing;
    range = {size - std::min(static_cast<uint64_t>(*last), size), size - 1};
    return Wanted::part;
  }
  const bool open = trim(text.substr(dash + 1)).empty();
  if (!first || *first < 0 || (!open && (!last || *last < *first))) return Wanted::all;
  if (static_cast<uint64_t>(*first) >= size) return Wanted::nothing;
  range.first = static_cast<uint64_t>(*first);
  range.last = open ? size - 1 : std::min(static_cast<uint64_t>(*last), size - 1);
  return Wanted::part;
}

bool has_etag(std::string_view list, std::string_view etag) {
  for (const auto& part : split(list, ',')) {
    auto known = trim(part);
    if (known.starts_with("W/")) known.remove_prefix(2);
    if (known == "*" || known == etag) return true;
  }
  return false;
}

}  // namespace

std::string_view media_type(std::string_view name) {
  const auto dot = name.rfind('.');
  const auto ending = name.substr(dot == name.npos ? 0 : dot + 1);
  for (const auto& known : kEndings) {
    if (known.ending == ending) return known.type;
  }
  const auto small = lower(ending);
  for (const auto& known : kEndings) {
    if (known.ending == small) return known.type;
  }
  return kBytes;
}

http::Response file_response(const http::Request& request, files::File file,
                             std::string_view name) {
  http::Response response;
  const auto etag = file.etag;
  response.headers.add("ETag", etag);
  response.headers.add("Cache-Control", "no-cache");
  response.headers.add("Accept-Ranges", "bytes");
  const auto* known = request.headers.find("If-None-Match");
  if (known && has_etag(*known, etag)) {
    response.status = 304;
    return response;
  }
  Range range{0, file.size_bytes == 0 ? 0 : file.size_bytes - 1};
  auto wanted = Wanted::all;
  const auto* asked = request.headers.find("Range");
  const auto* unless_changed = request.headers.find("If-Range");
  if (asked && (!unless_changed || *unless_changed == etag)) {
    wanted = read_range(*asked, file.size_bytes, range);
  }
  if (wanted == Wanted::nothing) {
    response.status = 416;
    response.headers.add("Content-Range", fmt::format("bytes */{}", file.size_bytes));
    return response;
  }
  if (wanted == Wanted::part) {
    response.status = 206;
    response.headers.add("Content-Range",
                         fmt::format("bytes {}-{}/{}", range.first, range.last, file.size_bytes));
  }
  response.headers.add("Content-Type", std::string(media_type(name)));
  response.headers.add("Content-Disposition", files::attachment_name(name));
  response.headers.add("Content-Security-Policy", "default-src 'none'; sandbox");
  http::FileBody body;
  body.path = std::string(name);
  body.offset = range.first;
  body.size = file.size_bytes == 0 ? 0 : range.last - range.first + 1;
  body.fd = file.descriptor.release();
  if (file.remote) {
    body.read = [remote = std::move(file.remote)](uint64_t offset, std::span<char> out) {
      return remote->read_at(offset, out);
    };
  }
  response.file = std::move(body);
  return response;
}

}  // namespace slipway::api
