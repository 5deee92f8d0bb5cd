// files/artifact_store.h — artifacts by path: what every place that can keep them answers.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "files/path.h"

namespace slipway::files {

class DirectAccess;

/// One row of a folder's listing.
struct Entry {
  std::string name;  // last segment only
  bool is_dir = false;
  int64_t size_bytes = 0;  // 0 of a folder
};

/// The bytes of a file that lies elsewhere. Safe from any thread.
class RemoteContent {
 public:
  virtual ~RemoteContent() = default;
  /// As File::read_at().
  virtual Result<size_t> read_at(uint64_t offset, std::span<char> out) const = 0;
};

/// A file open for reading: either `descriptor` or `remote` has its bytes.
struct File {
  uint64_t size_bytes = 0;
  std::string etag;  // a strong validator in quotes, other for other content at this path
  Descriptor descriptor;
  std::shared_ptr<const RemoteContent> remote;

  /// Fill `out` from `offset` on; gives how many bytes there were, fewer only at the file's end.
  ///
  /// The bytes are those that the file had when it was opened, also when it is replaced meanwhile.
  /// Errors   data_loss: it was replaced and the old bytes are gone (object stores only).
  Result<size_t> read_at(uint64_t offset, std::span<char> out) const;
};

/// Artifacts by path, on a local disk or in an object store. A file is whole or not there, and no
/// path leads out of the store's folder. Safe from any thread.
class ArtifactStore {
 public:
  virtual ~ArtifactStore() = default;

  /// List a folder by name; empty where it is missing or is a file. Only files and folders show.
  virtual Result<std::vector<Entry>> list(const Path& folder) const = 0;

  /// Open a file for reading.
  /// Errors   resource_does_not_exist: nothing there, or a folder; permission_denied: the path
  ///          passes a symbolic link or names a device, or the object store refuses us;
  ///          temporarily_unavailable: the object store does not answer.
  virtual Result<File> read(const Path& path) const = 0;

  /// Keep a finished file of spool_folder() as `path`, making its folders; an old file there is
  /// replaced in one step. The spooled file may be gone afterwards. Returns when it is durable.
  /// Errors   invalid_parameter_value: `path` is the root or a folder; temporarily_unavailable: the
  ///          disk is full or the object store does not answer (nothing is then changed);
  ///          permission_denied: the object store refuses us.
  virtual Result<void> put_file(const Path& path, const std::filesystem::path& spooled) = 0;

  /// As put_file(), from memory.
  virtual Result<void> put(const Path& path, std::string_view bytes) = 0;

  /// Remove a file or a folder with all in it (on a local disk in one step for readers); nothing
  /// there is fine.
  /// Errors   invalid_parameter_value: the root; else as put_file().
  virtual Result<void> remove(const Path& path) = 0;

  /// Remove many, as remove() does each of them, but wait for the disk once for all in a folder, or
  /// for several answers of an object store at a time. When it returns, it is durable.
  /// Errors   as remove(), the first one; others may be gone or not.
  virtual Result<void> remove_all(std::span<const Path> paths) = 0;

  /// Give a folder on this disk that holds what `folder` holds, for readers that need a real one.
  /// Errors   as read().
  virtual Result<std::filesystem::path> local_folder(const Path& folder) const = 0;

  /// Where bodies are collected for put_file().
  virtual std::filesystem::path spool_folder() const = 0;

  /// Uploads and downloads that pass this server by; null where the store has none.
  virtual const DirectAccess* direct() const { return nullptr; }

  /// Read a whole file. Errors as read(); invalid_parameter_value over `max_bytes`.
  Result<std::string> read_whole(const Path& path, size_t max_bytes) const;
};

/// The answer for a path that names no file.
Error no_such_file(const Path& path);

}  // namespace slipway::files
