#include "api/artifact_direct.h"

#include "api/artifact_uri.h"
#include "files/direct_access.h"
#include "store/logged_models.h"
#include "store/runs.h"

namespace slipway::api {
namespace {

constexpr int64_t kDownloadSeconds = 300;
constexpr int64_t kUploadSeconds = 900;
constexpr int64_t kMaxSeconds = 604'800;  // what the stores take

Result<const files::DirectAccess*> direct(Workspace& workspace, std::string_view what) {
  if (const auto* access = workspace.artifacts.direct()) return access;
  return fail(Code::not_implemented, "{} is not supported for the current artifact repository",
              what);
}

// The client gives its own path of the file; the name is what counts.
Result<files::Path> upload_path(const Call& call) {
  const auto folder = TRY(asked_path(call.path("artifact_path")));
  const auto own = TRY(call.text("path"));
  const auto slash = own.find_last_of("/\\");
  const auto name = slash == own.npos ? own : own.substr(slash + 1);
  auto path = TRY(folder.below(name));
  if (path == folder) {
    return fail(Code::invalid_parameter_value, "Invalid path '{}': it must name a file", own);
  }
  return path;
}

JsonObject headers_json(const files::SignedAddress& address) {
  JsonObject headers;
  for (const auto& [name, value] : address.headers) headers[name] = value;
  return headers;
}

// Where `path` of the run or logged model lies that the body names.
Result<files::Path> path_of(const Call& call, Workspace& workspace) {
  const auto run_id = TRY(call.text_or("run_id", ""));
  const auto model_id = TRY(call.text_or("model_id", ""));
  if (run_id.empty() == model_id.empty()) {
    return fail(Code::invalid_parameter_value,
                "Exactly one of run_id and model_id must be provided.");
  }
  const auto name = TRY(call.text("path"));
  const auto uri = TRY(workspace.store.read([&](db::Connection& c) -> Result<std::string> {
    if (!run_id.empty()) {
      const auto info = TRY(store::get_run_info(c, run_id));
      return info.artifact_uri;
    }
    const auto model = TRY(store::get_logged_model(c, model_id));
    return model.artifact_uri;
  }));
  const auto root = TRY(resolve_artifact_uri(uri, workspace.store));
  auto path = TRY(root.below(name));
  if (path == root) {
    return fail(Code::invalid_parameter_value, "Invalid path '{}': it must name a file", name);
  }
  return path;
}

Result<int64_t> expiration(const Call& call, int64_t otherwise) {
  const auto seconds = TRY(call.integer_or("expiration", otherwise));
  if (seconds < 1 || seconds > kMaxSeconds) {
    return fail(Code::invalid_parameter_value,
                "expiration must be between 1 and {} seconds (got {}).", kMaxSeconds, seconds);
  }
  return seconds;
}

}  // namespace

Result<Json> create_upload(const Call& call, Workspace& workspace) {
  const auto* access = TRY(direct(workspace, "Multipart upload"));
  const auto path = TRY(upload_path(call));
  const auto n_parts = TRY(call.integer_or("num_parts", 1));
  const auto upload = TRY(access->create_upload(path, n_parts));
  JsonArray credentials;
  int64_t number = 0;
  for (const auto& part : upload.parts) {
    credentials.push_back(
        JsonObject{{"url", part.url}, {"part_number", ++number}, {"headers", headers_json(part)}});
  }
  return JsonObject{{"upload_id", upload.upload_id}, {"credentials", std::move(credentials)}};
}

Result<Json> complete_upload(const Call& call, Workspace& workspace) {
  const auto* access = TRY(direct(workspace, "Multipart upload"));
  const auto path = TRY(upload_path(call));
  const auto upload_id = TRY(call.text("upload_id"));
  const auto items = TRY(call.items("parts"));
  std::vector<files::UploadedPart> parts;
  for (const auto& item : items) {
    files::UploadedPart part;
    part.number = TRY(item.integer("part_number"));
    part.etag = TRY(item.text_or("etag", ""));
    parts.push_back(std::move(part));
  }
  if (parts.empty()) {
    return fail(Code::invalid_parameter_value,
                "Missing value for required parameter 'parts': an upload has at least one part");
  }
  TRY(access->complete_upload(path, upload_id, parts));
  return JsonObject();
}

Result<Json> abort_upload(const Call& call, Workspace& workspace) {
  const auto* access = TRY(direct(workspace, "Multipart upload"));
  const auto path = TRY(upload_path(call));
  const auto upload_id = TRY(call.text("upload_id"));
  TRY(access->abort_upload(path, upload_id));
  return JsonObject();
}

Result<Json> presign_download(const Call& call, Workspace& workspace) {
  const auto* access = TRY(direct(workspace, "Multipart download"));
  const auto path = TRY(asked_path(call.path("artifact_path")));
  const auto file = TRY(workspace.artifacts.read(path));
  const auto address = TRY(access->download_address(path, kDownloadSeconds));
  return JsonObject{{"url", address.url},
                    {"headers", headers_json(address)},
                    {"file_size", static_cast<int64_t>(file.size_bytes)}};
}

Result<Json> presign_download_of(const Call& call, Workspace& workspace) {
  const auto* access = TRY(direct(workspace, "Presigned download"));
  const auto seconds = TRY(expiration(call, kDownloadSeconds));
  const auto path = TRY(path_of(call, workspace));
  const auto file = TRY(workspace.artifacts.read(path));
  const auto address = TRY(access->download_address(path, seconds));
  return JsonObject{{"presigned_url", address.url},
                    {"headers", headers_json(address)},
                    {"file_size", static_cast<int64_t>(file.size_bytes)}};
}

Result<Json> presign_upload_of(const Call& call, Workspace& workspace) {
  const auto* access = TRY(direct(workspace, "Presigned upload"));
  const auto seconds = TRY(expiration(call, kUploadSeconds));
  const auto path = TRY(path_of(call, workspace));
  const auto address = TRY(access->upload_address(path, seconds));
  return JsonObject{{"presigned_url", address.url}, {"headers", headers_json(address)}};
}

}  // namespace slipway::api
