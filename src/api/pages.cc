#include <map>
#include <string>

#include "api/routes.h"
#include "base/id.h"
#include "web_embedded.h"  // the files of web/, put in by cmake/embed.cmake

namespace slipway::api {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct Page {
  std::string_view bytes;
  std::string_view type;
  std::string etag;
};

std::string_view page_type(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

std::map<std::string, Page, std::less<>> read_pages() {
  std::map<std::string, Page, std::less<>> pages;
  for (const auto& [name, bytes] : web_files()) {
    const auto etag = fmt::format("\"{}\"", sha256_hex(bytes).substr(0, 16));
    pages.emplace(name, Page{bytes, page_type(name), etag});
  }
  return pages;
}

Result<http::Response> page(const http::Request& request, std::string_view name) {
  static const auto pages = read_pages();
  const auto found = pages.find(name);
  if (found == pages.end()) {
    return fail(Code::resource_does_not_exist, "There is no page '{}'", name);
  }
  const auto& [bytes, type, etag] = found->second;
  http::Response response;
  response.headers.add("ETag", etag);
  response.headers.add("Cache-Control", "no-cache");  // kept, but asked for again by its ETag
  const auto* known = request.headers.find("If-None-Match");
  if (known && known->find(etag) != std::string::npos) {
    response.status = 304;
    return response;
  }
  response.headers.add("Content-Type", std::string(type));
  response.headers.add("Content-Security-Policy", std::string(kPolicy));
  response.headers.add("Referrer-Policy", "no-referrer");
  response.body = bytes;
  return response;
}

Result<http::Response> index(Call& call, Workspace&) { return page(call.request(), "index.html"); }

Result<http::Response> static_file(Call& call, Workspace&) {
  return page(call.request(), call.path("name"));
}

// They show nothing by themselves: what they ask for is guarded.
constexpr Route kRoutes[] = {
    {"GET", "/", index, Needs::nothing},
    {"GET", "/static-files/<path:name>", static_file, Needs::nothing},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> page_routes() { return kRoutes; }

}  // namespace slipway::api
