#include "api/server.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "api/webhook_sender.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "cli/worker_flags.h"
#include "files/open_artifacts.h"
#include "http/server.h"
#include "process/signals.h"
#include "process/systemd.h"
#include "serve/endpoints.h"
#include "serve/grpc_server.h"
#include "serve/payload_log.h"
#include "serve/standalone.h"
#include "serve/worker_model.h"
#include "store/users.h"

namespace slipway::cli {
namespace {

constexpr int kRegistryPoll_ms = 100;

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string address(const http::ServerOptions& listen, uint16_t port) {
  const auto& host = listen.host;
  const bool v6 = host.find(':') != host.npos;
  const bool tls = !listen.certificate_file.empty();
  return fmt::format("{}://{}{}{}:{}", tls ? "https" : "http", v6 ? "[" : "", host, v6 ? "]" : "",
                     port);
}

// How a server ends: what is asked for is told at /health for a while, then new connections are
// refused, and what is under way is answered.
struct DrainFlags {
  int64_t delay_s = 0;
  int64_t timeout_s = 30;

  void declare(Flags& flags) {
    flags.integer(delay_s, "--drain-delay",
                  "Seconds after SIGTERM in which /health says 503 and requests are still taken", 0,
                  3600);
    flags.integer(timeout_s, "--drain-timeout", "Seconds that running requests then have", 0, 3600);
  }
};

void tell(std::string_view state) {
  const auto told = process::tell_systemd(state);
  if (!told.ok()) log(Level::warning, "{}", told.error().message);
}

// Say where it listens, wait for Ctrl-C or SIGTERM, and answer what is under way.
int run_until_interrupted(http::Server& server, const http::ServerOptions& listen,
                          const DrainFlags& drain, api::Monitor* monitor) {
  print_line("Listening on " + address(listen, server.port()));
  tell("READY=1");
  process::wait_for_interrupt(-1);
  tell("STOPPING=1");
  log(Level::info, "stopping: {} s until connections are refused, then {} s for what is under way",
      drain.delay_s, drain.timeout_s);
  if (monitor) monitor->draining = true;
  if (drain.delay_s > 0) std::this_thread::sleep_for(std::chrono::seconds(drain.delay_s));
  const int n_cut = server.stop(static_cast<int>(drain.timeout_s * 1000));
  if (n_cut > 0) log(Level::warning, "{} connections were cut at the end of that time", n_cut);
  log(Level::info, "stopped");
  return 0;
}

// A server that anyone may use is for this machine alone.
Result<void> check_exposure(store::Store& store, const std::string& host,
                            const std::string& data_dir) {
  if (is_loopback(host)) return {};
  const auto state = TRY(store.read([](db::Connection& c) { return store::access_state(c); }));
  if (state.has_users) return {};
  return fail(Code::invalid_parameter_value,
              "--host {} can be reached from other machines, and this server has no users yet: "
              "anyone could do anything. Make the first admin with `slipway users create NAME "
              "--admin --data-dir {}` (see docs/access.md), or leave --host out",
              host, data_dir);
}

store::Permission permission_of(std::string_view flag) {
  if (flag == "read") return store::Permission::read;
  if (flag == "use") return store::Permission::use;
  if (flag == "edit") return store::Permission::edit;
  return flag == "manage" ? store::Permission::manage : store::Permission::none;
}

// Where the certificate is; both files or none.
struct TlsFlags {
  std::string certificate;
  std::string key;

  void declare(Flags& flags) {
    flags.text(certificate, "--tls-cert", "Speak https: PEM file of the certificate and its chain");
    flags.text(key, "--tls-key", "PEM file of the certificate's key");
  }

  Result<void> put_into(http::ServerOptions& listen) const {
    if (certificate.empty() != key.empty()) {
      return fail(Code::invalid_parameter_value, "https needs both --tls-cert and --tls-key");
    }
    listen.certificate_file = certificate;
    listen.key_file = key;
    return {};
  }
};

// How many requests a served version answers at once where its endpoint does not say.
struct LimitFlags {
  int64_t max_concurrency = 0;
  int64_t max_queue = 8;
  int64_t queue_timeout_ms = 1000;

