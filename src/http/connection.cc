#include "http/connection.h"

#include <sys/socket.h>

#include "base/log.h"
#include "base/text.h"
#include "http/error_response.h"
#include "http/on_worker.h"

namespace slipway::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;

constexpr size_t kHeadRead = 4096;
constexpr size_t kBodyRead = 64 * 1024;
constexpr size_t kSpoolWrite = 256 * 1024;
constexpr uint64_t kLarge = 1u << 20;  // bodies that are not taken before the handler was asked
constexpr std::ptrdiff_t kMaxFields = 100;
constexpr unsigned char kHandshake = 22;  // the first byte of every TLS connection, RFC 8446 5.1
constexpr uint64_t kSlowestBytesPerSecond = 64 * 1024;
constexpr Millis kLastChance{300};  // for a request that was sent as the server began to stop

// A refusal known from the head alone, before a large body comes.
std::optional<Response> call_refuse(const Handler& handler, Request& head) {
  try {
    return handler.refuse(head);
  } catch (const std::exception& error) {
    log(Level::error, "{} {} failed: {}", head.method, head.path, error.what());
  }
  return error_response(
      fail(Code::internal_error, "the server failed on this request; its log tells why"));
}

Response call_handler(const Handler& handler, Request& request) {
  try {
    return handler.answer(request);
  } catch (const std::exception& error) {
    log(Level::error, "{} {} failed: {}", request.method, request.path, error.what());
  } catch (...) {
    log(Level::error, "{} {} failed", request.method, request.path);
  }
  return error_response(
      fail(Code::internal_error, "the server failed on this request; its log tells why"));
}

}  // namespace

Connection::Connection(Shared& shared, Io& io, Socket socket, Welcome welcome,
                       std::shared_ptr<net::ssl::context> tls)
    : shared_(shared),
      io_(io),
      socket_(std::move(socket)),
      tls_context_(std::move(tls)),
      welcome_(welcome) {
  buffer_.max_size(shared.options.max_header_bytes + kBodyRead);
}

Connection::~Connection() {
  io_.connections.erase(this);
  const std::scoped_lock lock(shared_.mutex);
  --shared_.n_connections;
  shared_.ended.notify_all();
}

Task<void> Connection::run(std::unique_ptr<Connection> self) {
  self->io_.connections.insert(self.get());
  self->prepare();
  auto outcome = Outcome::whole;
  if (self->tls_context_) outcome = co_await self->shake_hands();
  if (outcome == Outcome::refused) {
    co_await self->write_refusal();
  } else if (outcome == Outcome::whole && self->welcome_ == Welcome::too_many) {
    self->refuse(fail(Code::temporarily_unavailable,
                      "the server holds as many connections as it may ({}); try again later",
                      self->shared_.options.max_connections));
    co_await self->write_refusal();
  } else if (outcome == Outcome::whole) {
    bool more = true;
    while (more) more = co_await self->exchange();
  }
  SystemError ignored;
  self->socket_.shutdown(Socket::shutdown_both, ignored);
}

// A client that speaks plain HTTP is told so in plain HTTP.
Task<Connection::Outcome> Connection::shake_hands() {
  enter(Phase::reading, Millis(shared_.options.read_timeout_ms));
  SystemError error;
  co_await socket_.async_wait(Socket::wait_read, net::redirect_error(kAwait, error));
  unsigned char first = 0;
  if (error || expired_ || ::recv(socket_.native_handle(), &first, 1, MSG_PEEK) != 1) {
    co_return Outcome::gone;
  }
  if (first != kHandshake) {
    co_return refuse(
        fail(Code::bad_request, "this server speaks TLS only: use https:// in its address"));
  }
  tls_.emplace(socket_, *tls_context_);
  co_await tls_->async_handshake(net::ssl::stream_base::server, net::redirect_error(kAwait, error));
  if (error) log(Level::debug, "no secure connection with {}: {}", peer_, error.message());
  co_return error || expired_ ? Outcome::gone : Outcome::whole;
}

void Connection::expire(Clock::time_point now) {
  if (phase_ == Phase::answering || now < deadline_) return;
  expired_ = true;
  SystemError ignored;
  socket_.cancel(ignored);
}

void Connection::drain() {
  if (phase_ == Phase::closing) close();
  if (phase_ == Phase::idle) deadline_ = std::min(deadline_, Clock::now() + kLastChance);
}

void Connection::close() {
  expired_ = true;
  SystemError ignored;
  socket_.close(ignored);
}

void Connection::prepare() {
  SystemError ignored;
  socket_.set_option(net::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);  // for sendfile
  peer_ = socket_.remote_endpoint(ignored).address().to_string(ignored);
}

void Connection::enter(Phase phase, Millis at_most) {
  phase_ = phase;
  expired_ = expired_ && !socket_.is_open();
  deadline_ = Clock::now() + at_most;
}

Connection::Outcome Connection::refuse(const Error& error, int status) {
  response_ = error_response(error, status);
  return Outcome::refused;
}

