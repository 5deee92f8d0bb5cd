#include "serve/worker_frames.h"

#include "base/json.h"

namespace slipway::serve {
namespace {

std::string text_of(const Json& json, std::string_view key) {
  const auto* value = find(json, key);
  return value && value->is_string() ? std::string(value->as_string()) : "";
}

int64_t integer_of(const Json& json, std::string_view key) {
  const auto* value = find(json, key);
  return value && value->is_int64() ? value->as_int64() : 0;
}

}  // namespace

Frame request_frame(const std::vector<WorkerRequest>& requests) {
  Frame frame;
  JsonArray parts;
  for (const auto& request : requests) {
    JsonObject part;
    part["type"] = request.content_type;
    part["size"] = request.body.size();
    if (request.params) part["params"] = *request.params;
    if (request.checked) part["checked"] = true;
    parts.push_back(std::move(part));
    frame.body += request.body;
  }
  JsonObject header;
  header["accept"] = requests.front().accept;
  header["parts"] = std::move(parts);
  frame.header = to_text(Json(std::move(header)));
  return frame;
}

WorkerAnswers read_answers(const Frame& frame, size_t n_expected) {
  WorkerAnswers answers;
  const auto json = parse_json(frame.header);
  const auto* parts = json.ok() ? find(*json, "parts") : nullptr;
  if (!parts || !parts->is_array() || parts->as_array().size() != n_expected) {
    answers.damage = "its header is " + frame.header.substr(0, 200);
    return answers;
  }
  const auto* memory = find(*json, "out_of_memory");
  answers.out_of_memory = memory && memory->is_bool() && memory->as_bool();
  size_t begin = 0;
  for (const auto& part : parts->as_array()) {
    if (find(part, "message")) {
      answers.parts.emplace_back(
          Error{code_from_name(text_of(part, "code")), text_of(part, "message")});
      continue;
    }
    const auto size = static_cast<uint64_t>(integer_of(part, "size"));
    if (size > frame.body.size() - begin) {
      answers.damage = "its parts are longer than its body";
      return answers;
    }
    const auto n_rows = static_cast<size_t>(integer_of(part, "rows"));
    answers.parts.emplace_back(WorkerAnswer{frame.body.substr(begin, size), n_rows});
    begin += size;
  }
  return answers;
}

Result<std::string> read_welcome(const Frame& frame) {
  const auto json = parse_json(frame.header);
  if (!json.ok()) return fail(Code::internal_error, "its first answer is no JSON");
  const auto* ready = find(*json, "ready");
  if (ready && ready->is_bool() && ready->as_bool()) return text_of(*json, "about");
  return fail(Code::internal_error, "{}", text_of(*json, "message"));
}

}  // namespace slipway::serve