  void declare(Flags& flags) {
    flags.integer(max_concurrency, "--max-concurrency",
                  "Scoring requests at once of one version; 0: as many as there are workers", 0,
                  4096);
    flags.integer(max_queue, "--max-queue",
                  "Scoring requests that may wait for their turn; beyond that is a 429", 0, 4096);
    flags.integer(queue_timeout_ms, "--queue-timeout-ms", "How long they may wait", 0, 60'000);
  }
  serve::Gate::Limits limits() const { return {max_concurrency, max_queue, queue_timeout_ms}; }
};

// Requests and answers of served models, kept as Parquet.
struct PayloadFlags {
  std::string folder;
  std::vector<std::string> models;

  void declare(Flags& flags) {
    flags.text(
        folder, "--payload-log",
        "Folder where requests to served models and their answers are kept, as Parquet by day");
    flags.many(models, "--payload-models", "Models of which they are kept; default: all");
  }
  Result<std::unique_ptr<serve::PayloadLog>> open() const {
    if (!folder.empty()) return serve::PayloadLog::open({folder, models});
    if (models.empty()) return std::unique_ptr<serve::PayloadLog>();
    return fail(Code::invalid_parameter_value, "--payload-models needs --payload-log FOLDER");
  }
};

// The Open Inference Protocol over gRPC, where it is asked for.
struct GrpcFlags {
  int64_t port = -1;

  void declare(Flags& flags) {
    flags.integer(port, "--grpc-port",
                  "Port for the Open Inference Protocol over gRPC; 0 takes a free one; -1: none",
                  -1, 65535);
  }

  // Null where it is not asked for.
  Result<std::unique_ptr<serve::GrpcServer>> start(const http::ServerOptions& listen,
                                                   const http::Handler& handler) const {
    if (port < 0) return std::unique_ptr<serve::GrpcServer>();
    serve::GrpcOptions options;
    options.host = listen.host;
    options.port = static_cast<uint16_t>(port);
    options.n_threads = listen.n_workers;
    auto server =
        TRY(serve::GrpcServer::start(options, listen.certificate_file, listen.key_file, handler));
    print_line(fmt::format("gRPC at {}:{}", listen.host, server->port()));
    return server;
  }
};

struct ServerFlags {
  std::string host = "127.0.0.1";
  int64_t port = 5000;
  std::string data_dir = "slipway-data";
  std::string db = "embedded";
  std::string artifacts;
  std::vector<std::string> allowed_hosts;
  std::string default_permission = "none";
  std::vector<std::string> webhook_allow;
  int64_t n_workers = 16;
  bool verbose = false;
  TlsFlags tls;
  bool access_log = false;
  std::string log_format = "text";
  DrainFlags drain;
  WorkerFlags workers;
  LimitFlags limits;
  GrpcFlags grpc;
  PayloadFlags payloads;

  void declare(Flags& flags) {
    flags.text(host, "--host", "Address to listen on; others than loopback need users");
    flags.integer(port, "-p,--port", "Port; 0 takes a free one", 0, 65535);
    flags.text(data_dir, "--data-dir", "Folder for all that the server keeps");
    flags.text(db, "--db",
               "Database: embedded (in the data folder) or postgresql://user@host/name");
    flags.text(artifacts, "--artifacts",
               "Where artifacts are kept: a folder; default: artifacts in the data folder");
    flags.many(allowed_hosts, "--allowed-hosts", "Names the server may be called by");
    flags.choice(default_permission, "--default-permission",
                 "What users may do with things that no permission is about",
                 {"none", "read", "use", "edit", "manage"});
    flags.many(webhook_allow, "--webhook-allow",
               "Hosts, addresses or networks that webhooks may reach though they are private");
    flags.integer(n_workers, "--workers", "Threads that answer requests", 1, 256);
    tls.declare(flags);
    flags.choice(log_format, "--log-format", "Lines of the log: text or json", {"text", "json"});
    flags.on(access_log, "--access-log", "Log a line for every request");
    flags.on(verbose, "--verbose", "Log more, every request too");
    drain.declare(flags);
    workers.declare_for_server(flags);
    limits.declare(flags);
    grpc.declare(flags);
    payloads.declare(flags);
  }

