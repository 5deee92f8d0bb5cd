// http/raw_socket.h — a plain TCP client for tests: bytes out as given, bytes in as they come.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace slipway::http {

/// Connects to 127.0.0.1; for tests only, so failures show as empty answers.
class RawSocket {
 public:
  static constexpr int kQuiet_ms = 10'000;  // much, for the slow builds of the sanitizers

  explicit RawSocket(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;
  ~RawSocket() { ::close(fd_); }

  bool connected() const { return connected_; }

  /// Send all; false where the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  /// Read until the other side closes or nothing came for `quiet_ms`.
  std::string read_all(int quiet_ms = kQuiet_ms) {
    while (fill(quiet_ms)) {
    }
    return std::exchange(pending_, {});
  }

  /// Read one response with a Content-Length (none counts as 0): head and body as they came.
  std::string read_response(bool bodiless = false) {
    size_t head_end = 0;
    while ((head_end = pending_.find("\r\n\r\n")) == pending_.npos) {
      if (!fill(kQuiet_ms)) return std::exchange(pending_, {});
    }
    size_t size = head_end + 4;
    const auto field = pending_.find("Content-Length: ");
    if (!bodiless && field < head_end) size += std::strtoull(&pending_[field + 16], nullptr, 10);
    while (pending_.size() < size && fill(kQuiet_ms)) {
    }
    auto response = pending_.substr(0, size);
    pending_.erase(0, size);
    return response;
  }

  /// Tell whether the other side closes within `at_most_ms`, with nothing more sent.
  bool closes(int at_most_ms) {
    pollfd wait{fd_, POLLIN, 0};
    char byte = 0;
    return ::poll(&wait, 1, at_most_ms) == 1 && ::recv(fd_, &byte, 1, 0) <= 0;
  }

 private:
  bool fill(int quiet_ms) {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, quiet_ms) != 1) return false;
    char bytes[1 << 16];
    const auto n = ::recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    pending_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  int fd_;
  bool connected_ = false;
  std::string pending_;
};

}  // namespace slipway::http
