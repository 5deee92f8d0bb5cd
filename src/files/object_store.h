// files/object_store.h — artifacts as the objects below a prefix of a bucket or container.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "files/artifact_store.h"
#include "files/direct_access.h"
#include "files/folder_cache.h"

namespace arrow::fs {
class FileSystem;
}

namespace slipway::files {

/// Gives a file's bytes piece by piece, and "" at its end.
using NextPiece = std::function<Result<std::string_view>()>;

/// What one kind of object store consists of, as s3.h and azure.h make it.
struct ObjectPlace {
  std::shared_ptr<const void> library;  // what must run as long as the rest is used
  std::shared_ptr<arrow::fs::FileSystem> files;
  std::string base;                            // bucket or container, and the prefix: "bucket/a/b"
  std::string title;                           // for messages, such as "s3://bucket"
  std::shared_ptr<const DirectAccess> direct;  // null: clients must go through the server
  /// In place of Arrow's way to write, where that shows half a file; after an error nothing is
  /// there.
  std::function<Result<void>(const Path&, const NextPiece&)> upload;
};

/// Artifacts in an object store, through Arrow's file systems. A file appears when its upload is
/// complete, a broken upload never; folders are prefixes, and an emptied one stays as a marker.
class ObjectStore : public ArtifactStore {
 public:
  /// spool, cache   folders of this disk, made where missing; what an earlier crash left in the
  ///                spool is removed
  /// Errors   resource_does_not_exist: no such bucket; permission_denied: the store refuses us;
  ///          temporarily_unavailable: it does not answer.
  static Result<std::unique_ptr<ObjectStore>> open(ObjectPlace place,
                                                   const std::filesystem::path& spool,
                                                   const std::filesystem::path& cache);

  Result<std::vector<Entry>> list(const Path& folder) const override;
  Result<File> read(const Path& path) const override;
  Result<void> put_file(const Path& path, const std::filesystem::path& spooled) override;
  Result<void> put(const Path& path, std::string_view bytes) override;
  Result<void> remove(const Path& path) override;
  Result<void> remove_all(std::span<const Path> paths) override;
  /// A copy in the cache folder, fetched where it is not there yet.
  Result<std::filesystem::path> local_folder(const Path& folder) const override;
  std::filesystem::path spool_folder() const override { return spool_; }
  const DirectAccess* direct() const override { return place_.direct.get(); }

 private:
  ObjectStore(ObjectPlace place, std::filesystem::path spool, FolderCache cache);
  std::string key(const Path& path) const;
  Result<void> upload(const Path& path, const NextPiece& next_piece);

  ObjectPlace place_;
  std::filesystem::path spool_;
  FolderCache cache_;
};

}  // namespace slipway::files
