#include "api/server.h"

#include <filesystem>

#include "base/log.h"
#include "cli/command_list.h"
#include "files/open_artifacts.h"
#include "http/server.h"
#include "process/signals.h"
#include "serve/endpoints.h"
#include "serve/standalone.h"

namespace slipway::cli {
namespace {

constexpr int kDrainMs = 10'000;

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

// Say where it listens, wait for Ctrl-C or SIGTERM, and answer what is under way.
int run_until_interrupted(http::Server& server, const http::ServerOptions& listen) {
  print_line("Listening on " + address(listen, server.port()));
  process::wait_for_interrupt(-1);
  log(Level::info, "stopping");
  server.stop(kDrainMs);
  return 0;
}

Result<void> check_db(std::string_view db) {
  if (db.empty() || db == "embedded") return {};
  return fail(Code::not_implemented,
              "--db {}: this version keeps its database in the data folder; accepted: embedded",
              db.substr(0, db.find("://")));
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

struct ServerFlags {
  std::string host = "127.0.0.1";
  int64_t port = 5000;
  std::string data_dir = "slipway-data";
  std::string db = "embedded";
  std::string artifacts;
  std::vector<std::string> allowed_hosts;
  int64_t n_workers = 16;
  bool verbose = false;
  TlsFlags tls;

  void declare(Flags& flags) {
    flags.text(host, "--host", "Address to listen on; others than loopback need tokens");
    flags.integer(port, "-p,--port", "Port; 0 takes a free one", 0, 65535);
    flags.text(data_dir, "--data-dir", "Folder for all that the server keeps");
    flags.text(db, "--db", "Database: embedded (in the data folder)");
    flags.text(artifacts, "--artifacts",
               "Where artifacts are kept: a folder; default: artifacts in the data folder");
    flags.many(allowed_hosts, "--allowed-hosts", "Names the server may be called by");
    flags.integer(n_workers, "--workers", "Threads that answer requests", 1, 256);
    flags.on(verbose, "--verbose", "Log every request");
    tls.declare(flags);
  }
};

}  // namespace

Result<int> server(Invocation& call) {
  ServerFlags options;
  Flags flags(call);
  options.declare(flags);
  TRY(flags.parse());
  TRY(check_db(options.db));
  if (options.verbose) set_log_level(Level::debug);
  process::install_interrupt();
  const auto store = TRY(store::Store::open(options.data_dir));
  const auto artifacts = TRY(files::open_artifacts(options.artifacts, options.data_dir));
  serve::Endpoints endpoints(*store, *artifacts);
  api::Workspace workspace{*store, *artifacts, endpoints, {}};
  workspace.options.allowed_hosts = options.allowed_hosts;
  const bool open = is_loopback(options.host);
  workspace.options.anonymous = open ? api::Anonymous::allowed : api::Anonymous::refused;
  http::ServerOptions listen;
  TRY(options.tls.put_into(listen));
  listen.host = options.host;
  listen.port = static_cast<uint16_t>(options.port);
  listen.n_workers = static_cast<int>(options.n_workers);
  listen.spool_folder = artifacts->spool_folder();
  const auto running = TRY(http::Server::start(listen, api::make_handler(workspace)));
  if (!open) {
    log(Level::info,
        "{} is no loopback address: every request needs a token; make the first "
        "with `slipway tokens create --data-dir {}` while no server runs",
        options.host, options.data_dir);
  }
  return run_until_interrupted(*running, listen);
}

Result<int> serve_model(Invocation& call) {
  std::string folder;
  std::string host = "127.0.0.1";
  int64_t port = 5000;
  int64_t n_workers = 16;
  bool no_python = false;
  TlsFlags tls;
  Flags flags(call);
  flags.text(folder, "-m,--model", "The model folder (the one with MLmodel in it)", Need::required);
  flags.text(host, "--host", "Address to listen on");
  flags.integer(port, "-p,--port", "Port; 0 takes a free one", 0, 65535);
  flags.integer(n_workers, "--workers", "Threads that answer requests", 1, 256);
  flags.on(no_python, "--no-python", "Refuse models that need Python (none is ever started yet)");
  tls.declare(flags);
  TRY(flags.parse());
  process::install_interrupt();
  std::shared_ptr<const models::Model> model = TRY(models::load(folder));
  http::ServerOptions listen;
  TRY(tls.put_into(listen));
  listen.host = host;
  listen.port = static_cast<uint16_t>(port);
  listen.n_workers = static_cast<int>(n_workers);
  const auto running = TRY(http::Server::start(listen, serve::standalone_handler(model)));
  return run_until_interrupted(*running, listen);
}

}  // namespace slipway::cli
