// data/part_file.h — a file being written under a hidden name until it is whole.
#pragma once
#include <filesystem>
#include <memory>

#include "base/result.h"

namespace arrow {
class Status;
namespace io {
class FileOutputStream;
}
}  // namespace arrow

namespace slipway::data {

/// Writes beside its target and takes the target's name at commit(). Destroyed without commit()
/// it leaves nothing behind, and an older target stays as it was. One thread at a time.
class PartFile {
 public:
  /// Errors   as slipway::errno_error.
  static Result<PartFile> open(const std::filesystem::path& path);
  PartFile(PartFile&&) noexcept;
  PartFile& operator=(PartFile&&) noexcept;
  ~PartFile();

  const std::shared_ptr<arrow::io::FileOutputStream>& stream() const { return stream_; }

  /// What a failed call that wrote into stream() says; a full disk is named as such.
  Error error(const arrow::Status& status) const;

  /// Bring all bytes to disk and rename. Errors as slipway::errno_error.
  Result<void> commit();

 private:
  PartFile(std::filesystem::path path, std::filesystem::path part);
  void discard();

  std::filesystem::path path_;
  std::filesystem::path part_;  // empty once it is gone
  std::shared_ptr<arrow::io::FileOutputStream> stream_;
};

}  // namespace slipway::data
