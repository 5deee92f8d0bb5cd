// files/attachment_name.h — the header by which a browser saves a file instead of showing it.
#pragma once
#include <string>
#include <string_view>

namespace slipway::files {

/// Give a Content-Disposition value that makes a browser save the file (RFC 6266, RFC 8187).
std::string attachment_name(std::string_view name);

}  // namespace slipway::files
