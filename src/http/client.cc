#include "http/client.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cerrno>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "http/client_socket.h"
#include "http/spool.h"
#include "http/wire.h"

namespace slipway::http {
namespace {

namespace beast = boost::beast;
using SystemError = boost::system::error_code;
using Parser = beast::http::response_parser<beast::http::buffer_body>;

constexpr size_t kPiece = 64 * 1024;
constexpr uint32_t kMaxHead = 64 * 1024;

class KeptClient : public Client {
 public:
  KeptClient(Url url, int timeout_ms, Authorities authorities, Caution caution)
      : url_(std::move(url)),
        longest_wait_ms_(timeout_ms),
        authorities_(std::move(authorities)),
        caution_(std::move(caution)) {}

  Result<Response> send(const Request& request) override { return exchange(request, nullptr); }
  Result<Response> download(const Request& request, const std::filesystem::path& to) override {
    return exchange(request, &to);
  }

 private:
  using Sent = ClientSocket::Sent;

  Result<Response> exchange(const Request& request, const std::filesystem::path* to);
  Result<Sent> send_whole(const Request& request);
  Result<Sent> send_file(const Descriptor& file, const std::filesystem::path& path, uint64_t size);
  Result<Response> receive(const Request& request, const std::filesystem::path* to);
  Result<void> receive_head(Parser& parser);
  Result<void> receive_body(Parser& parser, Response& response, Spool* spool);
  Result<bool> receive_some();

  const Url url_;
  const int longest_wait_ms_;
  const Authorities authorities_;  // null: plain http
  const Caution caution_;
  Stopwatch watch_;  // of the exchange
  ClientSocket socket_;
  beast::flat_buffer buffer_{kMaxHead + kPiece};
  std::vector<char> piece_ = std::vector<char>(kPiece);
  bool spoken_ = false;  // anything came since the request was sent

