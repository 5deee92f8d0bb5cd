#include "serve/grpc_server.h"

#include <dlfcn.h>

#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "serve/scoring.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kLibrary = "libslipway_grpc.so";
constexpr std::string_view kJsonLength = "Inference-Header-Content-Length";
constexpr int kStopMs = 5000;

struct Functions {
  GrpcStart start = nullptr;
  GrpcStop stop = nullptr;
};

// Beside the program, or in `lib` beside it.
Result<Functions> load() {
  std::error_code none;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", none).parent_path();
  std::string problem;
  for (const auto& place : {folder / "lib" / kLibrary, folder / kLibrary}) {
    if (!std::filesystem::exists(place, none)) continue;
    void* library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
      problem = fmt::format(": {}", dlerror());
      continue;
    }
    const Functions found{reinterpret_cast<GrpcStart>(dlsym(library, kGrpcStart)),
                          reinterpret_cast<GrpcStop>(dlsym(library, kGrpcStop))};
    if (found.start && found.stop) return found;
  }
  return fail(Code::not_implemented,
              "gRPC needs {} beside the program, and Debian's libgrpc++1.51 and libprotobuf32{}",
              kLibrary, problem);
}

GrpcAnswer answer(const http::Handler& handler, const GrpcCall& call) {
  http::Request request;
  request.method = call.method;
  request.path = call.path;
  request.peer = call.peer;
  request.body = call.body;
  request.headers.add("Host", "localhost");
  request.headers.add("Content-Type", "application/json");
  if (!call.authorization.empty()) request.headers.add("Authorization", call.authorization);
  if (call.json_size > 0) {
    request.headers.add(std::string(kJsonLength), std::to_string(call.json_size));
  }
  auto response = handler.answer(request);
  GrpcAnswer out{response.status, std::move(response.body), 0};
  const auto* length = response.headers.find(kJsonLength);
  const auto n_json = length ? to_integer(*length) : std::nullopt;
  out.json_size = n_json ? static_cast<size_t>(*n_json) : out.body.size();
  return out;
}

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(GrpcOptions options,
                                                      const std::string& certificate_file,
                                                      const std::string& key_file,
                                                      http::Handler handler) {
  if (!certificate_file.empty()) {
    options.certificate = TRY(read_file(certificate_file));
    options.key = TRY(read_file(key_file));
  }
  options.max_message_bytes = kMaxBodyBytes + (1u << 20);
  const auto functions = TRY(load());
  std::unique_ptr<GrpcServer> server(new GrpcServer);
  server->ask_ = [handler = std::move(handler)](const GrpcCall& call) {
    return answer(handler, call);
  };
  server->stop_ = functions.stop;
  std::string error;
  server->server_ = functions.start(&options, &server->ask_, &server->port_, &error);
  if (server->server_) return server;
  return fail(Code::temporarily_unavailable, "gRPC cannot listen on {}:{}: {}", options.host,
              options.port, error);
}

GrpcServer::~GrpcServer() {
  if (server_) stop_(server_, kStopMs);
}

}  // namespace slipway::serve
