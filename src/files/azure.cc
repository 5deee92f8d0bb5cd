#include "files/azure.h"

#include <arrow/filesystem/azurefs.h>

#include <cstdlib>
#include <string>

#include "base/text.h"
#include "files/azure_blobs.h"
#include "files/object_error.h"

namespace slipway::files {
namespace {

std::string environment(const char* name) {
  const auto* value = std::getenv(name);
  return value ? value : "";
}

// The account's key: of its own variable, or of a connection string (A=b;C=d;…).
std::string account_key() {
  for (const auto* name : {"AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_KEY"}) {
    if (auto key = environment(name); !key.empty()) return key;
  }
  constexpr std::string_view kKey = "AccountKey=";
  for (const auto& part : split(environment("AZURE_STORAGE_CONNECTION_STRING"), ';')) {
    if (part.starts_with(kKey)) return part.substr(kKey.size());
  }
  return "";
}

// wasb(s)://CONTAINER@ACCOUNT.blob.… is another spelling of abfs(s)://CONTAINER@ACCOUNT.dfs.…
std::string as_abfs(std::string_view uri) {
  std::string text(uri);
  if (!text.starts_with("wasb")) return text;
  text = "abfs" + text.substr(4);
  constexpr std::string_view kBlob = ".blob.core.windows.net";
  const auto host = text.find(kBlob);
  if (host != text.npos) text.replace(host, kBlob.size(), ".dfs.core.windows.net");
  return text;
}

}  // namespace

Result<ObjectPlace> open_azure(std::string_view uri) {
  std::string base;
  auto options = arrow::fs::AzureOptions::FromUri(as_abfs(uri), &base);
  if (!options.ok()) {
    return fail(
        Code::invalid_parameter_value,
        "--artifacts {}: {}; accepted: abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PREFIX",
        uri.substr(0, uri.find('?')), options.status().message());
  }
  if (base.empty()) {
    return fail(Code::invalid_parameter_value, "--artifacts {}: it names no container",
                uri.substr(0, uri.find('?')));
  }
  const auto key = account_key();
  const auto token = environment("AZURE_STORAGE_SAS_TOKEN");
  arrow::Status configured;
  if (!key.empty()) {
    if (!base64_decode(key)) {
      return fail(Code::invalid_parameter_value, "the Azure account key is not base64");
    }
    configured = options->ConfigureAccountKeyCredential(key);
  } else if (!token.empty()) {
    configured = options->ConfigureSASCredential(token);
  }
  const auto container = base.substr(0, base.find('/'));
  const auto title = fmt::format("Azure container {} of {}", container, options->account_name);
  if (!configured.ok()) return object_error(configured, "open", container, title);
  options->background_writes = false;  // its queue has no limit
  const auto files = arrow::fs::AzureFileSystem::Make(*options);
  if (!files.ok()) return object_error(files.status(), "open", container, title);
  ObjectPlace place;
  place.files = *files;
  place.base = base;
  place.title = title;
  if (key.empty() && token.empty()) return place;
  const auto blobs = std::make_shared<const AzureBlobs>(AzureAccount{
      options->account_name, key, token.substr(token.starts_with('?') ? 1 : 0),
      options->AccountBlobUrl(options->account_name), container, base.substr(container.size())});
  place.upload = [blobs](const Path& path, const NextPiece& next) {
    return blobs->upload(path, next);
  };
  if (!key.empty()) place.direct = blobs;  // the server's own token must not reach clients
  return place;
}

}  // namespace slipway::files