  void apply_to_log() const {
    if (verbose) set_log_level(Level::debug);
    set_log_format(log_format == "json" ? LogFormat::json : LogFormat::text);
  }
};

}  // namespace

Result<int> server(Invocation& call) {
  ServerFlags options;
  Flags flags(call);
  options.declare(flags);
  TRY(flags.parse());
  options.apply_to_log();
  process::install_interrupt();
  const auto store = TRY(store::Store::open(options.data_dir, options.db));
  TRY(check_exposure(*store, options.host, options.data_dir));
  TRY(store->seal_secrets());
  const auto artifacts = TRY(files::open_artifacts(options.artifacts, options.data_dir));
  serve::Endpoints endpoints(*store, *artifacts, kRegistryPoll_ms,
                             options.workers.for_server(options.data_dir), options.limits.limits());
  api::Workspace workspace{*store, *artifacts, endpoints, {}};
  const auto payloads = TRY(options.payloads.open());
  workspace.payloads = payloads.get();
  workspace.options.allowed_hosts = options.allowed_hosts;
  workspace.options.default_permission = permission_of(options.default_permission);
  for (const std::string& text : options.webhook_allow) {
    TRY(api::allow(workspace.options.webhooks, text));
  }
  const bool open = is_loopback(options.host);
  workspace.options.anonymous = open ? api::Anonymous::allowed : api::Anonymous::refused;
  http::ServerOptions listen;
  TRY(options.tls.put_into(listen));
  listen.host = options.host;
  listen.port = static_cast<uint16_t>(options.port);
  listen.n_workers = static_cast<int>(options.n_workers);
  listen.spool_folder = artifacts->spool_folder();
  api::Monitor& monitor = *workspace.monitor;
  monitor.version = SLIPWAY_VERSION;
  const bool logs_requests = options.access_log || options.verbose;
  monitor.access_log = logs_requests ? api::AccessLog::on : api::AccessLog::off;
  const auto handler = api::make_handler(workspace);
  const auto running = TRY(http::Server::start(listen, handler));
  const auto grpc = TRY(options.grpc.start(listen, handler));
  const api::WebhookSender webhooks(*store, workspace.options.webhooks);
  monitor.n_connections.with(
      [&](auto& count) { count = [&server = *running] { return server.n_connections(); }; });
  store->start_folding();
  if (!open && listen.certificate_file.empty()) {
    log(Level::warning,
        "passwords and tokens come to {} unencrypted: use --tls-cert and --tls-key, or a proxy "
        "that adds TLS",
        options.host);
  }
  return run_until_interrupted(*running, listen, options.drain, &monitor);
}

Result<int> serve_model(Invocation& call) {
  std::string folder;
  std::string host = "127.0.0.1";
  int64_t port = 5000;
  int64_t n_workers = 16;
  std::string name = "model";
  std::string providers;
  WorkerFlags workers;
  TlsFlags tls;
  DrainFlags drain;
  GrpcFlags grpc;
  Flags flags(call);
  flags.text(folder, "-m,--model", "The model folder (the one with MLmodel in it)", Need::required);
  flags.text(name, "--name", "What the model is called under /v2/models");
  flags.text(host, "--host", "Address to listen on");
  flags.integer(port, "-p,--port", "Port; 0 takes a free one", 0, 65535);
  flags.integer(n_workers, "--workers", "Threads that answer requests", 1, 256);
  flags.text(
      providers, "--providers",
      "Score an ONNX model by ONNX Runtime, in this process, with these of its providers, the "
      "preferred first: cpu, cuda, tensorrt");
  workers.declare_for_folder(flags);
  tls.declare(flags);
  drain.declare(flags);
  grpc.declare(flags);
  TRY(flags.parse());
  process::install_interrupt();
  auto settings = workers.for_folder();
  if (!providers.empty()) {
    settings.load.providers = split(providers, ',');
    settings.load.engines = models::LoadOptions::Engines::here;
  }
  const auto opened = TRY(serve::open_model(folder, name, settings));
  http::ServerOptions listen;
  TRY(tls.put_into(listen));
  listen.host = host;
  listen.port = static_cast<uint16_t>(port);
  listen.n_workers = static_cast<int>(n_workers);
  const auto handler = serve::standalone_handler(opened.model, name);
  const auto running = TRY(http::Server::start(listen, handler));
  const auto with_grpc = TRY(grpc.start(listen, handler));
  return run_until_interrupted(*running, listen, drain, nullptr);
}

}  // namespace slipway::cli
