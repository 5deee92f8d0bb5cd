// http/client.h — sends requests over kept-alive connections to one server.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/message.h"

namespace slipway::http {

/// An address such as http://127.0.0.1:5000 or http://host/prefix.
struct Url {
  std::string scheme;  // http or https
  std::string host;
  uint16_t port = 0;
  std::string path;  // prefix, without a final slash
};

/// Errors   invalid_parameter_value: not an http(s) URL; the message names it.
Result<Url> parse_url(std::string_view text);

/// A client of one server. One request at a time; use one client a thread.
class Client {
 public:
  /// Never connects by itself: the first send does.
  /// timeout_ms  the longest wait for the other side to connect, or to take or give any byte.
  /// Errors   not_implemented: an https address.
  static Result<std::unique_ptr<Client>> make(const Url& url, int timeout_ms = 60'000);
  virtual ~Client() = default;

  /// Send `request` (method, path, query, headers, body or body_file) and read the answer whole.
  /// A kept connection that the server had closed is opened anew, once. An answer that comes before
  /// the whole body was sent ends the sending.
  /// Errors   temporarily_unavailable: no connection; deadline_exceeded: no answer in time;
  ///          resource_exhausted: an answer of more than 256 MiB; data_loss: it broke off.
  virtual Result<Response> send(const Request& request) = 0;

  /// As send(), but the body of a 2xx answer goes to the file `to` (written beside it first, then
  /// renamed), and may be of any size.
  /// Errors   also as errno_error for the file.
  virtual Result<Response> download(const Request& request, const std::filesystem::path& to) = 0;
};

}  // namespace slipway::http
