#include "http/server.h"

#include <csignal>

#include "base/log.h"
#include "http/certificate.h"
#include "http/connection.h"

namespace slipway::http {
namespace {

namespace net = boost::asio;
using Acceptor = net::basic_socket_acceptor<net::ip::tcp, Executor>;
using Endpoint = net::ip::tcp::endpoint;

constexpr Millis kTick{100};
constexpr Millis kAcceptPause{50};     // after a failed accept, mostly for want of descriptors
constexpr int kMaxRefusedAtOnce = 64;  // beyond max_connections: told so; further ones just closed

void log_failure(std::exception_ptr failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log(Level::error, "a connection ended by an error: {}", error.what());
  } catch (...) {
    log(Level::error, "a connection ended by an error");
  }
}

Task<void> tick(Io* io) {
  while (!io->ended) {
    io->tick.expires_after(kTick);
    SystemError error;
    co_await io->tick.async_wait(net::redirect_error(kAwait, error));
    const auto now = Clock::now();
    for (auto* connection : io->connections) connection->expire(now);
  }
}

class RunningServer : public Server {
 public:
  RunningServer(ServerOptions options, Handler handler)
      : shared_(std::move(options), std::move(handler)) {
    for (int i = 0; i < std::max(1, shared_.options.n_io_threads); ++i) {
      ios_.push_back(std::make_unique<Io>());
    }
    acceptor_.emplace(ios_.front()->context);
  }
  ~RunningServer() override { stop(0); }

  Result<void> listen();
  void run();

  uint16_t port() const override { return port_; }
  int n_connections() const override {
    const std::scoped_lock lock(shared_.mutex);
    return shared_.n_connections;
  }
  int stop(int grace_ms) override;

 private:
  Task<void> accept();
  void close_acceptor();
  void welcome(Io& io, Socket socket);
  template <typename Use>
  void for_all_connections(Use use);

