// client/artifacts.h — a run's files on a server, and model addresses to local folders.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "client/server.h"

namespace slipway::client {

struct FileInfo {
  std::string path;  // below the run's artifacts
  bool is_dir = false;
  int64_t size_bytes = 0;
};

/// List one folder of a run's artifacts ("" = the top).
Result<std::vector<FileInfo>> list_artifacts(Server& server, std::string_view run_id,
                                             std::string_view path);
/// The same of the folder at an artifact address as download() takes it; paths are below it.
/// Errors   not_implemented: the files are not behind this server.
Result<std::vector<FileInfo>> list_files(Server& server, std::string_view uri);

/// Delete a file, or a folder with all in it, of a run's artifacts.
/// Errors   resource_does_not_exist: it is not there; not_implemented: not behind this server.
Result<void> delete_artifact(Server& server, std::string_view run_id, std::string_view path);

/// Add a file, or a folder with all in it, to a run's artifacts below `path`.
/// Errors   as Server::put_file; not_implemented: the run's artifacts are not behind this server.
Result<void> upload(Server& server, std::string_view run_id, const std::filesystem::path& from,
                    std::string_view path);

/// As upload(), to an artifact address, such as a run's or a logged model's.
Result<void> upload_to(Server& server, std::string_view artifact_uri,
                       const std::filesystem::path& from, std::string_view path);

/// Fetch one file of a run's artifacts.
Result<void> download_file(Server& server, std::string_view run_id, std::string_view path,
                           const std::filesystem::path& to);

/// A model address, cut up.
struct ModelUri {
  enum class Kind { folder, run, version, stage, alias, logged };
  Kind kind = Kind::folder;
  std::string name;   // registered model; run id; logged model's id; or the folder itself
  std::string place;  // version, stage, alias; or the path within the run
};

/// Cut up `models:/NAME/VERSION`, `models:/NAME/STAGE`, `models:/NAME@ALIAS`,
/// `models:/NAME/latest`, `models:/m-ID` (a logged model), `runs:/RUN_ID/PATH`, or a folder.
/// Errors   invalid_parameter_value: another scheme, or a part is missing; lists the forms.
Result<ModelUri> parse_model_uri(std::string_view uri);

/// A model's folder on this machine; one that was fetched goes at the end of the scope.
struct LocalModel {
  std::filesystem::path folder;
  std::optional<TemporaryFolder> fetched;
};

/// Give the folder of any model address, fetching it where it is not local.
/// Errors   as download(); resource_does_not_exist: no such folder.
Result<LocalModel> fetch_model(Server& server, std::string_view uri);

/// Fetch all files at an address into the folder `to` (made if needed). It is one of those of
/// models, `runs:/RUN_ID` for all of a run, or either with the path of a file or folder behind it.
/// Errors   resource_does_not_exist: nothing there; not_implemented: not behind this server.
Result<void> download(Server& server, std::string_view uri, const std::filesystem::path& to);

}  // namespace slipway::client
