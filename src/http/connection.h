// http/connection.h — one client's connection to the server: requests in, answers out, in turn.
#pragma once
#if defined(__SANITIZE_THREAD__)
#define BOOST_ASIO_DISABLE_FENCED_BLOCK  // g++ refuses fences there; Asio's locks do without
#endif
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"
#include "http/spool.h"
#include "http/wire.h"

namespace slipway::http {

using SystemError = boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

// Everything of a connection happens on one context with one thread: its concrete executor spares
// the type-erased calls, and no strands are needed.
using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;
template <typename T>
using Task = boost::asio::awaitable<T, Executor>;
constexpr boost::asio::use_awaitable_t<Executor> kAwait{};

class Connection;

/// One thread and all that happens on it.
struct Io {
  std::set<Connection*> connections;
  std::vector<char> scratch = std::vector<char>(64 * 1024);  // where bodies are parsed to
  int64_t date_second = 0;
  std::string date;
  boost::asio::io_context context{1};
  Timer tick{context};
  bool ended = false;
  std::thread thread;
};

/// What the connections of all threads have in common.
struct Shared {
  ServerOptions options;
  Handler handler;
  boost::asio::thread_pool workers;
  std::atomic<bool> stopping = false;
  mutable std::mutex mutex;
  std::condition_variable ended;
  int n_connections = 0;  // under mutex

  Shared(ServerOptions o, Handler h)
      : options(std::move(o)),
        handler(std::move(h)),
        workers(static_cast<size_t>(options.n_workers)) {}
};

/// One client's connection; all members are called on its Io's thread.
class Connection {
 public:
  enum class Welcome { yes, too_many };

  /// The caller has counted it in Shared::n_connections. `tls` is null for plain HTTP.
  Connection(Shared& shared, Io& io, Socket socket, Welcome welcome,
             std::shared_ptr<boost::asio::ssl::context> tls);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Serve requests until either side has enough.
  static Task<void> run(std::unique_ptr<Connection> self);

  // None of these three ends the connection before it returns; the coroutine does, later.

  /// Called now and then: wakes the coroutine from a read or write that took too long.
  void expire(Clock::time_point now);
  /// The server stops: a connection without a request ends unless one comes at once, others end
  /// after their answer.
  void drain();
  /// End whatever it does, except a handler that runs.
  void close();

 private:
  enum class Phase { idle, reading, answering, writing, closing };
  enum class Outcome { whole, gone, refused };
  struct Parsed {
    uint64_t n_bytes = 0;  // of the body
    bool wants_input = false;
  };

  void prepare();
  Task<Outcome> shake_hands();
  void enter(Phase phase, Millis at_most);
  Outcome refuse(const Error& error, int status = 0);
  Outcome nothing_read();
  Task<size_t> read_some(size_t at_most);
  Task<bool> exchange();
  Task<Outcome> read_head();
  void skip_line_ends();
  Outcome refuse_head(const SystemError& error);
  Outcome take_head();
  Outcome take_rule();
  Outcome refuse_body(uint64_t n_bytes);
  bool is_large() const;
  Task<Outcome> ask_before_body();
  Task<Outcome> read_body();
  Result<Parsed> parse_body();
  Task<Outcome> spool_body();
  Task<Outcome> end_body();
  bool wants_continue() const;
  Task<bool> write_out(std::string_view body);
  Task<bool> write(KeepAlive keep_alive);
  int open_file();
  Task<bool> write_file_body(int fd);
  Task<bool> write_pieces(int fd);
  Task<void> write_refusal();
  Task<void> drop_input();
  std::string_view date();

  Shared& shared_;
  Io& io_;
  Socket socket_;
  const std::shared_ptr<boost::asio::ssl::context> tls_context_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;  // from the handshake on
  const Welcome welcome_;
  Phase phase_ = Phase::idle;
  bool expired_ = false;
  Clock::time_point deadline_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::buffer_body>> parser_;
  std::string peer_;
  BodyRule rule_;
  Request request_;
  std::optional<Spool> spool_;
  Response response_;
  std::string out_;
};

}  // namespace slipway::http
