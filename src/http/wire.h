// http/wire.h — the head of a response as the text that goes over the wire.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "http/client.h"
#include "http/message.h"

namespace slipway::http {

enum class KeepAlive { no, yes };

/// Write status line and fields up to the empty line. Length, connection, date and the two fields
/// against content sniffing and framing are the server's; a handler's own ones of these are kept
/// out, except X-Frame-Options. Line ends within a field become blanks, so no field can end early.
///
/// date     as in RFC 9110 section 5.6.7; left out where empty.
std::string head_text(const Response& response, KeepAlive keep_alive, std::string_view date);

/// Write the request line and fields of a request to `url`, up to the empty line. `n_body_bytes` is
/// its length, told for every method that usually has a body.
std::string request_head_text(const Request& request, const Url& url, uint64_t n_body_bytes);

/// Give the time as an HTTP date, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
std::string http_date(int64_t time_ms);

}  // namespace slipway::http
