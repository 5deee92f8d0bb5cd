// files/folder_cache.h — copies on this disk of folders that lie in an object store.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "files/artifact_store.h"

namespace slipway::files {

/// Whole copies, each in a folder that is named by what is in it (names and validators), so one
/// that is there is right. The longest unused go when there are too many bytes.
class FolderCache {
 public:
  /// Open the cache in `root`, made where missing; half-fetched copies of an earlier crash go.
  /// Errors   as errno_error.
  static Result<FolderCache> open(const std::filesystem::path& root, uint64_t max_bytes);

  /// Give a folder that holds what `folder` of `store` holds now; it appears whole. It stays for
  /// some minutes at least, so that it can be read.
  /// Errors   resource_does_not_exist: nothing there; as store.read() and errno_error.
  Result<std::filesystem::path> fetch(const ArtifactStore& store, const Path& folder) const;

 private:
  FolderCache(std::filesystem::path root, uint64_t max_bytes)
      : root_(std::move(root)), max_bytes_(max_bytes), fetching_(std::make_unique<std::mutex>()) {}
  void drop_unused() const;

  std::filesystem::path root_;
  uint64_t max_bytes_;
  std::unique_ptr<std::mutex> fetching_;  // one at a time
};

}  // namespace slipway::files
