// client/server.h — a server that speaks MLflow's REST, and calls to it.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace slipway::http {
struct Request;
struct Response;
class Client;
}  // namespace slipway::http

namespace slipway::client {

using Query = std::vector<std::pair<std::string, std::string>>;

/// A connection to a Slipway or MLflow server. One call at a time: one Server a thread.
class Server {
 public:
  Server(Server&& other) noexcept;
  Server& operator=(Server&& other) noexcept;
  ~Server();

  /// Where `token` is empty, the credentials of the environment are sent (client/credentials.h);
  /// without any, none. Never connects by itself: the first call does.
  /// Errors   invalid_parameter_value: not an http(s) URL, or $MLFLOW_TRACKING_SERVER_CERT_PATH has
  ///          no certificate.
  static Result<Server> at(std::string_view address, std::string token = "");

  /// GET `path` with a query; give the JSON of the answer. Where the server has answered before and
  /// its connection is lost, this tries again for a moment: it may have been started anew.
  /// Errors   the server's own code and message; temporarily_unavailable: no server there (the
  ///          message names the address and says how to start one).
  Result<Json> get(std::string_view path, const Query& query = {});

  /// POST, PATCH or DELETE `path` with a JSON body. Errors as get().
  Result<Json> send(std::string_view method, std::string_view path, const Json& body);
  Result<Json> post(std::string_view path, const Json& body) { return send("POST", path, body); }

  /// PUT a file's bytes. Errors as get(), and as read_file.
  Result<void> put_file(std::string_view path, const std::filesystem::path& file);

  /// GET into a file, whole or not at all. Errors as get(), and as write_file.
  Result<void> get_file(std::string_view path, const std::filesystem::path& to);

  /// POST a body as it is and give the answer's body. Errors as get().
  Result<std::string> post_text(std::string_view path, std::string body,
                                std::string_view content_type);

  /// Give the MLflow release that the server speaks, such as 3.17.2. Errors as get().
  Result<std::string> version();

  const std::string& address() const { return address_; }

 private:
  Server();
  http::Request request(std::string_view method, std::string_view path) const;
  Result<http::Response> exchange(const http::Request& request);

  std::string address_;
  bool has_answered_ = false;
  std::string authorization_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace slipway::client
