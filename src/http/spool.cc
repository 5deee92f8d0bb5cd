#include "http/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/id.h"

namespace slipway::http {
namespace {

// The path is ours, not the client's: the message does not show it.
Error write_error(int reason) {
  if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG) {
    return fail(Code::temporarily_unavailable,
                "the disk has no room for the body; free some space and try again");
  }
  return errno_error(reason, "write", "the body");
}

}  // namespace

Result<Spool> Spool::create(const std::filesystem::path& folder) {
  auto path = folder / fmt::format("request-{}.spool", random_hex(12));
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return write_error(errno);
  return Spool(std::move(path), std::move(file));
}

Spool::~Spool() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<void> Spool::append(std::string_view bytes) {
  if (!write_all(file_.get(), bytes)) return write_error(errno);
  return {};
}

Result<void> Spool::finish() {
  if (file_.close() != 0) return write_error(errno);
  return {};
}

}  // namespace slipway::http
