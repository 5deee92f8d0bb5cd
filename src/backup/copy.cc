#include "backup/copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/id.h"

namespace slipway::backup {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPiece = 1 << 20;

Descriptor open_file(const fs::path& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600));
}

// Hand a whole file to `each` in pieces.
template <typename Each>
Result<void> read_pieces(int fd, const fs::path& path, Each each) {
  std::vector<char> piece(kPiece);
  while (true) {
    const auto n = ::read(fd, piece.data(), piece.size());
    if (n == 0) return {};
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "reading", path);
    TRY(each(std::string_view(piece.data(), static_cast<size_t>(n))));
  }
}

}  // namespace

Result<std::optional<BackedUpFile>> copy_whole(const fs::path& from, const fs::path& to) {
  const Descriptor source = open_file(from, O_RDONLY | O_NOFOLLOW);
  if (source.get() < 0 && errno == ENOENT) return std::optional<BackedUpFile>();
  if (source.get() < 0) return errno_error(errno, "opening", from);
  struct stat about{};
  if (::fstat(source.get(), &about) != 0) return errno_error(errno, "opening", from);
  const Descriptor target = open_file(to, O_WRONLY | O_CREAT | O_EXCL);
  if (target.get() < 0) return errno_error(errno, "writing", to);
  BackedUpFile out;
  Sha256 digest;
  TRY(read_pieces(source.get(), from, [&](std::string_view piece) -> Result<void> {
    digest.add(piece);
    out.size_bytes += piece.size();
    return write_all(target.get(), piece) ? Result<void>() : errno_error(errno, "writing", to);
  }));
  if (::fsync(target.get()) != 0) return errno_error(errno, "writing", to);
  out.modified_ns = int64_t{about.st_mtim.tv_sec} * 1'000'000'000 + about.st_mtim.tv_nsec;
  out.sha256 = digest.hex();
  return std::optional(std::move(out));
}

Result<std::string> sha256_of(const fs::path& path) {
  const Descriptor source = open_file(path, O_RDONLY | O_NOFOLLOW);
  if (source.get() < 0) return errno_error(errno, "opening", path);
  Sha256 digest;
  TRY(read_pieces(source.get(), path, [&](std::string_view piece) -> Result<void> {
    digest.add(piece);
    return {};
  }));
  return digest.hex();
}

}  // namespace slipway::backup
