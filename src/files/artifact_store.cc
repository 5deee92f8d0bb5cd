#include "files/artifact_store.h"

#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace slipway::files {

Error no_such_file(const Path& path) {
  return fail(Code::resource_does_not_exist, "No such artifact: '{}'", path.text());
}

Result<size_t> File::read_at(uint64_t offset, std::span<char> out) const {
  if (remote) return remote->read_at(offset, out);
  size_t n_read = 0;
  while (n_read < out.size()) {
    const auto n = ::pread(descriptor.get(), out.data() + n_read, out.size() - n_read,
                           static_cast<off_t>(offset + n_read));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "read", "an artifact");
    if (n == 0) break;
    n_read += static_cast<size_t>(n);
  }
  return n_read;
}

Result<std::string> ArtifactStore::read_whole(const Path& path, size_t max_bytes) const {
  const auto file = TRY(read(path));
  if (file.size_bytes > max_bytes) {
    return fail(Code::invalid_parameter_value, "'{}' has {} bytes, at most {} are read",
                path.text(), file.size_bytes, max_bytes);
  }
  std::string bytes(file.size_bytes, '\0');
  const auto n_read = TRY(file.read_at(0, bytes));
  bytes.resize(n_read);
  return bytes;
}

}  // namespace slipway::files
