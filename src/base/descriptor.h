// base/descriptor.h — an open file's number that is closed at the end of its scope.
#pragma once
#include <string_view>
#include <utility>

namespace slipway {

/// An open file, folder or pipe; closed at the end of its scope unless released.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  /// Close now; what close(2) gives: some file systems tell only now that a write failed.
  int close();

 private:
  int fd_ = -1;
};

/// Write all bytes at the place where the file stands. False where that failed; errno says why.
bool write_all(int fd, std::string_view bytes);

}  // namespace slipway
