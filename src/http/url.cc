#include "base/text.h"
#include "http/client.h"

namespace slipway::http {

Result<Url> parse_url(std::string_view text) {
  const auto wrong = [text](std::string_view why) {
    return fail(Code::invalid_parameter_value,
                "'{}' is no server address ({}); expected one such as http://127.0.0.1:5000", text,
                why);
  };
  Url url;
  const auto scheme_end = text.find("://");
  if (scheme_end == text.npos) return wrong("no http:// or https:// in front");
  url.scheme = lower(text.substr(0, scheme_end));
  if (url.scheme != "http" && url.scheme != "https") return wrong("neither http nor https");
  auto rest = text.substr(scheme_end + 3);
  if (rest.find_first_of("?# \t\r\n\\") != rest.npos) return wrong("a character it cannot have");
  const auto path_start = std::min(rest.find('/'), rest.size());
  url.path = std::string(rest.substr(path_start));
  while (url.path.ends_with('/')) url.path.pop_back();
  rest = rest.substr(0, path_start);
  if (rest.find('@') != rest.npos) return wrong("a user name; use a token");
  const auto bracket = rest.rfind(']');
  const auto colon = rest.rfind(':');
  url.port = url.scheme == "https" ? 443 : 80;
  if (colon != rest.npos && (bracket == rest.npos || colon > bracket)) {
    const auto port = to_integer(rest.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return wrong("the port is not 1 to 65535");
    url.port = static_cast<uint16_t>(*port);
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty()) return wrong("no host");
  url.host = std::string(rest);
  return url;
}

}  // namespace slipway::http
