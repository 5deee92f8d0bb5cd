#include "serve/gated.h"

#include "base/clock.h"
#include "http/error_response.h"
#include "serve/inference.h"
#include "serve/scoring.h"

namespace slipway::serve {
namespace {

Error no_room(const Serving& serving) {
  return fail(Code::request_limit_exceeded,
              "version {} of '{}' answers {} requests at once, and its queue is full; try again",
              serving.version, serving.name, serving.gate->limits().max_running);
}

http::Response refused(http::Response response, const Serving& serving) {
  serving.usage->n_refused.fetch_add(1, std::memory_order_relaxed);
  response.headers.set("Retry-After", "1");
  return response;
}

/// Answer a request by `score`, and keep both.
template <typename Score>
http::Response kept(const Serving& serving, const http::Request& request, const Keeping& keeping,
                    Score&& score) {
  if (keeping.log == nullptr || !keeping.log->wants(serving.name)) return score();
  Payload payload;
  payload.time_ms = now_ms();
  const Stopwatch watch;
  auto response = score();
  payload.seconds = watch.seconds();
  payload.model = serving.name;
  payload.version = std::to_string(serving.version);
  payload.user = keeping.user;
  payload.status = response.status;
  const auto* content_type = request.headers.find("Content-Type");
  if (content_type != nullptr) payload.content_type = *content_type;
  payload.request = request.body.substr(0, kMaxPayloadBytes);
  payload.response = response.body.substr(0, kMaxPayloadBytes);
  keeping.log->add(std::move(payload));
  return response;
}

}  // namespace

http::Response invoke_gated(const Serving& serving, const http::Request& request,
                            const Keeping& keeping) {
  return kept(serving, request, keeping, [&] {
    const auto pass = serving.gate->enter();
    if (!pass) return refused(http::error_response(no_room(serving)), serving);
    return invoke(*serving.model, request, *serving.usage);
  });
}

http::Response infer_gated(const Serving& serving, const http::Request& request,
                           const Keeping& keeping) {
  return kept(serving, request, keeping, [&] {
    const auto pass = serving.gate->enter();
    if (!pass) return refused(inference_error(no_room(serving)), serving);
    const ModelName name{serving.name, std::to_string(serving.version)};
    return infer(*serving.model, name, request, *serving.usage);
  });
}

}  // namespace slipway::serve
