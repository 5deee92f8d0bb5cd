// serve/grpc_plugin.h — what the program and its gRPC library, loaded when asked for, say to each
// other.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace slipway::serve {

/// A call, as the request of the REST protocol that means the same: tensors stand as bytes behind
/// the JSON.
struct GrpcCall {
  std::string method;
  std::string path;
  std::string authorization;  // of the metadata; may be empty
  std::string peer;
  std::string body;
  size_t json_size = 0;  // of the body; what follows are tensors
};

struct GrpcAnswer {
  int status = 0;  // HTTP's
  std::string body;
  size_t json_size = 0;
};

using GrpcAsk = std::function<GrpcAnswer(const GrpcCall&)>;

struct GrpcOptions {
  std::string host;
  uint16_t port = 0;  // 0: a free one
  int n_threads = 1;
  size_t max_message_bytes = 0;
  std::string certificate;  // PEM; empty: without TLS
  std::string key;
};

/// Functions that the library has under these names.
constexpr const char* kGrpcStart = "slipway_grpc_start";
constexpr const char* kGrpcStop = "slipway_grpc_stop";

/// Gives the running server, and its port; null with `error` where it cannot listen.
using GrpcStart = void* (*)(const GrpcOptions* options, const GrpcAsk* ask, int* port,
                            std::string* error);
/// Waits for calls under way, at most `timeout_ms`.
using GrpcStop = void (*)(void* server, int timeout_ms);

}  // namespace slipway::serve
