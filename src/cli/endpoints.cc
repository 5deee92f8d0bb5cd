#include "cli/command_list.h"
#include "cli/connect.h"
#include "client/registry.h"

namespace slipway::cli {
namespace {

Listing endpoint_listing(const std::vector<client::Endpoint>& endpoints) {
  Listing listing{{{"model"}, {"version", true}, {"stage"}, {"state"}, {"address"}, {"message"}},
                  {}};
  for (const auto& endpoint : endpoints) {
    for (const auto& version : endpoint.versions) {
      listing.rows.push_back({endpoint.registered_model_name, version.version, version.stage,
                              version.state, version.path, version.message});
    }
    if (endpoint.versions.empty()) {
      listing.rows.push_back({endpoint.registered_model_name, "", "", "", "", "no active version"});
    }
  }
  return listing;
}

}  // namespace

Result<int> endpoints_enable(Invocation& call) {
  std::string name;
  Format format = Format::table;
  Flags flags(call);
  flags.positional(name, "NAME", "The registered model to serve");
  auto server = TRY(connect(flags, format));
  const auto endpoint = TRY(client::enable_endpoint(server, name));
  print(endpoint_listing({endpoint}), format);
  return 0;
}

Result<int> endpoints_disable(Invocation& call) {
  return send(call, "POST", "mlflow/endpoints/disable",
              {{"registered_model_name", "NAME", "The registered model"}});
}

Result<int> endpoints_list(Invocation& call) {
  Format format = Format::table;
  Flags flags(call);
  auto server = TRY(connect(flags, format));
  const auto endpoints = TRY(client::list_endpoints(server));
  print(endpoint_listing(endpoints), format);
  return 0;
}

}  // namespace slipway::cli