  Shared shared_;
  std::vector<std::unique_ptr<Io>> ios_;
  std::optional<Acceptor> acceptor_;
  std::unique_ptr<Certificate> certificate_;  // null: plain HTTP
  uint16_t port_ = 0;
  bool stopped_ = false;
  bool accepting_ = false;  // under shared_.mutex
};

// "localhost" may name several addresses: IPv4 is taken first, as most clients do.
Result<Endpoint> resolve(net::io_context& context, const ServerOptions& options) {
  std::string host = options.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  net::ip::tcp::resolver resolver(context);
  SystemError error;
  const auto found =
      resolver.resolve(host, std::to_string(options.port), net::ip::tcp::resolver::passive, error);
  if (error || found.empty()) {
    return fail(Code::invalid_parameter_value, "the host '{}' is no address of this machine: {}",
                options.host, error.message());
  }
  for (const auto& entry : found) {
    if (entry.endpoint().address().is_v4()) return entry.endpoint();
  }
  return found.begin()->endpoint();
}

Error bind_error(const ServerOptions& options, const SystemError& error) {
  if (error == net::error::address_in_use) {
    return fail(Code::resource_conflict,
                "{}:{} is in use by another program; choose another port with --port", options.host,
                options.port);
  }
  if (error == net::error::access_denied) {
    return fail(Code::permission_denied,
                "port {} needs more rights than this program has; choose one from 1024 with --port",
                options.port);
  }
  return fail(Code::invalid_parameter_value, "cannot listen on {}:{}: {}", options.host,
              options.port, error.message());
}

Result<void> RunningServer::listen() {
  if (!shared_.options.certificate_file.empty()) {
    certificate_ =
        TRY(Certificate::load(shared_.options.certificate_file, shared_.options.key_file));
  }
  const auto endpoint = TRY(resolve(ios_.front()->context, shared_.options));
  SystemError error;
  acceptor_->open(endpoint.protocol(), error);
  if (!error) acceptor_->set_option(Acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) {
    acceptor_->set_option(net::ip::v6_only(false), error);
  }
  if (!error) acceptor_->bind(endpoint, error);
  if (!error) acceptor_->listen(Acceptor::max_listen_connections, error);
  if (error) return bind_error(shared_.options, error);
  port_ = acceptor_->local_endpoint(error).port();
  return {};
}

void RunningServer::run() {
  accepting_ = true;
  net::co_spawn(ios_.front()->context, accept(), log_failure);
  for (auto& io : ios_) {
    net::co_spawn(io->context, tick(io.get()), log_failure);
    io->thread = std::thread([context = &io->context] {
      sigset_t pipe;  // sendfile to a closed connection raises it, and has no flag against that
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      context->run();
    });
  }
}

Task<void> RunningServer::accept() {
  Timer pause(ios_.front()->context);
  for (size_t i = 0; acceptor_->is_open(); i = (i + 1) % ios_.size()) {
    Io& io = *ios_[i];
    Socket socket(io.context);
    SystemError error;
    co_await acceptor_->async_accept(socket, net::redirect_error(kAwait, error));
    if (!error) {
      welcome(io, std::move(socket));
    } else if (acceptor_->is_open()) {
      log(Level::warning, "cannot accept a connection: {}", error.message());
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(net::redirect_error(kAwait, error));
    }
  }
}

void RunningServer::welcome(Io& io, Socket socket) {
  auto how = Connection::Welcome::yes;
  {
    const std::scoped_lock lock(shared_.mutex);
    const int max = shared_.options.max_connections;
    if (shared_.n_connections >= max + kMaxRefusedAtOnce) return;
    if (shared_.n_connections >= max) how = Connection::Welcome::too_many;
    ++shared_.n_connections;
  }
  auto connection = std::make_unique<Connection>(shared_, io, std::move(socket), how,
                                                 certificate_ ? certificate_->current() : nullptr);
  net::co_spawn(io.context, Connection::run(std::move(connection)), log_failure);
}

template <typename Use>
void RunningServer::for_all_connections(Use use) {
  for (auto& io : ios_) {
    net::post(io->context, [io = io.get(), use] {
      for (auto* connection : io->connections) use(*connection);
    });
  }
}

// Those that the kernel has accepted already are taken first: a close would reset them.
void RunningServer::close_acceptor() {
  SystemError error;
  acceptor_->cancel(error);
  acceptor_->non_blocking(true, error);
  while (!error) {
    Io& io = *ios_.front();
    Socket socket(io.context);
    acceptor_->accept(socket, error);
    if (!error) welcome(io, std::move(socket));
  }
  acceptor_->close(error);
  const std::scoped_lock lock(shared_.mutex);
  accepting_ = false;
  shared_.ended.notify_all();
}

int RunningServer::stop(int grace_ms) {
  if (std::exchange(stopped_, true)) return 0;
  int n_cut = 0;
  shared_.stopping = true;
  net::post(ios_.front()->context, [this] { close_acceptor(); });
  for_all_connections([](Connection& connection) { connection.drain(); });
  {
    std::unique_lock lock(shared_.mutex);
    const auto all_gone = [this] { return !accepting_ && shared_.n_connections == 0; };
    if (!shared_.ended.wait_for(lock, Millis(grace_ms), all_gone)) {
      n_cut = shared_.n_connections;
      lock.unlock();
      for_all_connections([](Connection& connection) { connection.close(); });
      lock.lock();
      shared_.ended.wait(lock, all_gone);  // for handlers that still run
    }
  }
  shared_.workers.join();
  for (auto& io : ios_) {
    net::post(io->context, [io = io.get()] {
      io->ended = true;
      io->tick.cancel();
    });
    if (io->thread.joinable()) io->thread.join();
  }
  return n_cut;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
  auto server = std::make_unique<RunningServer>(std::move(options), std::move(handler));
  TRY(server->listen());
  server->run();
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace slipway::http
