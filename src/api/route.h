// api/route.h — one row of a route table: method, path, handler, and what its caller must be
// allowed to do.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/call.h"
#include "api/workspace.h"
#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace slipway::api {

/// What a caller must be allowed to do, on whatever the request names: api/authorize.h.
enum class Needs : uint8_t {
  unsaid,            // no route may have it: all_guarded()
  nothing,           // open to everyone, also without credentials
  known_user,        // whoever it is: their own things alone
  what_is_readable,  // a search or list whose handler keeps to Principal::readable()
  admin,
  manage_roles,       // admins, and who has MANAGE of the workspace
  oneself,            // the user that `username` names, and admins
  manage_named,       // MANAGE of what the request wants to grant something on
  create_experiment,  // anyone; not where another experiment's files are
  read_experiment,
  edit_experiment,
  manage_experiment,
  read_run,
  edit_run,
  edit_run_of_batch,  // as edit_run, for the body of log-batch
  manage_run,
  read_logged_model,
  edit_logged_model,
  manage_logged_model,
  read_run_or_model,  // whichever is named, a run or a logged model
  edit_run_or_model,
  read_artifact,  // of the experiment whose files the path is among
  edit_artifact,
  manage_artifact,
  read_model,
  edit_model,
  manage_model,
  create_version,  // edit_model, and to read what the version is made of
  move_stage,      // manage_staging, or manage_production
  read_endpoint,
  manage_endpoint,
  score,           // read_endpoint, and always with a token or a user
  create_serving,  // anyone; and to read each model that it is to serve
  read_serving,
  manage_serving,  // and to read each model that it is to serve
  score_serving,   // USE of it, and always with a token or a user
};

/// Answers in JSON: status 200, or that of the error.
using JsonHandler = Result<Json> (*)(const Call&, Workspace&);
/// Answers in any form.
using RawHandler = Result<http::Response> (*)(Call&, Workspace&);

/// How the request's body is taken.
enum class Body : uint8_t {
  json,   // in memory; POST and PUT must say application/json
  bytes,  // in memory, of any type
  file,   // spooled to a file of any length
};

struct Handler {
  JsonHandler json = nullptr;
  RawHandler raw = nullptr;
  constexpr Handler(JsonHandler handler) : json(handler) {}
  constexpr Handler(RawHandler handler) : raw(handler) {}
};

constexpr uint64_t kMaxBodyBytes = 16u << 20;

struct Route {
  std::string_view method;
  std::string_view path;  // as http::Router takes it; `/api/X` also answers at `/ajax-api/X`
  Handler handler;
  Needs needs = Needs::unsaid;
  Body body = Body::json;
  uint64_t max_body_bytes = kMaxBodyBytes;  // of json and bytes
};

/// True where each row says what it needs.
template <size_t n>
constexpr bool all_guarded(const Route (&routes)[n]) {
  for (const auto& route : routes) {
    if (route.needs == Needs::unsaid) return false;
  }
  return true;
}

}  // namespace slipway::api
