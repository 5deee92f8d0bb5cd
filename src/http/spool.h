// http/spool.h — a request body that is written to a file while it comes in.
#pragma once
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"

namespace slipway::http {

/// A file of its own name in a folder; removed at the end of the scope unless it was moved away.
class Spool {
 public:
  /// Errors   as errno_error; temporarily_unavailable for a full disk.
  static Result<Spool> create(const std::filesystem::path& folder);

  Spool(Spool&& other) noexcept
      : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
  Spool& operator=(Spool&&) = delete;
  ~Spool();

  /// Errors   temporarily_unavailable: the disk, quota or file size limit is reached.
  Result<void> append(std::string_view bytes);
  /// Close the file; its name stays. Errors as append(): some file systems tell only now.
  Result<void> finish();
  const std::filesystem::path& path() const { return path_; }

 private:
  Spool(std::filesystem::path path, Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}
  std::filesystem::path path_;
  Descriptor file_;
};

}  // namespace slipway::http
