#include "api/call.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::api {
namespace {

// A broken percent code stays as it is; what is not UTF-8 stays encoded, as it may come back in an
// answer.
std::string query_text(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  auto decoded = percent_decode(spaced);
  if (!decoded) decoded = std::string(text);
  return is_utf8(*decoded) ? *std::move(decoded) : percent_encode(*decoded);
}

// The query as a JSON object: a text where a name comes once, else a list of texts. One pass, as a
// query may have thousands of names.
JsonObject query_members(const http::Request& request) {
  JsonObject members;
  for (const auto& pair : split(request.query, '&')) {
    const auto equals = std::min(pair.find('='), pair.size());
    auto value = query_text(std::string_view(pair).substr(std::min(equals + 1, pair.size())));
    auto& known = members[query_text(std::string_view(pair).substr(0, equals))];
    if (known.is_null()) {
      known = std::move(value);
    } else if (known.is_array()) {
      known.get_array().emplace_back(std::move(value));
    } else {
      known = JsonArray{std::move(known), Json(std::move(value))};
    }
  }
  return members;
}

// A GET may send its members in a body where it has no query.
bool has_query_only(const http::Request& request) {
  return (request.method == "GET" || request.method == "HEAD") &&
         (!request.query.empty() || request.body.empty());
}

}  // namespace

Call::Call(http::Request& request, http::PathParams params, Principal principal)
    : request_(request), params_(std::move(params)), principal_(std::move(principal)) {}

const std::string& Call::path(std::string_view name) const {
  const auto found = params_.find(name);
  check(found != params_.end(), "a handler asks for a parameter that its route has not");
  return found->second;
}

Result<void> Call::parse() const {
  if (has_query_only(request_)) {
    members_.emplace(query_members(request_));
    return {};
  }
  auto body = parse_json(request_.body);
  // clients of old post their JSON encoded twice
  if (body.ok() && body->is_string()) {
    body = parse_json({body->get_string().data(), body->get_string().size()});
  }
  if (!body.ok() || body->is_null()) {
    members_.emplace(JsonObject());
    return {};
  }
  if (!body->is_object()) {
    return fail(Code::invalid_parameter_value, "The request's body must be a JSON object");
  }
  members_.emplace(std::move(*body));
  return {};
}

Result<Fields> Call::fields() const {
  if (!members_) {
    TRY(parse());
  }
  return Fields(members_->get_object(), has_query_only(request_) ? Source::query : Source::body);
}

Result<std::vector<std::string>> Call::all_named(std::string_view key) const {
  const auto in_path = params_.find(key);
  if (in_path != params_.end()) return std::vector<std::string>{in_path->second};
  std::vector<std::string> found;
  const auto take = [&](const Json& value) {
    if (value.is_string()) found.emplace_back(value.get_string().data(), value.get_string().size());
  };
  TRY(fields());
  const auto* member = members_->get_object().if_contains(key);
  if (!member) return found;
  take(*member);
  if (member->is_array()) {
    for (const auto& element : member->get_array()) take(element);
  }
  return found;
}

Result<std::string> Call::text(std::string_view key) const {
  const auto all = TRY(fields());
  return all.text(key);
}

Result<std::string> Call::text_or(std::string_view key, std::string_view otherwise) const {
  const auto all = TRY(fields());
  return all.text_or(key, otherwise);
}

Result<std::optional<std::string>> Call::maybe_text(std::string_view key) const {
  const auto all = TRY(fields());
  return all.maybe_text(key);
}

Result<int64_t> Call::integer(std::string_view key) const {
  const auto all = TRY(fields());
  return all.integer(key);
}

Result<int64_t> Call::integer_or(std::string_view key, int64_t otherwise) const {
  const auto all = TRY(fields());
  return all.integer_or(key, otherwise);
}

Result<std::optional<int64_t>> Call::maybe_integer(std::string_view key) const {
  const auto all = TRY(fields());
  return all.maybe_integer(key);
}

Result<double> Call::number(std::string_view key) const {
  const auto all = TRY(fields());
  return all.number(key);
}

Result<bool> Call::truth_or(std::string_view key, bool otherwise) const {
  const auto all = TRY(fields());
  return all.truth_or(key, otherwise);
}

Result<std::vector<std::string>> Call::texts(std::string_view key) const {
  const auto all = TRY(fields());
  return all.texts(key);
}

Result<std::vector<Fields>> Call::items(std::string_view key) const {
  const auto all = TRY(fields());
  return all.items(key);
}

}  // namespace slipway::api
