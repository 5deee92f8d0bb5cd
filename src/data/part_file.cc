#include "data/part_file.h"

#include <arrow/io/file.h>
#include <arrow/status.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/id.h"
#include "data/arrow_status.h"

namespace slipway::data {
namespace {

// A rename is safe from a power cut only when its folder is on disk too.
void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

PartFile::PartFile(std::filesystem::path path, std::filesystem::path part)
    : path_(std::move(path)), part_(std::move(part)) {}

PartFile::PartFile(PartFile&& other) noexcept
    : path_(std::move(other.path_)),
      part_(std::exchange(other.part_, {})),
      stream_(std::move(other.stream_)) {}

PartFile& PartFile::operator=(PartFile&& other) noexcept {
  if (this == &other) return *this;
  discard();
  path_ = std::move(other.path_);
  part_ = std::exchange(other.part_, {});
  stream_ = std::move(other.stream_);
  return *this;
}

PartFile::~PartFile() { discard(); }

void PartFile::discard() {
  if (part_.empty()) return;
  if (stream_) (void)stream_->Abort();
  ::unlink(part_.c_str());
  part_.clear();
}

Result<PartFile> PartFile::open(const std::filesystem::path& path) {
  PartFile file(path, path.parent_path() / fmt::format(".{}.part", random_hex(8)));
  const int fd = ::open(file.part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    file.part_.clear();
    return errno_error(errno, "write", path);
  }
  auto stream = arrow::io::FileOutputStream::Open(fd);
  if (!stream.ok()) {
    ::close(fd);
    return file.error(stream.status());
  }
  file.stream_ = std::move(stream).ValueUnsafe();
  return file;
}

Error PartFile::error(const arrow::Status& status) const {
  return arrow_file_error(status, "write", path_);
}

Result<void> PartFile::commit() {
  if (::fsync(stream_->file_descriptor()) != 0) return errno_error(errno, "write", path_);
  if (const auto closed = stream_->Close(); !closed.ok()) return error(closed);
  if (::rename(part_.c_str(), path_.c_str()) != 0) return errno_error(errno, "write", path_);
  part_.clear();
  sync_folder(path_.parent_path());
  return {};
}

}  // namespace slipway::data
