// http/server.h — accepts connections, reads requests whole, and lets worker threads answer them.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/message.h"

namespace slipway::http {

/// How the body of one request is to be taken, decided from its head alone.
struct BodyRule {
  enum class Keep { memory, file };
  Keep keep = Keep::memory;
  uint64_t max_bytes = 16u << 20;
};

/// What the server asks of the program. All are called from several threads at once.
struct Handler {
  /// Answer a request; runs on a worker thread and may block. Anything it throws becomes a 500.
  std::function<Response(Request&)> answer;
  /// Say how to take the body; called before it is read. May be empty: memory, 16 MiB.
  std::function<BodyRule(const Request& head)> body_rule;
  /// Refuse a request by its head, before a body comes that is to lie in a file, is of unknown
  /// length, or is over 1 MiB; nothing: it may come. Runs on a worker thread. May be empty.
  std::function<std::optional<Response>(Request& head)> refuse;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 5000;  // 0: any free one
  int n_workers = 8;
  int n_io_threads = 1;
  std::filesystem::path spool_folder;  // where bodies of Keep::file are written; must exist
  int read_timeout_ms = 30'000;        // a request must have come whole by then, and a second more
                                       // for each 64 KiB of its body: slow clients do not stay
  int idle_timeout_ms = 75'000;        // between requests of one connection
  uint32_t max_header_bytes = 64 * 1024;
  int max_connections = 1024;
  std::filesystem::path certificate_file;  // PEM, its chain after it; empty: plain HTTP
  std::filesystem::path key_file;          // PEM, not encrypted
};

/// A running server. start() listens before it returns; the destructor stops it.
class Server {
 public:
  /// Errors   invalid_parameter_value: the host is no address, or the certificate or its key cannot
  ///          be used; resource_conflict: the port is in
  ///          use (the message names both and proposes --port); permission_denied: a low port.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);
  virtual ~Server() = default;

  virtual uint16_t port() const = 0;
  /// Connections open now. Safe from any thread.
  virtual int n_connections() const = 0;
  /// Take no new connections, answer what is in flight for at most `grace_ms`, then close. A
  /// connection without a request may still bring one for a moment: its client may have sent it
  /// already. A handler cannot be interrupted: this returns when the last one has. Not from a
  /// handler. Gives how many connections were cut.
  virtual int stop(int grace_ms) = 0;
};

}  // namespace slipway::http
