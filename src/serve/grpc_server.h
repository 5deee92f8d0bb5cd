// serve/grpc_server.h — the Open Inference Protocol over gRPC, in front of the REST of the same.
#pragma once
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "http/server.h"
#include "serve/grpc_plugin.h"

namespace slipway::serve {

/// A gRPC server whose calls `handler` answers as requests of REST: one set of rules for who may do
/// what, limits and counts. Its library is loaded with the first; a process without one has
/// nothing of it in memory.
class GrpcServer {
 public:
  /// Listen. certificate_file and key_file may be empty.
  /// Errors   not_implemented: the library is not there (the message says what to install);
  ///          temporarily_unavailable: the port is taken; as read_file.
  static Result<std::unique_ptr<GrpcServer>> start(GrpcOptions options,
                                                   const std::string& certificate_file,
                                                   const std::string& key_file,
                                                   http::Handler handler);
  /// Answers what is under way.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  int port() const { return port_; }

 private:
  GrpcServer() = default;

  GrpcAsk ask_;
  GrpcStop stop_ = nullptr;
  void* server_ = nullptr;
  int port_ = 0;
};

}  // namespace slipway::serve
