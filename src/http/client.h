// http/client.h — sends requests over kept-alive connections to one server.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
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

/// Whom a client believes when an https server says who it is.
struct Trust {
  enum class Check { certificate, nothing };
  Check check = Check::certificate;   // nothing: anyone can stand in between; for tests only
  std::filesystem::path authorities;  // a PEM file, or a folder as c_rehash makes it; empty: this
                                      // machine's own
};

/// What a client keeps to with a server that it does not know.
struct Caution {
  /// Whether to connect to a numeric address; asked for each that the host's name gives, right
  /// before the connection to it is made. None: all are fine.
  std::function<bool(const std::string& address)> admits;
  uint64_t max_answer_bytes = 256u << 20;
  int max_total_ms = 0;  // for a whole exchange; 0: no bound
};

/// Errors   invalid_parameter_value: not an http(s) URL; the message names it.
Result<Url> parse_url(std::string_view text);

/// A client of one server. One request at a time; use one client a thread.
class Client {
 public:
  /// Never connects by itself: the first send does.
  /// timeout_ms  the longest wait for the other side to connect, or to take or give any byte.
  /// trust       for https: the server's certificate must be signed by one of these authorities and
  ///             be for the URL's host.
  /// Errors   invalid_parameter_value: no certificate can be read where `trust` says.
  static Result<std::unique_ptr<Client>> make(const Url& url, int timeout_ms = 60'000,
                                              const Trust& trust = {}, Caution caution = {});
  virtual ~Client() = default;

  /// Send `request` (method, path, query, headers, body or body_file) and read the answer whole.
  /// A kept connection that the server had closed is opened anew, once. An answer that comes before
  /// the whole body was sent ends the sending.
  /// Errors   temporarily_unavailable: no connection; unauthenticated: an https server is not who
  /// it
  ///          should be, or speaks no TLS 1.2; deadline_exceeded: no answer in time;
  ///          resource_exhausted: an answer that is too large (256 MiB); data_loss: it broke off;
  ///          permission_denied: `caution` admits none of the host's addresses.
  virtual Result<Response> send(const Request& request) = 0;

  /// As send(), but the body of a 2xx answer goes to the file `to` (written beside it first, then
  /// renamed), and may be of any size.
  /// Errors   also as errno_error for the file.
  virtual Result<Response> download(const Request& request, const std::filesystem::path& to) = 0;
};

}  // namespace slipway::http
