#include "client/pages.h"

#include "client/fields.h"

namespace slipway::client {
namespace {

// `ask` gives the page that a token names; "" is the first.
template <typename Ask>
Result<void> each_page(Ask ask, const TakePage& take) {
  std::string token;
  do {
    const auto page = TRY(ask(token));
    const auto next = TRY(take(page));
    if (next == Next::nothing) return {};
    token = text_or(page, "next_page_token");
  } while (!token.empty());
  return {};
}

}  // namespace

Result<void> get_pages(Server& server, std::string_view path, const Query& query,
                       const TakePage& take) {
  return each_page(
      [&](const std::string& token) {
        auto asked = query;
        if (!token.empty()) asked.emplace_back("page_token", token);
        return server.get(path, asked);
      },
      take);
}

Result<void> post_pages(Server& server, std::string_view path, JsonObject body,
                        const TakePage& take) {
  return each_page(
      [&](const std::string& token) {
        if (!token.empty()) body["page_token"] = token;
        return server.post(path, body);
      },
      take);
}

}  // namespace slipway::client