// Why a read gave nothing: the time is over (answered where a request had begun), or it is gone.
Connection::Outcome Connection::nothing_read() {
  if (buffer_.size() == buffer_.max_size()) return refuse_head(beast::http::error::header_limit);
  if (!expired_ || !socket_.is_open() || phase_ != Phase::reading) return Outcome::gone;
  return refuse(fail(Code::deadline_exceeded, "the request did not come whole within {} ms",
                     shared_.options.read_timeout_ms),
                408);
}

// Read what there is, at most `at_most` bytes, behind what the buffer holds. 0: none will come.
Task<size_t> Connection::read_some(size_t at_most) {
  const size_t room = std::min(at_most, buffer_.max_size() - buffer_.size());
  if (expired_ || room == 0) co_return 0;
  SystemError error;
  size_t n = 0;
  if (tls_) {
    n = co_await tls_->async_read_some(buffer_.prepare(room), net::redirect_error(kAwait, error));
  } else {
    n = co_await socket_.async_read_some(buffer_.prepare(room), net::redirect_error(kAwait, error));
  }
  buffer_.commit(n);
  co_return error ? 0 : n;
}

// One request and its answer. Gives whether another may follow.
Task<bool> Connection::exchange() {
  enter(Phase::idle, Millis(shared_.options.idle_timeout_ms));
  if (shared_.stopping) drain();
  request_ = Request{};
  spool_.reset();
  auto outcome = co_await read_head();
  if (outcome == Outcome::whole && is_large()) outcome = co_await ask_before_body();
  if (outcome == Outcome::whole) outcome = co_await read_body();
  if (outcome == Outcome::gone) co_return false;
  if (outcome == Outcome::refused) {
    co_await write_refusal();
    co_return false;
  }
  phase_ = Phase::answering;
  response_ = co_await on_worker(shared_.workers,
                                 [this] { return call_handler(shared_.handler, request_); });
  spool_.reset();
  const bool keep = parser_->keep_alive() && !shared_.stopping && socket_.is_open();
  const bool sent = co_await write(keep ? KeepAlive::yes : KeepAlive::no);
  if (sent && !keep && buffer_.size() > 0) co_await drop_input();
  co_return sent&& keep;
}

Task<Connection::Outcome> Connection::read_head() {
  parser_.emplace();
  parser_->eager(false);
  parser_->header_limit(shared_.options.max_header_bytes);
  parser_->body_limit(boost::none);  // counted by read_body()
  while (!parser_->is_header_done()) {
    if (phase_ == Phase::idle) skip_line_ends();
    if (buffer_.size() > 0) {
      if (phase_ == Phase::idle) enter(Phase::reading, Millis(shared_.options.read_timeout_ms));
      SystemError error;
      buffer_.consume(parser_->put(buffer_.data(), error));
      if (parser_->is_header_done()) break;
      if (error && error != beast::http::error::need_more) co_return refuse_head(error);
    }
    const size_t n_read = co_await read_some(std::max(kHeadRead, buffer_.size()));
    if (n_read == 0) co_return nothing_read();
  }
  co_return take_head();
}

// RFC 9112 section 2.2: empty lines before a request are to be ignored.
void Connection::skip_line_ends() {
  while (buffer_.size() > 0) {
    const char first = *static_cast<const char*>(buffer_.data().data());
    if (first != '\r' && first != '\n') return;
    buffer_.consume(1);
  }
}

Connection::Outcome Connection::refuse_head(const SystemError& error) {
  if (error == beast::http::error::header_limit) {
    return refuse(
        fail(Code::request_too_large, "the request's head is larger than the {} bytes allowed",
             shared_.options.max_header_bytes),
        431);
  }
  return refuse(fail(Code::bad_request, "not a valid HTTP request: {}", error.message()));
}

