#include "base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "base/descriptor.h"
#include "base/id.h"

namespace slipway {
namespace {

Result<void> write_with_mode(const std::filesystem::path& path, std::string_view bytes,
                             mode_t mode) {
  const auto part = path.parent_path() / fmt::format(".{}.part", random_hex(8));
  Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (file.get() < 0) return errno_error(errno, "write", path);
  const bool written =
      write_all(file.get(), bytes) && ::fsync(file.get()) == 0 && file.close() == 0;
  if (written && ::rename(part.c_str(), path.c_str()) == 0) return {};
  const int reason = errno;
  ::unlink(part.c_str());
  return errno_error(reason, "write", path);
}

}  // namespace

Error errno_error(int error_number, std::string_view doing, const std::filesystem::path& path) {
  Code code = Code::internal_error;
  if (error_number == ENOENT || error_number == ENOTDIR) code = Code::resource_does_not_exist;
  if (error_number == EACCES || error_number == EPERM) code = Code::permission_denied;
  if (error_number == EEXIST) code = Code::resource_already_exists;
  if (error_number == ENOSPC || error_number == EDQUOT) code = Code::temporarily_unavailable;
  return fail(code, "cannot {} '{}': {}", doing, path.string(), std::strerror(error_number));
}

Result<std::string> read_file(const std::filesystem::path& path, size_t max_bytes) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return errno_error(errno, "read", path);
  std::string bytes;
  char buffer[1 << 16];
  while (true) {
    const auto n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "read", path);
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(n));
    if (bytes.size() > max_bytes) {
      return fail(Code::invalid_parameter_value, "'{}' is larger than the {} bytes allowed",
                  path.string(), max_bytes);
    }
  }
}

Result<void> write_file(const std::filesystem::path& path, std::string_view bytes) {
  return write_with_mode(path, bytes, 0644);
}

Result<void> write_private_file(const std::filesystem::path& path, std::string_view bytes) {
  TRY(write_with_mode(path, bytes, 0600));
  const auto parent = std::filesystem::absolute(path).parent_path();
  const Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0 && ::fsync(folder.get()) == 0) return {};
  return errno_error(errno, "write the folder", parent);
}

Result<void> make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return errno_error(error.value(), "make the folder", path);
  return {};
}

Result<TemporaryFolder> TemporaryFolder::make(const std::filesystem::path& parent) {
  std::error_code error;
  const auto base = parent.empty() ? std::filesystem::temp_directory_path(error) : parent;
  auto name = (base / "slipway-XXXXXX").string();
  if (!mkdtemp(name.data())) return errno_error(errno, "make a temporary folder in", base);
  return TemporaryFolder(name);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty() && !keeps_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace slipway
