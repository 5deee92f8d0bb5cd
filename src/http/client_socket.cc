#include "http/client_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "http/tls_error.h"

namespace slipway::http {
namespace {

Error lost(int reason) {
  return fail(Code::temporarily_unavailable, "the connection to the server is lost: {}",
              std::strerror(reason));
}

Error lost_tls() {
  return fail(Code::temporarily_unavailable, "the secure connection to the server is lost: {}",
              tls_failure());
}

// Wait for one of `events`; gives those that came.
Result<short> wait(int fd, short events, int timeout_ms) {
  pollfd entry{fd, events, 0};
  int n = 0;
  do {
    n = ::poll(&entry, 1, timeout_ms);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return lost(errno);
  if (n == 0) {
    return fail(Code::deadline_exceeded, "the server did not answer within {} ms", timeout_ms);
  }
  return entry.revents;
}

std::string numeric(const addrinfo& address) {
  char text[NI_MAXHOST];
  const int problem = ::getnameinfo(address.ai_addr, address.ai_addrlen, text, sizeof text, nullptr,
                                    0, NI_NUMERICHOST);
  return problem == 0 ? text : "";
}

// 0, or errno.
int connect_to(int fd, const addrinfo& address, int timeout_ms) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  const auto ready = wait(fd, POLLOUT, timeout_ms);
  if (!ready.ok()) return ready.error().code == Code::deadline_exceeded ? ETIMEDOUT : EIO;
  int reason = 0;
  socklen_t size = sizeof reason;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size);
  return reason;
}

}  // namespace

ClientSocket::~ClientSocket() {
  if (tls_ && SSL_is_init_finished(tls_.get())) SSL_shutdown(tls_.get());
  tls_.reset();
  if (fd_ >= 0) ::close(fd_);
}

Result<ClientSocket> ClientSocket::connect(const Url& url, const Authorities& authorities,
                                           int timeout_ms, const Admits& admits) {
  auto socket = TRY(connect_plain(url, timeout_ms, admits));
  if (authorities) {
    TRY(socket.shake_hands(url, authorities, timeout_ms));
  }
  return socket;
}

Result<void> ClientSocket::shake_hands(const Url& url, const Authorities& authorities,
                                       int timeout_ms) {
  tls_ = TRY(begin_tls(authorities, url.host, fd_));
  while (true) {
    ERR_clear_error();
    const int outcome = SSL_connect(tls_.get());
    if (outcome == 1) return {};
    const int kind = SSL_get_error(tls_.get(), outcome);
    if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) {
      return fail(Code::unauthenticated, "no secure connection to {}://{}:{}: {}", url.scheme,
                  url.host, url.port, handshake_failure(tls_));
    }
    TRY(wait(fd_, kind == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, timeout_ms));
  }
}

Result<ClientSocket> ClientSocket::connect_plain(const Url& url, int timeout_ms,
                                                 const Admits& admits) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto port = std::to_string(url.port);
  const int problem = ::getaddrinfo(url.host.c_str(), port.c_str(), &hints, &found);
  if (problem != 0) {
    return fail(Code::temporarily_unavailable, "cannot find the host '{}': {}", url.host,
                ::gai_strerror(problem));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  int reason = ECONNREFUSED;
  std::string refused;
  for (const auto* address = found; address; address = address->ai_next) {
    if (admits) {
      const auto text = numeric(*address);
      if (!admits(text)) {
        refused = text;
        continue;
      }
    }
    ClientSocket socket(
        ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) {
      reason = errno;
      continue;
    }
    reason = connect_to(socket.fd_, *address, timeout_ms);
    if (reason != 0) continue;
    const int on = 1;
    ::setsockopt(socket.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
  }
  if (!refused.empty() && reason == ECONNREFUSED) {
    return fail(Code::permission_denied, "'{}' has the address {}, which is not allowed here",
                url.host, refused);
  }
  return fail(reason == ETIMEDOUT ? Code::deadline_exceeded : Code::temporarily_unavailable,
              "cannot connect to {}://{}:{}: {}", url.scheme, url.host, url.port,
              std::strerror(reason));
}

bool ClientSocket::is_stale() const {
  pollfd entry{fd_, POLLIN, 0};
  if (::poll(&entry, 1, 0) == 0) return tls_ && SSL_pending(tls_.get()) > 0;
  return has_spoken();
}

bool ClientSocket::has_spoken() const {
  if (!tls_) return true;
  char byte = 0;
  ERR_clear_error();
  const int outcome = SSL_peek(tls_.get(), &byte, 1);  // takes in what is TLS's own, tickets say
  return outcome > 0 || SSL_get_error(tls_.get(), outcome) != SSL_ERROR_WANT_READ;
}

Result<ClientSocket::Sent> ClientSocket::send(std::string_view bytes, int timeout_ms) {
  return tls_ ? send_tls(bytes, timeout_ms) : send_plain(bytes, timeout_ms);
}

Result<ClientSocket::Sent> ClientSocket::send_tls(std::string_view bytes, int timeout_ms) {
  while (!bytes.empty()) {
    ERR_clear_error();
    size_t n = 0;
    const int outcome = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &n);
    if (outcome == 1) {
      bytes.remove_prefix(n);
      continue;
    }
    const int kind = SSL_get_error(tls_.get(), outcome);
    const bool closed = kind == SSL_ERROR_SYSCALL && (errno == EPIPE || errno == ECONNRESET);
    if (closed || kind == SSL_ERROR_ZERO_RETURN) return Sent::answered;
    if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) return lost_tls();
    const short events = kind == SSL_ERROR_WANT_WRITE ? POLLIN | POLLOUT : POLLIN;
    const auto ready = TRY(wait(fd_, events, timeout_ms));
    if ((ready & POLLIN) && has_spoken()) return Sent::answered;
  }
  return Sent::all;
}

Result<size_t> ClientSocket::receive_tls(char* bytes, size_t n_bytes, int timeout_ms) {
  while (true) {
    ERR_clear_error();
    size_t n = 0;
    const int outcome = SSL_read_ex(tls_.get(), bytes, n_bytes, &n);
    if (outcome == 1) return n;
    const int kind = SSL_get_error(tls_.get(), outcome);
    if (kind == SSL_ERROR_ZERO_RETURN) return size_t{0};
    // an end without a farewell may be someone's who cuts the answer short
    if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) return lost_tls();
    TRY(wait(fd_, kind == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, timeout_ms));
  }
}

Result<ClientSocket::Sent> ClientSocket::send_plain(std::string_view bytes, int timeout_ms) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    // what the server said before it closed may still lie in our buffer
    if (errno == EPIPE || errno == ECONNRESET) return Sent::answered;
    if (errno != EAGAIN) return lost(errno);
    const auto ready = TRY(wait(fd_, POLLIN | POLLOUT, timeout_ms));
    if (ready & POLLIN) return Sent::answered;
  }
  return Sent::all;
}

Result<size_t> ClientSocket::receive(char* bytes, size_t n_bytes, int timeout_ms) {
  if (tls_) return receive_tls(bytes, n_bytes, timeout_ms);
  while (true) {
    const auto n = ::recv(fd_, bytes, n_bytes, 0);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return lost(errno);
    TRY(wait(fd_, POLLIN, timeout_ms));
  }
}

}  // namespace slipway::http
