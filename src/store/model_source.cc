#include "store/model_source.h"

#include <algorithm>

#include "base/text.h"
#include "store/limits.h"
#include "store/logged_models.h"
#include "store/registry.h"
#include "store/runs.h"
#include "store/version_rows.h"

namespace slipway::store {
namespace {

constexpr size_t kMaxSourceLength = 8192;

template <typename... Args>
Error invalid(fmt::format_string<Args...> format, Args&&... args) {
  return Error{Code::invalid_parameter_value, fmt::format(format, std::forward<Args>(args)...)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// An address in its parts: `scheme://authority/path`. Paths without a scheme are local.
struct Address {
  std::string scheme;     // in lower case
  std::string authority;  // in lower case
  std::string path;       // decoded, with its first slash
};

Address address_of(std::string_view text) {
  Address out;
  out.scheme = scheme_of(text);
  const bool is_scheme = !out.scheme.empty();
  if (is_scheme) text.remove_prefix(out.scheme.size() + 1);
  if (is_scheme && text.starts_with("//")) {
    const size_t end = std::min(text.find('/', 2), text.size());
    out.authority = lower(text.substr(2, end - 2));
    text.remove_prefix(end);
  }
  out.path = fully_decoded(text);
  return out;
}

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts = split(path, '/');
  std::erase_if(parts, [](const std::string& part) { return part.empty() || part == "."; });
  return parts;
}

/// Whether a path begins at the root and has a part, and none that is `.`.
bool is_normal(std::string_view path) {
  const std::vector<std::string> parts = split(path.substr(0, path.find_first_of("?#")), '/');
  const bool has_part =
      std::any_of(parts.begin(), parts.end(), [](const auto& part) { return !part.empty(); });
  return path.starts_with('/') && has_part &&
         std::find(parts.begin(), parts.end(), ".") == parts.end();
}

bool is_within(const Address& address, const Address& root) {
  const std::vector<std::string> parts = parts_of(address.path);
  const std::vector<std::string> root_parts = parts_of(root.path);
  return address.scheme == root.scheme && address.authority == root.authority &&
         !root_parts.empty() && parts.size() >= root_parts.size() &&
         std::equal(root_parts.begin(), root_parts.end(), parts.begin());
}

bool is_local(const Address& address) { return address.scheme.empty() || address.scheme == "file"; }

bool is_artifact_address(const Address& address) {
  if (address.scheme == "mlflow-artifacts") return true;
  return (address.scheme == "http" || address.scheme == "https") &&
         address.path.find("/2.0/mlflow-artifacts/artifacts") != std::string::npos;
}

bool is_prompt(const NewModelVersion& request) {
  std::string value;
  for (const Tag& tag : request.tags) {
    if (tag.key == "mlflow.prompt.is_prompt") value = lower(tag.value);
  }
  return value == "true";
}

/// Checks and resolves one request; `out_` fills up step by step.
class Resolver {
 public:
  Resolver(db::Connection& conn, const NewModelVersion& request) : conn_(conn), request_(request) {
    out_ = {request.source, request.source, request.run_id, request.model_id};
  }

  Result<ModelSource> resolve() {
    if (is_prompt(request_)) return resolve_prompt();
    TRY(check_names_no_host(out_.source, "source"));
    const Address address = address_of(out_.source);
    if (is_local(address)) {
      TRY(check_local(address));
    } else if (out_.source.size() > kMaxSourceLength || may_leave_its_folder(out_.source) ||
               !is_normal(address.path)) {
      return invalid(
          "Invalid model version source: '{}'. If supplying a source as an http, https, local file "
          "path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided "
          "without relative path references present. Please provide an absolute path.",
          truncated(out_.source, 300));
    }
    if (address.scheme == "models") {
      TRY(resolve_models(address));
    } else if (address.scheme == "runs") {
      TRY(resolve_runs(address));
    } else if (is_artifact_address(address)) {
      TRY(check_artifacts(address));
    }
    if (out_.run_id.empty() && !out_.model_id.empty()) {
      const auto model = get_logged_model(conn_, out_.model_id);
      if (model.ok()) out_.run_id = model->source_run_id;
    }
    return out_;
  }

 private:
  Error refused(std::string_view parameter) const {
    return invalid(
        "Invalid model version source: '{}'. The {} request parameter must identify the resource "
        "that contains the source.",
        request_.source, parameter);
  }
  /// Which request parameter has to hold the source.
  std::string_view holder() const { return out_.model_id.empty() ? "run_id" : "model_id"; }

  Result<ModelSource> resolve_prompt() {
    if (out_.source == "dummy-source" || out_.source == "prompt-template") return out_;
    return invalid("Invalid prompt source: '{}'. Prompt sources must use an MLflow placeholder.",
                   out_.source);
  }

  /// The artifacts of the logged model or run that the request names; nothing where it names none.
  Result<std::optional<Address>> artifact_root() {
    std::optional<Address> out;
    if (!out_.model_id.empty()) {
      const auto model = get_logged_model(conn_, out_.model_id);
      if (model.ok()) out = address_of(model->artifact_uri);
      if (!model.ok() && model.error().code != Code::resource_does_not_exist) return model.error();
    } else if (!out_.run_id.empty()) {
      const auto run = get_run_info(conn_, out_.run_id);
      if (run.ok()) out = address_of(run->artifact_uri);
      if (!run.ok() && run.error().code != Code::resource_does_not_exist) return run.error();
    }
    return out;
  }

  Result<void> check_artifacts(const Address& address) {
    const auto root = TRY(artifact_root());
    const bool plain = address.path.find_first_of("?#\\") == std::string::npos;
    if (plain && root && is_within(address, *root)) return {};
    return refused(holder());
  }

  Result<void> check_local(const Address& address) {
    const auto root = TRY(artifact_root());
    const bool plain = out_.source.size() <= kMaxSourceLength &&
                       !may_leave_its_folder(out_.source) && address.path.starts_with('/') &&
                       address.authority.empty() &&
                       address.path.find_first_of("?#\\") == std::string::npos;
    if (plain && root && is_local(*root) &&
        is_within({"", "", address.path}, {"", "", root->path})) {
      return {};
    }
    return invalid(
        "Invalid model version source: '{}'. To use a local path as a model version source, the {} "
        "request parameter has to be specified and the local path has to be contained within the "
        "artifact directory of the run specified by the {}.",
        truncated(request_.source, 300), holder(), holder());
  }

  Result<void> resolve_runs(const Address& address) {
    const std::vector<std::string> parts = parts_of(address.path);
    if (!out_.model_id.empty() || !address.authority.empty() || parts.empty() ||
        parts[0] != out_.run_id) {
      return refused(holder());
    }
    const auto run = get_run_info(conn_, out_.run_id);
    if (!run.ok()) return {};  // taken as it is: the run may be at another server
    out_.storage_location = run->artifact_uri;
    for (size_t i = 1; i < parts.size(); ++i) out_.storage_location += "/" + parts[i];
    return {};
  }

  Result<void> resolve_models(const Address& address) {
    const std::vector<std::string> parts = parts_of(address.path);
    if (!address.authority.empty() || parts.empty() || parts.size() > 2) {
      return refused("model_id");
    }
    if (parts.size() == 1 && parts[0].find('@') == std::string::npos) {
      return resolve_logged_model(parts[0]);
    }
    const ModelVersion version = TRY(find_version(parts));
    const bool same_run = out_.run_id.empty() || out_.run_id == version.run_id;
    const bool same_model = out_.model_id.empty() || out_.model_id == version.model_id;
    if (!same_run || !same_model) {
      return invalid(
          "Invalid model version source: '{}'. The run_id and model_id request parameters must "
          "match the referenced model version.",
          request_.source);
    }
    out_.run_id = version.run_id;
    out_.model_id = version.model_id;
    out_.source = fmt::format("models:/{}/{}", version.name, version.version);
    out_.storage_location = TRY(download_uri(conn_, version.name, std::to_string(version.version)));
    return {};
  }

  Result<void> resolve_logged_model(const std::string& model_id) {
    if (model_id != out_.model_id) return refused("model_id");
    const LoggedModel model = TRY(get_logged_model(conn_, model_id));
    out_.storage_location = model.artifact_uri;
    return {};
  }

  /// `name/7`, `name/latest`, `name/Production` or `name@alias`.
  Result<ModelVersion> find_version(const std::vector<std::string>& parts) {
    if (parts.size() == 1) {
      const size_t at = parts[0].rfind('@');
      return get_by_alias(conn_, parts[0].substr(0, at), parts[0].substr(at + 1));
    }
    TRY(registered_model_key(conn_, parts[0]));
    if (std::all_of(parts[1].begin(), parts[1].end(), is_digit)) {
      return get_model_version(conn_, parts[0], parts[1]);
    }
    if (lower(parts[1]) == "latest") return get_by_alias(conn_, parts[0], "latest");
    auto found = TRY(latest_versions(conn_, parts[0], {parts[1]}));
    if (!found.empty()) return std::move(found.front());
    return fail(Code::resource_does_not_exist, "Model '{}' has no version in stage '{}'", parts[0],
                parts[1]);
  }

  db::Connection& conn_;
  const NewModelVersion& request_;
  ModelSource out_;
};

}  // namespace

Result<ModelSource> resolve_source(db::Connection& conn, const NewModelVersion& request) {
  return Resolver(conn, request).resolve();
}

}  // namespace slipway::store
