// The library that `--grpc-port` loads: the Open Inference Protocol's gRPC calls as requests of its
// REST, tensors as bytes behind the JSON.
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>

#include <chrono>
#include <cstring>

#include "base/json.h"
#include "base/text.h"
#include "open_inference.grpc.pb.h"
#include "serve/grpc_plugin.h"

namespace slipway::serve {
namespace {

using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;

StatusCode code_of(int http_status) {
  switch (http_status) {
    case 400: return StatusCode::INVALID_ARGUMENT;
    case 401: return StatusCode::UNAUTHENTICATED;
    case 403: return StatusCode::PERMISSION_DENIED;
    case 404: return StatusCode::NOT_FOUND;
    case 413:
    case 429: return StatusCode::RESOURCE_EXHAUSTED;
    case 501: return StatusCode::UNIMPLEMENTED;
    case 503: return StatusCode::UNAVAILABLE;
    case 504: return StatusCode::DEADLINE_EXCEEDED;
    default: return StatusCode::INTERNAL;
  }
}

Status refused(std::string_view message) {
  return {StatusCode::INVALID_ARGUMENT, std::string(message)};
}

// {"error": …} of the protocol, or {"message": …} of the server.
Status status_of(const GrpcAnswer& answer) {
  const auto json = parse_json(answer.body);
  for (const auto* key : {"error", "message"}) {
    const auto* text = json.ok() ? find(*json, key) : nullptr;
    if (text && text->is_string()) {
      return {code_of(answer.status), std::string(text->get_string())};
    }
  }
  return {code_of(answer.status), fmt::format("HTTP status {}", answer.status)};
}

std::string model_path(std::string_view name, std::string_view version, std::string_view below) {
  auto path = fmt::format("/v2/models/{}", percent_encode(name));
  if (!version.empty()) path += fmt::format("/versions/{}", percent_encode(version));
  return path + std::string(below);
}

Json parameter_json(const inference::InferParameter& parameter) {
  using Choice = inference::InferParameter;
  switch (parameter.parameter_choice_case()) {
    case Choice::kBoolParam: return parameter.bool_param();
    case Choice::kInt64Param: return parameter.int64_param();
    case Choice::kStringParam: return Json(parameter.string_param());
    case Choice::kDoubleParam: return parameter.double_param();
    case Choice::kUint64Param: return parameter.uint64_param();
    case Choice::PARAMETER_CHOICE_NOT_SET: break;
  }
  return nullptr;
}

template <typename To, typename Values>
std::string bytes_of(const Values& values) {
  std::string bytes(static_cast<size_t>(values.size()) * sizeof(To), '\0');
  char* at = bytes.data();
  for (const auto value : values) {
    const auto narrow = static_cast<To>(value);
    std::memcpy(at, &narrow, sizeof narrow);
    at += sizeof narrow;
  }
  return bytes;
}

std::string bytes_of_texts(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::string bytes;
  for (const auto& text : texts) {
    const auto length = static_cast<uint32_t>(text.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes += text;
  }
  return bytes;
}

// What a tensor's typed contents are as bytes; false where its datatype has none.
bool typed_bytes(const inference::ModelInferRequest::InferInputTensor& tensor, std::string& bytes) {
  const auto& contents = tensor.contents();
  const auto& type = tensor.datatype();
  if (type == "BOOL")
    bytes = bytes_of<uint8_t>(contents.bool_contents());
  else if (type == "INT8")
    bytes = bytes_of<int8_t>(contents.int_contents());
  else if (type == "INT16")
    bytes = bytes_of<int16_t>(contents.int_contents());
  else if (type == "INT32")
    bytes = bytes_of<int32_t>(contents.int_contents());
  else if (type == "INT64")
    bytes = bytes_of<int64_t>(contents.int64_contents());
  else if (type == "UINT8")
    bytes = bytes_of<uint8_t>(contents.uint_contents());
  else if (type == "UINT16")
    bytes = bytes_of<uint16_t>(contents.uint_contents());
  else if (type == "UINT32")
    bytes = bytes_of<uint32_t>(contents.uint_contents());
  else if (type == "UINT64")
    bytes = bytes_of<uint64_t>(contents.uint64_contents());
  else if (type == "FP32")
    bytes = bytes_of<float>(contents.fp32_contents());
  else if (type == "FP64")
    bytes = bytes_of<double>(contents.fp64_contents());
  else if (type == "BYTES")
    bytes = bytes_of_texts(contents.bytes_contents());
  else
    return false;
  return true;
}

Status body_of(const inference::ModelInferRequest& request, GrpcCall& call) {
  const bool raw = request.raw_input_contents_size() > 0;
  if (raw && request.raw_input_contents_size() != request.inputs_size()) {
    return refused(fmt::format("{} raw_input_contents for {} inputs",
                               request.raw_input_contents_size(), request.inputs_size()));
  }
  std::string tensors;
  JsonArray inputs;
  for (int i = 0; i < request.inputs_size(); ++i) {
    const auto& input = request.inputs(i);
    if (raw && input.has_contents()) {
      return refused(
          fmt::format("input '{}' has contents, and there are raw_input_contents", input.name()));
    }
    std::string bytes;
    if (!raw && !typed_bytes(input, bytes)) {
      return refused(fmt::format("input '{}': {} has no typed contents; send raw_input_contents",
                                 input.name(), input.datatype()));
    }
    const auto& content = raw ? request.raw_input_contents(i) : bytes;
    const JsonArray shape(input.shape().begin(), input.shape().end());
    inputs.push_back(JsonObject{{"name", input.name()},
                                {"shape", shape},
                                {"datatype", input.datatype()},
                                {"parameters", {{"binary_data_size", content.size()}}}});
    tensors += content;
  }
  JsonObject parameters;
  for (const auto& [name, value] : request.parameters()) parameters[name] = parameter_json(value);
  parameters["binary_data_output"] = true;
  JsonObject json{{"inputs", std::move(inputs)}, {"parameters", std::move(parameters)}};
  if (!request.id().empty()) json["id"] = request.id();
  JsonArray outputs;
  for (const auto& output : request.outputs()) {
    outputs.push_back(JsonObject{{"name", output.name()}, {"parameters", {{"binary_data", true}}}});
  }
  if (!outputs.empty()) json["outputs"] = std::move(outputs);
  call.body = to_text(Json(std::move(json)));
  call.json_size = call.body.size();
  call.body += tensors;
  return Status::OK;
}

std::string text_in(const Json& json, std::string_view key) {
  const auto text = text_member(json, key);
  return text.ok() ? *text : "";
}

template <typename Tensor>
void copy_tensor(const Json& json, Tensor& tensor) {
  tensor.set_name(text_in(json, "name"));
  tensor.set_datatype(text_in(json, "datatype"));
  const auto shape = array_member(json, "shape");
  if (!shape.ok()) return;
  for (const auto& size : **shape) tensor.add_shape(size.is_int64() ? size.get_int64() : -1);
}

Status read_answer(const GrpcAnswer& answer, inference::ModelInferResponse& response) {
  const Status broken(StatusCode::INTERNAL, "the server's answer is not in the protocol's form");
  const std::string_view body(answer.body);
  const auto json = parse_json(body.substr(0, answer.json_size));
  if (!json.ok()) return broken;
  response.set_model_name(text_in(*json, "model_name"));
  response.set_model_version(text_in(*json, "model_version"));
  response.set_id(text_in(*json, "id"));
  const auto outputs = array_member(*json, "outputs");
  if (!outputs.ok()) return broken;
  size_t at = answer.json_size;
  for (const auto& output : **outputs) {
    const auto* parameters = find(output, "parameters");
    const auto size =
        parameters ? integer_member(*parameters, "binary_data_size") : Result<int64_t>(int64_t{-1});
    if (!size.ok() || *size < 0 || at + static_cast<size_t>(*size) > body.size()) return broken;
    copy_tensor(output, *response.add_outputs());
    response.add_raw_output_contents(body.data() + at, static_cast<size_t>(*size));
    at += static_cast<size_t>(*size);
  }
  return Status::OK;
}

class Service final : public inference::GRPCInferenceService::Service {
 public:
  explicit Service(GrpcAsk ask) : ask_(std::move(ask)) {}

  Status ServerLive(ServerContext* context, const inference::ServerLiveRequest*,
                    inference::ServerLiveResponse* response) override {
    response->set_live(get(context, "/v2/health/live").status == 200);
    return Status::OK;
  }

  Status ServerReady(ServerContext* context, const inference::ServerReadyRequest*,
                     inference::ServerReadyResponse* response) override {
    response->set_ready(get(context, "/v2/health/ready").status == 200);
    return Status::OK;
  }

  // Not ready is an answer, not to be allowed to ask is none.
  Status ModelReady(ServerContext* context, const inference::ModelReadyRequest* request,
                    inference::ModelReadyResponse* response) override {
    const auto path = model_path(request->name(), request->version(), "/ready");
    const auto answer = get(context, path);
    response->set_ready(answer.status == 200);
    const bool is_known = answer.status == 200 || answer.status == 503 || answer.status == 404;
    return is_known ? Status::OK : status_of(answer);
  }

  Status ServerMetadata(ServerContext* context, const inference::ServerMetadataRequest*,
                        inference::ServerMetadataResponse* response) override {
    const auto answer = get(context, "/v2");
    if (answer.status != 200) return status_of(answer);
    const auto json = parse_json(answer.body);
    if (!json.ok()) return status_of(answer);
    response->set_name(text_in(*json, "name"));
    response->set_version(text_in(*json, "version"));
    return Status::OK;
  }

  Status ModelMetadata(ServerContext* context, const inference::ModelMetadataRequest* request,
                       inference::ModelMetadataResponse* response) override {
    const auto answer = get(context, model_path(request->name(), request->version(), ""));
    if (answer.status != 200) return status_of(answer);
    const auto json = parse_json(answer.body);
    if (!json.ok()) return status_of(answer);
    response->set_name(text_in(*json, "name"));
    response->set_platform(text_in(*json, "platform"));
    const auto versions = array_member(*json, "versions");
    for (const auto& version : versions.ok() ? **versions : JsonArray()) {
      if (version.is_string()) response->add_versions(std::string(version.get_string()));
    }
    const auto inputs = array_member(*json, "inputs");
    for (const auto& tensor : inputs.ok() ? **inputs : JsonArray()) {
      copy_tensor(tensor, *response->add_inputs());
    }
    const auto outputs = array_member(*json, "outputs");
    for (const auto& tensor : outputs.ok() ? **outputs : JsonArray()) {
      copy_tensor(tensor, *response->add_outputs());
    }
    return Status::OK;
  }

  Status ModelInfer(ServerContext* context, const inference::ModelInferRequest* request,
                    inference::ModelInferResponse* response) override {
    auto call = call_of(context);
    call.method = "POST";
    call.path = model_path(request->model_name(), request->model_version(), "/infer");
    const auto written = body_of(*request, call);
    if (!written.ok()) return written;
    const auto answer = ask_(call);
    return answer.status == 200 ? read_answer(answer, *response) : status_of(answer);
  }

 private:
  static GrpcCall call_of(const ServerContext* context) {
    GrpcCall call;
    const auto& metadata = context->client_metadata();
    const auto found = metadata.find("authorization");
    if (found != metadata.end()) {
      call.authorization.assign(found->second.data(), found->second.size());
    }
    call.peer = context->peer();
    return call;
  }

  GrpcAnswer get(const ServerContext* context, std::string path) const {
    auto call = call_of(context);
    call.method = "GET";
    call.path = std::move(path);
    return ask_(call);
  }

  GrpcAsk ask_;
};

struct Running {
  explicit Running(GrpcAsk ask) : service(std::move(ask)) {}
  Service service;
  std::unique_ptr<grpc::Server> server;
};

std::shared_ptr<grpc::ServerCredentials> credentials(const GrpcOptions& options) {
  if (options.certificate.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({options.key, options.certificate});
  return grpc::SslServerCredentials(tls);
}

void* start(const GrpcOptions* options, const GrpcAsk* ask, int* port, std::string* error) {
  auto running = std::make_unique<Running>(*ask);
  const bool v6 = options->host.find(':') != std::string::npos;
  const auto address =
      fmt::format("{}{}{}:{}", v6 ? "[" : "", options->host, v6 ? "]" : "", options->port);
  grpc::ResourceQuota quota;
  quota.SetMaxThreads(options->n_threads + 4);
  grpc::ServerBuilder builder;
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options->max_message_bytes));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort(address, credentials(*options), port);
  builder.RegisterService(&running->service);
  running->server = builder.BuildAndStart();
  if (running->server && *port > 0) return running.release();
  *error = "the address is taken, or not this machine's, or the certificate is none";
  return nullptr;
}

void stop(void* server, int timeout_ms) {
  const std::unique_ptr<Running> running(static_cast<Running*>(server));
  running->server->Shutdown(std::chrono::system_clock::now() +
                            std::chrono::milliseconds(timeout_ms));
  running->server->Wait();
}

}  // namespace
}  // namespace slipway::serve

extern "C" {
[[gnu::visibility("default")]] void* slipway_grpc_start(const slipway::serve::GrpcOptions* options,
                                                        const slipway::serve::GrpcAsk* ask,
                                                        int* port, std::string* error) {
  return slipway::serve::start(options, ask, port, error);
}
[[gnu::visibility("default")]] void slipway_grpc_stop(void* server, int timeout_ms) {
  slipway::serve::stop(server, timeout_ms);
}
}
