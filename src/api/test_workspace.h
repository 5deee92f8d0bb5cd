// api/test_workspace.h — a whole workspace in a fresh folder, and calls to it, for the tests.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/server.h"
#include "base/file.h"
#include "base/json.h"
#include "serve/endpoints.h"

namespace slipway::api {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// The answer to a call, its file read whole.
struct Reply {
  int status = 0;
  http::Headers headers;
  std::string body;

  Json json() const;
  /// The member at a path such as "run.info.run_id", as text; numbers and objects as JSON.
  std::string at(std::string_view path) const;
  /// A header's value, or "".
  std::string header(std::string_view name) const;
};

struct TestWorkspace {
  explicit TestWorkspace(Options options = {});

  /// Send a request; a body that begins with '{' is sent as JSON. A Host of 127.0.0.1 unless given.
  Reply call(std::string_view method, std::string_view target, std::string_view body = "",
             const HeaderList& headers = {});
  Reply get(std::string_view target, const HeaderList& headers = {}) {
    return call("GET", target, "", headers);
  }
  Reply post(std::string_view target, std::string_view body) { return call("POST", target, body); }

  TemporaryFolder folder;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<files::ArtifactStore> artifacts;
  serve::Endpoints endpoints;
  Workspace workspace;
  http::Handler handler;
};

}  // namespace slipway::api
