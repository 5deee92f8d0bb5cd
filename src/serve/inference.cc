#include "serve/inference.h"

#include "http/error_response.h"
#include "serve/scoring.h"
#include "serve/tensors.h"

namespace slipway::serve {
namespace {

Result<Scores> answer(const models::Model& model, const ModelName& name,
                      const http::Request& sent) {
  if (sent.headers.find("Inference-Header-Content-Length")) {
    return fail(Code::invalid_parameter_value,
                "binary tensor data is not taken; send 'data' as JSON");
  }
  const auto request = TRY(read_inference_request(sent.body, model.signature()));
  const auto scores = TRY(model.predict_with(request.rows, request.params));
  const auto outputs = TRY(tensors_text(scores, request.outputs));
  std::string out = "{\"model_name\": ";
  append_quoted(out, name.name);
  out += ", \"model_version\": ";
  append_quoted(out, name.version);
  if (!request.id.empty()) {
    out += ", \"id\": ";
    append_quoted(out, request.id);
  }
  return Scores{out + ", \"outputs\": " + outputs + "}", scores.n_rows};
}

}  // namespace

http::Response infer(const models::Model& model, const ModelName& name,
                     const http::Request& request, Usage& usage) {
  UsageCount count(usage);
  auto scores = answer(model, name, request);
  if (!scores.ok()) {
    auto response = inference_error(scores.error());
    count.refused(response.status);
    return response;
  }
  count.scored(scores->n_rows);
  return http::respond(200, std::move(scores->text), "application/json");
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
  json["extensions"] = JsonArray();
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
