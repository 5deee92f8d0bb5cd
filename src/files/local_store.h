// files/local_store.h — artifacts in a folder of this machine that no name can lead out of.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/artifact_store.h"

namespace slipway::files {

/// Artifacts in one local folder. Every name is opened relative to a handle of that folder and may
/// neither leave it nor pass a symbolic link.
class LocalStore : public ArtifactStore {
 public:
  /// Open the store in `root`, made where missing; what an earlier crash left in the spool folder
  /// is removed, so one process at a time.
  /// Errors   as errno_error; not_implemented: the kernel lacks openat2 (before Linux 5.6).
  static Result<std::unique_ptr<LocalStore>> open(const std::filesystem::path& root);

  Result<std::vector<Entry>> list(const Path& folder) const override;
  Result<File> read(const Path& path) const override;
  Result<void> put_file(const Path& path, const std::filesystem::path& spooled) override;
  Result<void> put(const Path& path, std::string_view bytes) override;
  Result<void> remove(const Path& path) override;
  Result<void> remove_all(std::span<const Path> paths) override;
  /// The folder itself.
  Result<std::filesystem::path> local_folder(const Path& folder) const override;
  /// In the same file system, so that put_file() is a rename.
  std::filesystem::path spool_folder() const override;

 private:
  LocalStore(std::filesystem::path root, Descriptor root_handle, Descriptor spool_handle);
  Result<Descriptor> open_below(const Path& path, int flags) const;
  Result<Descriptor> open_or_make_folder(const Path& folder);
  Result<void> place(const Path& path, const std::string& spooled_name);
  /// Move it out of sight: its new name in the spool, or "" where there was nothing.
  Result<std::string> bury(const Path& path, const Descriptor& folder) const;
  /// The folder that something is to go from; nothing where there is none.
  Result<std::optional<Descriptor>> folder_to_change(const Path& path) const;

  std::filesystem::path root_;
  Descriptor root_handle_;
  Descriptor spool_handle_;
};

}  // namespace slipway::files
