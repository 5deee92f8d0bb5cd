// http/message.h — a request as a handler sees it, and the response it gives.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::http {

/// Header fields in the order they came; names compare without case.
class Headers {
 public:
  /// Give the first value of `name`, or null.
  const std::string* find(std::string_view name) const;
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// Replace every `name` by one field.
  void set(std::string_view name, std::string value);
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// A whole request: either `body` holds its bytes, or they lie in `body_file`.
struct Request {
  std::string method;  // upper case
  std::string path;    // as sent, still percent-encoded, without the query
  std::string query;   // after '?', as sent; empty where there is none
  Headers headers;
  std::string body;
  std::optional<std::filesystem::path>
      body_file;     // spooled; removed after the handler unless moved
  std::string peer;  // address of the other side

  /// Every value of a query parameter, percent- and plus-decoded, in order.
  std::vector<std::string> query_values(std::string_view name) const;
  /// The first value of a query parameter.
  std::optional<std::string> query_value(std::string_view name) const;
};

/// Part of a file that is sent as the body.
struct FileBody {
  std::filesystem::path path;
  int fd = -1;  // open for reading, owned by the response once given to the server
  uint64_t offset = 0;
  uint64_t size = 0;
  /// Where the file lies elsewhere: fills the span from an offset on and gives how many bytes there
  /// were. Called on a worker, at most 4 MiB at a time; after an error the answer breaks off.
  std::function<Result<size_t>(uint64_t at, std::span<char> out)> read = {};
};

/// What a handler answers: `file`, where set, is sent in place of `body`, in constant memory.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  std::optional<FileBody> file;
};

/// Make a response with a body and its content type.
Response respond(int status, std::string body, std::string_view content_type);

/// Give the reason phrase of a status, such as "Not Found".
std::string_view reason(int status);

}  // namespace slipway::http
