#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/clock.h"
#include "base/log.h"
#include "http/connection.h"
#include "http/error_response.h"
#include "http/file_piece.h"
#include "http/on_worker.h"

namespace slipway::http {
namespace {

namespace net = boost::asio;

constexpr size_t kBodyRead = 64 * 1024;
constexpr size_t kSendFile = 1 << 20;
constexpr uint64_t kTlsPiece = 256 * 1024;
constexpr uint64_t kRemotePiece = 4u << 20;
constexpr uint64_t kMaxDrained = 64u << 20;  // read and dropped so that a refusal can be read
constexpr Millis kDrainTime{5000};

}  // namespace

// Write out_ and then `body`; each piece that goes renews the deadline.
Task<bool> Connection::write_out(std::string_view body) {
  size_t n_sent = 0;
  while (n_sent < out_.size() + body.size()) {
    if (expired_) co_return false;
    const size_t from_head = std::min(n_sent, out_.size());
    const size_t from_body = n_sent - from_head;
    const std::array<net::const_buffer, 2> rest{
        net::buffer(out_.data() + from_head, out_.size() - from_head),
        net::buffer(body.data() + from_body, body.size() - from_body)};
    SystemError error;
    size_t n = 0;
    if (tls_) {
      n = co_await tls_->async_write_some(rest, net::redirect_error(kAwait, error));
    } else {
      n = co_await socket_.async_write_some(rest, net::redirect_error(kAwait, error));
    }
    n_sent += n;
    if (error) co_return false;
    deadline_ = Clock::now() + Millis(shared_.options.read_timeout_ms);
  }
  co_return true;
}

Task<bool> Connection::write(KeepAlive keep_alive) {
  enter(Phase::writing, Millis(shared_.options.read_timeout_ms));
  const int fd = open_file();
  out_ = head_text(response_, keep_alive, date());
  const bool bodiless =
      request_.method == "HEAD" || response_.status == 204 || response_.status == 304;
  const bool text_only = bodiless || response_.file;
  const std::string_view body = text_only ? std::string_view() : response_.body;
  bool sent = co_await write_out(body);
  if (sent && !bodiless && response_.file) {
    if (tls_ || fd < 0) {
      sent = co_await write_pieces(fd);
    } else {
      sent = co_await write_file_body(fd);
    }
  }
  if (fd >= 0) ::close(fd);
  response_ = Response{};
  co_return sent;
}

// The descriptor of the response's file; where it cannot be opened the response becomes a 500.
int Connection::open_file() {
  if (!response_.file || response_.file->read) return -1;
  const int given = std::exchange(response_.file->fd, -1);
  if (given >= 0) return given;
  const int fd = ::open(response_.file->path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    log(Level::error, "cannot open '{}' to send it", response_.file->path.string());
    response_ = error_response(fail(Code::internal_error, "the file cannot be read"));
  }
  return fd;
}

Task<bool> Connection::write_file_body(int fd) {
  auto offset = static_cast<off_t>(response_.file->offset);
  uint64_t rest = response_.file->size;
  while (rest > 0) {
    if (expired_) co_return false;
    const auto n =
        ::sendfile(socket_.native_handle(), fd, &offset, std::min<uint64_t>(rest, kSendFile));
    if (n == 0) co_return false;  // shorter than promised: the client must see it end early
    if (n < 0 && errno != EAGAIN && errno != EINTR) co_return false;
    if (n > 0) {
      rest -= static_cast<uint64_t>(n);
      deadline_ = Clock::now() + Millis(shared_.options.read_timeout_ms);
    }
    SystemError error;
    co_await socket_.async_wait(Socket::wait_write, net::redirect_error(kAwait, error));
    if (error) co_return false;
  }
  co_return true;
}

// A body that must pass through this program, because of TLS or because it lies elsewhere: a worker
// fetches it piece by piece, a piece at a time in memory.
Task<bool> Connection::write_pieces(int fd) {
  const auto file = *response_.file;
  const auto end = file.offset + file.size;
  std::string piece;
  for (auto offset = file.offset; offset < end; offset += piece.size()) {
    piece.resize(std::min(end - offset, fd < 0 ? kRemotePiece : kTlsPiece));
    phase_ = Phase::answering;  // the store's own time limit holds for this
    const auto n_read = co_await on_worker(shared_.workers, [&] {
      return fd < 0 ? file.read(offset, piece) : read_piece(fd, offset, piece);
    });
    if (!n_read.ok() || *n_read != piece.size()) {
      log(Level::error, "{} {} broke off at byte {}: {}", request_.method, request_.path, offset,
          n_read.ok() ? "the file is shorter than it was" : n_read.error().message);
      co_return false;  // the client must see it end early
    }
    enter(Phase::writing, Millis(shared_.options.read_timeout_ms));
    out_.clear();
    const bool sent = co_await write_out(piece);
    if (!sent) co_return false;
  }
  co_return true;
}

Task<void> Connection::write_refusal() {
  const bool sent = co_await write(KeepAlive::no);
  if (sent) co_await drop_input();
}

// A close with unread input resets the connection, and the client may lose the answer: so end
// our side first and read on for a while.
Task<void> Connection::drop_input() {
  SystemError ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  enter(Phase::closing, kDrainTime);
  uint64_t n_dropped = 0;
  while (n_dropped < kMaxDrained) {
    buffer_.clear();
    const size_t n = co_await read_some(kBodyRead);
    if (n == 0) break;
    n_dropped += n;
  }
}

std::string_view Connection::date() {
  const int64_t second = now_ms() / 1000;
  if (second != io_.date_second) {
    io_.date_second = second;
    io_.date = http_date(second * 1000);
  }
  return io_.date;
}

}  // namespace slipway::http
