// api/call.h — one request on its way to a handler: who asks, and for what.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/fields.h"
#include "api/principal.h"
#include "base/json.h"
#include "http/message.h"
#include "http/router.h"

namespace slipway::api {

struct Batch;

/// A request with its path's parameters and its caller. The JSON body is parsed when it is first
/// asked for, once.
class Call {
 public:
  Call(http::Request& request, http::PathParams params, Principal principal);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const Principal& principal() const { return principal_; }
  http::Request& request() { return request_; }
  const http::Request& request() const { return request_; }

  /// A parameter of the path; the route has one of this name.
  const std::string& path(std::string_view name) const;

  /// Tell whether the route's path has this parameter.
  bool has_path(std::string_view name) const { return params_.contains(name); }

  /// What the caller sent by name: the query of a GET or HEAD, else the JSON body. A body that is
  /// not JSON counts as empty, as mlflow 3.17.2 takes it.
  /// Errors   invalid_parameter_value: the body is JSON but no object.
  Result<Fields> fields() const;

  /// All texts that are sent under a name: in the path, else as fields() takes them, singly or in a
  /// list. What is no text is left out. Errors as fields().
  Result<std::vector<std::string>> all_named(std::string_view key) const;

  // Short forms of fields(), see api/fields.h.
  Result<std::string> text(std::string_view key) const;
  Result<std::string> text_or(std::string_view key, std::string_view otherwise) const;
  Result<std::optional<std::string>> maybe_text(std::string_view key) const;
  Result<int64_t> integer(std::string_view key) const;
  Result<int64_t> integer_or(std::string_view key, int64_t otherwise) const;
  Result<std::optional<int64_t>> maybe_integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;
  Result<bool> truth_or(std::string_view key, bool otherwise) const;
  Result<std::vector<std::string>> texts(std::string_view key) const;
  Result<std::vector<Fields>> items(std::string_view key) const;

 private:
  Result<void> parse() const;

  http::Request& request_;
  http::PathParams params_;
  Principal principal_;
  mutable std::optional<Json> members_;

  friend Result<const Batch*> batch_of(Call& call);
  std::shared_ptr<const Batch> batch_;  // read once, for the check and for the handler
};

}  // namespace slipway::api
