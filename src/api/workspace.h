// api/workspace.h — what every handler works on: the store, the artifacts, the served models.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "api/monitor.h"
#include "api/run_texts.h"
#include "api/webhook_call.h"
#include "files/artifact_store.h"
#include "serve/payload_log.h"
#include "store/permission.h"
#include "store/store.h"

namespace slipway::serve {
class Endpoints;
}

namespace slipway::api {

class Access;

/// Who a request without credentials is, on a server without users: nobody, or someone who may do
/// all but score.
enum class Anonymous { refused, allowed };

struct Options {
  /// allowed only where the server is bound to a loopback address.
  Anonymous anonymous = Anonymous::allowed;
  /// Names that a Host header may have besides localhost and private addresses: `host`,
  /// `host:port`, `*.domain` or `*`.
  std::vector<std::string> allowed_hosts;
  /// What a user may do with things that no grant is about.
  store::Permission default_permission = store::Permission::none;
  /// Which machines webhooks may reach besides public ones.
  WebhookPolicy webhooks;
};

/// References are borrowed and outlive every handler that was made for the workspace.
struct Workspace {
  store::Store& store;
  files::ArtifactStore& artifacts;
  serve::Endpoints& endpoints;
  Options options;
  serve::PayloadLog* payloads = nullptr;  // null: requests are not kept
  std::unique_ptr<Monitor> monitor = std::make_unique<Monitor>();
  std::unique_ptr<RunTexts> run_texts = std::make_unique<RunTexts>();
  std::shared_ptr<Access> access = nullptr;  // made by make_handler()
};

}  // namespace slipway::api
