// http/client_socket.h — a connection to a server, plain or under TLS, where every wait has a
// deadline.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "http/client.h"
#include "http/client_tls.h"

namespace slipway::http {

/// Whether to connect to a numeric address.
using Admits = std::function<bool(const std::string& address)>;

/// Blocking for the caller, non-blocking underneath. Closed at the end of its scope.
class ClientSocket {
 public:
  ClientSocket() = default;
  ClientSocket(ClientSocket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), tls_(std::move(other.tls_)) {}
  ClientSocket& operator=(ClientSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(tls_, other.tls_);
    return *this;
  }
  ~ClientSocket();

  /// Try the host's addresses one after the other; under TLS where there are `authorities`.
  /// Errors   temporarily_unavailable: no such host, or nobody listens there; unauthenticated: it
  /// is
  ///          not the host it should be; deadline_exceeded.
  ///          permission_denied: `admits` (where set) wants none of the host's addresses.
  static Result<ClientSocket> connect(const Url& url, const Authorities& authorities,
                                      int timeout_ms, const Admits& admits = {});

  bool is_open() const { return fd_ >= 0; }
  /// Tell whether the other side has closed, or sent something unasked: not fit for a new request.
  bool is_stale() const;

  enum class Sent { all, answered };  // answered: the server spoke before it had everything
  /// Errors   temporarily_unavailable: the connection is lost; deadline_exceeded.
  Result<Sent> send(std::string_view bytes, int timeout_ms);

  /// Read at most `n_bytes`; 0: the other side has closed. Errors as send().
  Result<size_t> receive(char* bytes, size_t n_bytes, int timeout_ms);

 private:
  explicit ClientSocket(int fd) : fd_(fd) {}
  static Result<ClientSocket> connect_plain(const Url& url, int timeout_ms, const Admits& admits);
  Result<void> shake_hands(const Url& url, const Authorities& authorities, int timeout_ms);
  Result<Sent> send_plain(std::string_view bytes, int timeout_ms);
  Result<Sent> send_tls(std::string_view bytes, int timeout_ms);
  Result<size_t> receive_tls(char* bytes, size_t n_bytes, int timeout_ms);
  /// Tell whether the other side has said something (or ended) that was not read yet.
  bool has_spoken() const;

  int fd_ = -1;
  TlsSession tls_;  // null: plain
};

}  // namespace slipway::http
