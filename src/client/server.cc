#include "client/server.h"

#include <cstdlib>

#include "base/text.h"

namespace slipway::client {
namespace {

// The Error that an answer's body tells, or one of its status alone.
Error told_error(int status, const std::string& body) {
  const auto json = parse_json(body);
  if (json.ok()) {
    const auto code = text_member(*json, "error_code");
    const auto message = text_member(*json, "message");
    if (code.ok() && message.ok()) return Error{code_from_name(*code), *message};
  }
  const auto code = status == 404 ? Code::endpoint_not_found : Code::internal_error;
  return fail(code, "the server answered {}: {}", status, body.substr(0, 300));
}

}  // namespace

Result<Server> Server::at(std::string_view address, std::string token) {
  Server server;
  server.address_ = std::string(address);
  while (server.address_.ends_with('/')) server.address_.pop_back();
  const auto url = TRY(http::parse_url(server.address_));
  server.prefix_ = url.path;
  server.token_ = std::move(token);
  if (server.token_.empty()) {
    const char* from_environment = std::getenv("MLFLOW_TRACKING_TOKEN");
    if (from_environment) server.token_ = from_environment;
  }
  server.client_ = TRY(http::Client::make(url));
  return server;
}

http::Request Server::request(std::string_view method, std::string_view path) const {
  http::Request request;
  request.method = std::string(method);
  request.path = prefix_ + std::string(path);
  if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
  return request;
}

Result<http::Response> Server::exchange(const http::Request& request) {
  auto answer = client_->send(request);
  if (!answer.ok()) {
    if (answer.error().code != Code::temporarily_unavailable) return answer;
    return fail(Code::temporarily_unavailable,
                "{} (start a server with `slipway server`, or name one with --server)",
                answer.error().message);
  }
  if (answer->status >= 300) return told_error(answer->status, answer->body);
  return answer;
}

Result<Json> Server::get(std::string_view path, const Query& query) {
  auto asked = request("GET", path);
  for (const auto& [name, value] : query) {
    asked.query += asked.query.empty() ? "" : "&";
    asked.query += percent_encode(name) + "=" + percent_encode(value);
  }
  const auto answer = TRY(exchange(asked));
  return parse_json(answer.body);
}

Result<Json> Server::send(std::string_view method, std::string_view path, const Json& body) {
  auto asked = request(method, path);
  asked.headers.add("Content-Type", "application/json");
  asked.body = to_text(body);
  const auto answer = TRY(exchange(asked));
  return parse_json(answer.body);
}

Result<void> Server::put_file(std::string_view path, const std::filesystem::path& file) {
  auto asked = request("PUT", path);
  asked.headers.add("Content-Type", "application/octet-stream");
  asked.body_file = file;
  TRY(exchange(asked));
  return {};
}

Result<void> Server::get_file(std::string_view path, const std::filesystem::path& to) {
  const auto answer = TRY(client_->download(request("GET", path), to));
  if (answer.status >= 300) return told_error(answer.status, answer.body);
  return {};
}

Result<std::string> Server::post_text(std::string_view path, std::string body,
                                      std::string_view content_type) {
  auto asked = request("POST", path);
  asked.headers.add("Content-Type", std::string(content_type));
  asked.body = std::move(body);
  auto answer = TRY(exchange(asked));
  return std::move(answer.body);
}

}  // namespace slipway::client
