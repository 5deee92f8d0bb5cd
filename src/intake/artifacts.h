// intake/artifacts.h — takes over the files of another tracker, and says where they are from now
// on.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "files/artifact_store.h"

namespace slipway::intake {

struct ArtifactCounts {
  int64_t n_source_files = 0;
  int64_t n_files = 0;  // of those, how many are in our store, with their size
  uint64_t n_bytes = 0;
  int64_t n_elsewhere = 0;    // addresses such as s3://… that stay as they are
  int64_t n_unreachable = 0;  // addresses whose files cannot be seen from here
};

/// Copies artifacts into a store, file by file; a file that is there already with its size is not
/// copied again. Both are borrowed.
class ArtifactTaker {
 public:
  /// root   the folder that MLflow's `mlflow-artifacts:/` stands for (its server's
  ///        --artifacts-destination); empty: not known, such files are counted as unreachable.
  ArtifactTaker(files::ArtifactStore& store, std::filesystem::path root)
      : store_(store), root_(std::move(root)) {}

  /// Copy what lies at `uri` and give its address from now on.
  ///
  /// own      the path that a local folder gets in our store, such as `0/RUN_ID/artifacts`
  /// Errors   as ArtifactStore::put_file; a name that the store refuses is logged and counted only.
  Result<std::string> take(const std::string& uri, const std::string& own);

  const ArtifactCounts& counts() const { return counts_; }

 private:
  Result<void> copy_folder(const std::filesystem::path& from, std::string_view to);
  Result<void> copy_file(const std::filesystem::path& from, const files::Path& to);

  files::ArtifactStore& store_;
  std::filesystem::path root_;
  ArtifactCounts counts_;
};

/// The address that files at `uri` get, without copying; `own` as above.
std::string address_from_now_on(const std::string& uri, const std::string& own);

}  // namespace slipway::intake