  // The next wait; where the exchange's time is over it is none.
  int wait_ms() const {
    if (caution_.max_total_ms == 0) return longest_wait_ms_;
    const int left = caution_.max_total_ms - static_cast<int>(watch_.seconds() * 1000);
    return std::clamp(left, 0, longest_wait_ms_);
  }
};

Result<Response> KeptClient::exchange(const Request& request, const std::filesystem::path* to) {
  watch_ = Stopwatch();
  if (socket_.is_open() && socket_.is_stale()) socket_ = ClientSocket();
  const bool reused = socket_.is_open();
  if (!reused) socket_ = TRY(ClientSocket::connect(url_, authorities_, wait_ms(), caution_.admits));
  buffer_.clear();
  spoken_ = false;
  auto sent = send_whole(request);
  auto response = sent.ok() ? receive(request, to) : Result<Response>(sent.error());
  const bool whole = sent.ok() && *sent == Sent::all;
  if (!response.ok() || !whole) socket_ = ClientSocket();
  const bool asks_only = request.method == "GET" || request.method == "HEAD";
  const bool closed_meanwhile =
      !response.ok() && reused && !spoken_ && response.error().code != Code::deadline_exceeded;
  if (closed_meanwhile && asks_only) return exchange(request, to);  // now on a new connection
  return response;
}

Result<ClientSocket::Sent> KeptClient::send_whole(const Request& request) {
  if (!request.body_file) {
    auto text = request_head_text(request, url_, request.body.size());
    const bool small = request.body.size() <= kPiece;
    if (small) text += request.body;  // in one packet
    const auto sent = TRY(socket_.send(text, wait_ms()));
    if (small || sent == Sent::answered) return sent;
    return socket_.send(request.body, wait_ms());
  }
  const Descriptor file(::open(request.body_file->c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts{};
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) {
    return errno_error(errno, "read", *request.body_file);
  }
  const auto size = static_cast<uint64_t>(facts.st_size);
  const auto sent = TRY(socket_.send(request_head_text(request, url_, size), wait_ms()));
  if (sent == Sent::answered) return sent;
  return send_file(file, *request.body_file, size);
}

Result<ClientSocket::Sent> KeptClient::send_file(const Descriptor& file,
                                                 const std::filesystem::path& path, uint64_t size) {
  while (size > 0) {
    const auto n = ::read(file.get(), piece_.data(), std::min<uint64_t>(size, piece_.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "read", path);
    if (n == 0) {
      return fail(Code::data_loss, "'{}' became shorter while it was sent", path.string());
    }
    const std::string_view bytes(piece_.data(), static_cast<size_t>(n));
    const auto sent = TRY(socket_.send(bytes, wait_ms()));
    if (sent == Sent::answered) return sent;
    size -= bytes.size();
  }
  return Sent::all;
}

// false: the other side has closed.
Result<bool> KeptClient::receive_some() {
  const size_t room = std::min(kPiece, buffer_.max_size() - buffer_.size());
  const auto space = buffer_.prepare(room);
  const size_t n = TRY(socket_.receive(static_cast<char*>(space.data()), room, wait_ms()));
  buffer_.commit(n);
  spoken_ = spoken_ || n > 0;
  return n > 0;
}

Error no_answer(const SystemError& error) {
  return fail(Code::internal_error, "the server's answer is not valid HTTP: {}", error.message());
}

Result<void> KeptClient::receive_head(Parser& parser) {
  while (!parser.is_header_done()) {
    SystemError error;
    if (buffer_.size() > 0) buffer_.consume(parser.put(buffer_.data(), error));
    if (error && error != beast::http::error::need_more) return no_answer(error);
    if (parser.is_header_done()) break;
    const bool more = TRY(receive_some());
    if (!more) {
      return fail(Code::temporarily_unavailable, "the server closed the connection unanswered");
    }
  }
  return {};
}

Result<Response> KeptClient::receive(const Request& request, const std::filesystem::path* to) {
  std::optional<Parser> parser;
  do {  // an answer of 1xx is followed by the real one
    parser.emplace();
    parser->eager(false);
    parser->header_limit(kMaxHead);
    parser->body_limit(boost::none);
    parser->skip(request.method == "HEAD");
    TRY(receive_head(*parser));
  } while (parser->get().result_int() / 100 == 1);
  Response response;
  response.status = static_cast<int>(parser->get().result_int());
  for (const auto& field : parser->get()) {
    response.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  std::optional<Spool> spool;
  if (to && response.status / 100 == 2) {
    auto created = TRY(Spool::create(to->has_parent_path() ? to->parent_path() : "."));
    spool.emplace(std::move(created));
  }
  TRY(receive_body(*parser, response, spool ? &*spool : nullptr));
  if (!parser->keep_alive()) socket_ = ClientSocket();
  if (spool) {
    TRY(spool->finish());
    if (::rename(spool->path().c_str(), to->c_str()) != 0) return errno_error(errno, "write", *to);
  }
  return response;
}

Result<void> KeptClient::receive_body(Parser& parser, Response& response, Spool* spool) {
  bool wants_input = buffer_.size() == 0;
  while (!parser.is_done()) {
    if (wants_input) {
      const bool more = TRY(receive_some());
      if (!more) {
        SystemError error;
        parser.put_eof(error);  // the end of a body without a length
        if (error) return fail(Code::data_loss, "the server's answer broke off");
        break;
      }
    }
    auto& body = parser.get().body();
    body.data = piece_.data();
    body.size = piece_.size();
    body.more = true;
    SystemError error;
    const size_t n_parsed = parser.put(buffer_.data(), error);
    buffer_.consume(n_parsed);
    const std::string_view bytes(piece_.data(), piece_.size() - body.size);
    wants_input = error == beast::http::error::need_more || buffer_.size() == 0;
    if (error && !wants_input && error != beast::http::error::need_buffer) return no_answer(error);
    if (spool) {
      TRY(spool->append(bytes));
      continue;
    }
    response.body += bytes;
    if (response.body.size() > caution_.max_answer_bytes) {
      return fail(Code::resource_exhausted, "the server's answer is over {} bytes",
                  caution_.max_answer_bytes);
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Client>> Client::make(const Url& url, int timeout_ms, const Trust& trust,
                                             Caution caution) {
  Authorities authorities;
  if (url.scheme == "https") authorities = TRY(load_authorities(trust));
  return std::unique_ptr<Client>(
      std::make_unique<KeptClient>(url, timeout_ms, std::move(authorities), std::move(caution)));
}

}  // namespace slipway::http
