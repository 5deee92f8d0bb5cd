#include "http/file_piece.h"

#include <unistd.h>

#include <cerrno>

namespace slipway::http {

Result<size_t> read_piece(int fd, uint64_t offset, std::span<char> out) {
  size_t n_read = 0;
  while (n_read < out.size()) {
    const auto n =
        ::pread(fd, &out[n_read], out.size() - n_read, static_cast<off_t>(offset + n_read));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Code::internal_error, "the file cannot be read (errno {})", errno);
    if (n == 0) break;
    n_read += static_cast<size_t>(n);
  }
  return n_read;
}

}  // namespace slipway::http
