// files/artifact_store.h — artifacts by path, in a folder that no name can lead out of.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/path.h"

namespace slipway::files {

/// An open file or folder; closed at the end of its scope unless released.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// One row of a folder's listing.
struct Entry {
  std::string name;  // last segment only
  bool is_dir = false;
  int64_t size_bytes = 0;  // 0 of a folder
};

/// A file open for reading. Its content stays as it was, also when it is replaced meanwhile.
struct File {
  Descriptor descriptor;
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;  // since 1970-01-01 UTC
  uint64_t inode = 0;

  /// A strong validator in quotes, other for other content at this path.
  std::string etag() const;
};

/// Artifacts in one local folder. Every name is opened relative to a handle of that folder and may
/// neither leave it nor pass a symbolic link. Safe from any thread.
class ArtifactStore {
 public:
  /// Open the store in `root`, made where missing; what an earlier crash left in the spool folder
  /// is removed, so one process at a time.
  /// Errors   as errno_error; not_implemented: the kernel lacks openat2 (before Linux 5.6).
  static Result<ArtifactStore> open(const std::filesystem::path& root);

  /// List a folder by name; empty where it is missing or is a file. Only files and folders show.
  Result<std::vector<Entry>> list(const Path& folder) const;

  /// Open a file for reading.
  /// Errors   resource_does_not_exist: nothing there, or a folder; permission_denied: the path
  ///          passes a symbolic link or names a device.
  Result<File> read(const Path& path) const;

  /// Read a whole file. Errors as read(); invalid_parameter_value over `max_bytes`.
  Result<std::string> read_whole(const Path& path, size_t max_bytes) const;

  /// Move a finished file of spool_folder() to `path`, making its folders; an old file there is
  /// replaced in one step. Returns after the bytes and the name are on disk.
  /// Errors   invalid_parameter_value: `path` is the root or a folder; temporarily_unavailable: the
  ///          disk is full (nothing is then changed).
  Result<void> put_file(const Path& path, const std::filesystem::path& spooled);

  /// As put_file(), from memory.
  Result<void> put(const Path& path, std::string_view bytes);

  /// Remove a file or a folder with all in it, for readers in one step; nothing there is fine.
  /// Errors   invalid_parameter_value: the root.
  Result<void> remove(const Path& path);

  /// Where a folder lies on this disk, for readers that need a real one. Errors as read().
  Result<std::filesystem::path> local_folder(const Path& folder) const;

  /// Where bodies may be collected so that put_file() is a rename.
  std::filesystem::path spool_folder() const;

 private:
  ArtifactStore(std::filesystem::path root, Descriptor root_handle, Descriptor spool_handle);
  Result<Descriptor> open_below(const Path& path, int flags) const;
  Result<Descriptor> open_or_make_folder(const Path& folder);
  Result<void> place(const Path& path, const std::string& spooled_name);

  std::filesystem::path root_;
  Descriptor root_handle_;
  Descriptor spool_handle_;
};

}  // namespace slipway::files
