#include "api/artifact_uri.h"

#include <algorithm>
#include <string>

#include "store/logged_models.h"
#include "store/runs.h"

namespace slipway::api {
namespace {

constexpr std::string_view kOwn = "mlflow-artifacts:";
constexpr std::string_view kRuns = "runs:/";
constexpr std::string_view kModels = "models:/m-";

Result<files::Path> own_path(std::string_view uri) {
  auto path = uri.substr(kOwn.size());
  if (path.starts_with("//")) {  // mlflow-artifacts://host/path: the host is this server
    path.remove_prefix(2);
    path.remove_prefix(std::min(path.find('/'), path.size()));
  }
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  return files::Path::parse(path);
}

Result<files::Path> elsewhere(std::string_view uri) {
  return fail(Code::not_implemented,
              "The files are at '{}', which this server does not keep; it keeps those of {}/…", uri,
              kOwn);
}

}  // namespace

Result<files::Path> resolve_artifact_uri(std::string_view uri, store::Store& store) {
  if (uri.starts_with(kOwn)) return own_path(uri);
  std::string root;
  std::string_view rest;
  if (uri.starts_with(kRuns)) {
    rest = uri.substr(kRuns.size());
    const std::string run_id(rest.substr(0, rest.find('/')));
    rest.remove_prefix(std::min(run_id.size() + 1, rest.size()));
    const auto info =
        TRY(store.read([&](db::Connection& c) { return store::get_run_info(c, run_id); }));
    root = info.artifact_uri;
  } else if (uri.starts_with(kModels)) {
    rest = uri.substr(uri.find('/') + 1);
    const std::string model_id(rest.substr(0, rest.find('/')));
    rest.remove_prefix(std::min(model_id.size() + 1, rest.size()));
    const auto model =
        TRY(store.read([&](db::Connection& c) { return store::get_logged_model(c, model_id); }));
    root = model.artifact_uri;
  }
  if (!root.starts_with(kOwn)) return elsewhere(root.empty() ? uri : root);
  const auto folder = TRY(own_path(root));
  return folder.below(rest);
}

Result<files::Path> asked_path(std::string_view text) {
  auto path = files::Path::parse(text);
  if (path.ok()) return path;
  return fail(Code::invalid_parameter_value, "Invalid path");
}

}  // namespace slipway::api