Connection::Outcome Connection::take_head() {
  const auto& head = parser_->get();
  const auto n_fields = std::distance(head.begin(), head.end());
  if (n_fields > kMaxFields) {
    return refuse(fail(Code::request_too_large,
                       "the request has {} header fields; at most {} are "
                       "allowed",
                       n_fields, kMaxFields),
                  431);
  }
  request_.method = std::string(head.method_string());
  request_.peer = peer_;
  for (const auto& field : head) {
    request_.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  std::string_view target(head.target().data(), head.target().size());
  if (target.starts_with("http://")) {  // the absolute form, as sent to proxies
    target.remove_prefix(std::min(target.find('/', 7), target.size()));
    if (target.empty()) target = "/";
  }
  const auto cut = std::min(target.find('?'), target.size());
  request_.path = std::string(target.substr(0, cut));
  request_.query = std::string(target.substr(std::min(cut + 1, target.size())));
  if (!target.starts_with('/') && !(target == "*" && request_.method == "OPTIONS")) {
    return refuse(fail(Code::bad_request, "the target '{}' is no path", target));
  }
  if (head.version() >= 11 && !request_.headers.find("Host")) {
    return refuse(fail(Code::bad_request, "the request has no Host field"));
  }
  const auto* encoding = request_.headers.find("Transfer-Encoding");
  if (encoding && (lower(*encoding) != "chunked" || !parser_->chunked())) {
    return refuse(fail(Code::not_implemented,
                       "the transfer encoding '{}' is not known; only 'chunked' is", *encoding));
  }
  return take_rule();
}

Connection::Outcome Connection::take_rule() {
  try {
    rule_ = shared_.handler.body_rule ? shared_.handler.body_rule(request_) : BodyRule{};
  } catch (const std::exception& error) {
    log(Level::error, "{} {} failed: {}", request_.method, request_.path, error.what());
    return refuse(
        fail(Code::internal_error, "the server failed on this request; its log tells why"));
  }
  const auto length = parser_->content_length();
  return length && *length > rule_.max_bytes ? refuse_body(*length) : Outcome::whole;
}

Connection::Outcome Connection::refuse_body(uint64_t n_bytes) {
  return refuse(fail(Code::request_too_large,
                     "the request body of {}{} bytes is over the limit of {} bytes",
                     parser_->chunked() ? "at least " : "", n_bytes, rule_.max_bytes));
}

bool Connection::is_large() const {
  if (!shared_.handler.refuse || parser_->is_done()) return false;
  const auto length = parser_->content_length();
  return rule_.keep == BodyRule::Keep::file || !length || *length > kLarge;
}

Task<Connection::Outcome> Connection::ask_before_body() {
  phase_ = Phase::answering;
  auto refusal = co_await on_worker(shared_.workers,
                                    [this] { return call_refuse(shared_.handler, request_); });
  if (!refusal) {
    enter(Phase::reading, Millis(shared_.options.read_timeout_ms));
    co_return socket_.is_open() ? Outcome::whole : Outcome::gone;
  }
  response_ = *std::move(refusal);
  co_return Outcome::refused;
}

Task<Connection::Outcome> Connection::read_body() {
  if (rule_.keep == BodyRule::Keep::file) {
    auto spool = Spool::create(shared_.options.spool_folder);
    if (!spool.ok()) co_return refuse(spool.error());
    spool_.emplace(std::move(spool).value());
    request_.body_file = spool_->path();
  }
  if (!parser_->is_done() && buffer_.size() == 0 && wants_continue()) {
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    const bool told = co_await write_out({});
    if (!told) co_return Outcome::gone;
  }
  uint64_t n_bytes = 0;
  bool wants_input = buffer_.size() == 0;
  while (!parser_->is_done()) {
    if (wants_input) {
      const size_t n_read = co_await read_some(kBodyRead);
      if (n_read == 0) co_return nothing_read();
    }
    const auto parsed = parse_body();
    if (!parsed.ok()) co_return refuse(parsed.error());
    wants_input = parsed->wants_input || buffer_.size() == 0;
    n_bytes += parsed->n_bytes;
    if (n_bytes > rule_.max_bytes) co_return refuse_body(n_bytes);
    deadline_ += Millis(parsed->n_bytes * 1000 / kSlowestBytesPerSecond);
    if (spool_ && request_.body.size() >= kSpoolWrite) {
      const auto outcome = co_await spool_body();
      if (outcome != Outcome::whole) co_return outcome;
    }
  }
  const auto outcome = co_await end_body();
  co_return outcome;
}

// Move what the buffer holds of the body, at most one piece or chunk of it, to request_.body.
Result<Connection::Parsed> Connection::parse_body() {
  auto& body = parser_->get().body();
  body.data = io_.scratch.data();
  body.size = io_.scratch.size();
  body.more = true;
  SystemError error;
  const size_t n_parsed = parser_->put(buffer_.data(), error);
  buffer_.consume(n_parsed);
  const size_t n_bytes = io_.scratch.size() - body.size;
  request_.body.append(io_.scratch.data(), n_bytes);
  const bool wants_input = error == beast::http::error::need_more || (!error && n_parsed == 0);
  if (error && !wants_input && error != beast::http::error::need_buffer) {
    return fail(Code::bad_request, "not a valid HTTP request: {}", error.message());
  }
  return Parsed{n_bytes, wants_input};
}

// The file is written on a worker: a slow disk must not hold up the other connections.
Task<Connection::Outcome> Connection::spool_body() {
  auto written = co_await on_worker(
      shared_.workers, [this]() -> Result<void> { return spool_->append(request_.body); });
  request_.body.clear();
  if (!written.ok()) co_return refuse(written.error());
  co_return Outcome::whole;
}

Task<Connection::Outcome> Connection::end_body() {
  if (buffer_.capacity() > kBodyRead) buffer_.shrink_to_fit();
  if (!spool_) co_return Outcome::whole;
  if (!request_.body.empty()) {
    const auto outcome = co_await spool_body();
    if (outcome != Outcome::whole) co_return outcome;
  }
  const auto finished = spool_->finish();
  if (!finished.ok()) co_return refuse(finished.error());
  co_return Outcome::whole;
}

bool Connection::wants_continue() const {
  const auto* expect = request_.headers.find("Expect");
  return expect && lower(*expect) == "100-continue" && parser_->get().version() >= 11;
}

}  // namespace slipway::http
