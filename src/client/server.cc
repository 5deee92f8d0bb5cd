#include "client/server.h"

#include <chrono>
#include <thread>

#include "base/text.h"
#include "client/credentials.h"
#include "http/client.h"
#include "http/error_response.h"

namespace slipway::client {
namespace {

constexpr int kTimeout_ms = 60'000;
constexpr int kRetryPauses_ms[] = {100, 400};

bool is_lost(const Result<http::Response>& answer) {
  return !answer.ok() && answer.error().code == Code::temporarily_unavailable;
}

}  // namespace

Server::Server() = default;
Server::Server(Server&& other) noexcept = default;
Server& Server::operator=(Server&& other) noexcept = default;
Server::~Server() = default;

Result<Server> Server::at(std::string_view address, std::string token) {
  Server server;
  server.address_ = std::string(address);
  while (server.address_.ends_with('/')) server.address_.pop_back();
  const auto url = TRY(http::parse_url(server.address_));
  auto credentials = credentials_of_environment();
  if (!token.empty()) {
    credentials.username.clear();
    credentials.token = std::move(token);
  }
  server.authorization_ = authorization(credentials);
  server.client_ = TRY(http::Client::make(url, kTimeout_ms, credentials.trust));
  return server;
}

http::Request Server::request(std::string_view method, std::string_view path) const {
  http::Request request;
  request.method = std::string(method);
  request.path = std::string(path);
  if (!authorization_.empty()) request.headers.add("Authorization", authorization_);
  return request;
}

Result<http::Response> Server::exchange(const http::Request& request) {
  auto answer = client_->send(request);
  for (const int pause_ms : kRetryPauses_ms) {
    if (!is_lost(answer) || !has_answered_ || request.method != "GET") break;
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
    answer = client_->send(request);
  }
  if (is_lost(answer)) {
    return fail(Code::temporarily_unavailable,
                "{} (start a server with `slipway server`, or name one with --server)",
                answer.error().message);
  }
  if (!answer.ok()) return answer;
  has_answered_ = true;
  if (answer->status >= 300) return http::error_of(*answer);
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

Result<std::string> Server::version() {
  const auto answer = TRY(exchange(request("GET", "/version")));
  return std::string(trim(answer.body));
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
  if (answer.status >= 300) return http::error_of(answer);
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
