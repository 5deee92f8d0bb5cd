#include "serve/inference.h"

#include "base/text.h"
#include "http/error_response.h"
#include "serve/scoring.h"
#include "serve/tensors.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kJsonLength = "Inference-Header-Content-Length";

struct Answer {
  Tensors body;
  size_t n_rows = 0;
};

Result<size_t> json_length(const http::Request& sent) {
  const auto* header = sent.headers.find(kJsonLength);
  if (header == nullptr) return sent.body.size();
  const auto length = to_integer(*header);
  if (length && *length >= 0) return static_cast<size_t>(*length);
  return fail(Code::invalid_parameter_value, "{} is '{}'; accepted: a number of bytes", kJsonLength,
              header->substr(0, 80));
}

Result<Answer> answer(const models::Model& model, const ModelName& name,
                      const http::Request& sent) {
  const size_t n_json = TRY(json_length(sent));
  const auto request = TRY(read_inference_request(sent.body, n_json, model.signature()));
  const auto scores = TRY(predict_rows(model, request.rows, request.params));
  auto outputs = TRY(write_tensors(scores, request));
  std::string out = "{\"model_name\": ";
  append_quoted(out, name.name);
  out += ", \"model_version\": ";
  append_quoted(out, name.version);
  if (!request.id.empty()) {
    out += ", \"id\": ";
    append_quoted(out, request.id);
  }
  out += ", \"outputs\": " + outputs.text + "}";
  return Answer{{std::move(out), std::move(outputs.bytes)}, scores.n_rows};
}

/// Bytes go behind the JSON, whose length a header then tells.
http::Response respond_with(Tensors body) {
  if (body.bytes.empty()) return http::respond(200, std::move(body.text), "application/json");
  const auto n_json = std::to_string(body.text.size());
  auto response = http::respond(200, body.text + body.bytes, "application/octet-stream");
  response.headers.add(std::string(kJsonLength), n_json);
  return response;
}

}  // namespace

http::Response infer(const models::Model& model, const ModelName& name,
                     const http::Request& request, Usage& usage) {
  UsageCount count(usage);
  auto answered = answer(model, name, request);
  if (!answered.ok()) {
    auto response = inference_error(answered.error());
    count.refused(response.status);
    return response;
  }
  count.scored(answered->n_rows);
  return respond_with(std::move(answered->body));
}

Json model_metadata(const models::Model& model, const ModelName& name) {
  JsonObject json;
  json["name"] = name.name;
  json["versions"] = JsonArray{Json(name.version)};
  json["platform"] = "slipway";
  json["inputs"] = input_specs(model.signature());
  json["outputs"] = tensor_specs(model.signature().outputs, "output-1");
  return json;
}

Json server_metadata(std::string_view version) {
  JsonObject json;
  json["name"] = "slipway";
  json["version"] = version;
  json["extensions"] = JsonArray{"binary_tensor_data"};
  return json;
}

http::Response inference_error(const Error& error) {
  auto response = http::error_response(error);
  JsonObject json;
  json["error"] = error.message;
  response.body = to_text(Json(std::move(json)));
  return response;
}

}  // namespace slipway::serve
