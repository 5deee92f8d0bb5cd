#include "process/systemd.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/file.h"

namespace slipway::process {

Result<void> tell_systemd(std::string_view state) {
  const char* const name = std::getenv("NOTIFY_SOCKET");
  if (name == nullptr || *name == '\0') return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t n_bytes = std::strlen(name);
  if (n_bytes >= sizeof address.sun_path) return errno_error(ENAMETOOLONG, "telling", name);
  std::memcpy(address.sun_path, name, n_bytes);
  if (name[0] == '@') address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno_error(errno, "telling", name);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + n_bytes);
  const auto sent = ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), length);
  const int error = errno;
  ::close(fd);
  if (sent < 0) return errno_error(error, "telling", name);
  return {};
}

}  // namespace slipway::process
