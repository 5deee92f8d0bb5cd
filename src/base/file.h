// base/file.h — whole small files: read one, write one so that no half of it is ever seen.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

/// Turn errno of a failed call on `path` into an Error that names both.
/// Errors   resource_does_not_exist (ENOENT, ENOTDIR), permission_denied, resource_already_exists,
///          temporarily_unavailable for a full disk or quota, otherwise internal_error.
Error errno_error(int error_number, std::string_view doing, const std::filesystem::path& path);

/// Read a whole file. Errors as errno_error; invalid_parameter_value over `max_bytes`.
Result<std::string> read_file(const std::filesystem::path& path, size_t max_bytes = 1u << 30);

/// Write a whole file by a temporary sibling, fsync and rename: after a crash the old or the new.
/// Errors   as errno_error; the old file is then untouched and nothing is left beside it.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);

/// As write_file, for the owner's eyes alone (mode 0600); on return its name is on the disk too.
Result<void> write_private_file(const std::filesystem::path& path, std::string_view bytes);

/// Make a folder and its parents; an existing one is fine. Errors as errno_error.
Result<void> make_folder(const std::filesystem::path& path);

/// A fresh folder (mode 0700) that goes, with all in it, at the end of its scope.
class TemporaryFolder {
 public:
  /// Errors   as errno_error. `parent` is the system's temporary folder where empty.
  static Result<TemporaryFolder> make(const std::filesystem::path& parent = {});
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }
  /// Leave the folder in place at the end.
  void keep() { keeps_ = true; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
  bool keeps_ = false;
};

}  // namespace slipway
