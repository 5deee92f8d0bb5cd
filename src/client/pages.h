// client/pages.h — lists that a server gives page by page.
#pragma once
#include <functional>
#include <string_view>

#include "client/server.h"

namespace slipway::client {

/// Takes a page's answer and tells whether the next one is wanted; an error ends it all.
enum class Next { page, nothing };
using TakePage = std::function<Result<Next>(const Json& page)>;

/// GET `path` again and again, until there is no further page. Errors as Server::get and `take`.
Result<void> get_pages(Server& server, std::string_view path, const Query& query,
                       const TakePage& take);

/// The same by POST. Errors as Server::send and `take`.
Result<void> post_pages(Server& server, std::string_view path, JsonObject body,
                        const TakePage& take);

}  // namespace slipway::client
