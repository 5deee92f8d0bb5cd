#include "files/local_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>

#include "base/file.h"
#include "base/guarded.h"
#include "base/id.h"
#include "files/at_once.h"

namespace slipway::files {
namespace {

constexpr int kPlaceAttempts = 100;  // against others that remove the folder meanwhile

// A name that no artifact may have: files on their way in and folders on their way out.
constexpr char kSpool[] = ".spool";

int open_beneath(int folder, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  while (true) {
    const auto fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return static_cast<int>(fd);
  }
}

Error path_error(int error_number, std::string_view doing, const Path& path) {
  if (error_number == ELOOP || error_number == EXDEV || error_number == ENXIO) {
    return fail(Code::permission_denied,
                "cannot {} '{}': it is no plain file, or its path passes a symbolic link", doing,
                path.text());
  }
  if (error_number == EISDIR || error_number == ENOTEMPTY || error_number == ENOTDIR) {
    return fail(Code::invalid_parameter_value,
                "cannot {} '{}': a file and a folder cannot have the same name", doing,
                path.text());
  }
  return errno_error(error_number, doing, path.text());
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using OpenFolder = std::unique_ptr<DIR, CloseFolder>;

OpenFolder open_folder(Descriptor descriptor) {
  OpenFolder folder(fdopendir(descriptor.get()));
  if (folder) descriptor.release();
  return folder;
}

bool is_dot(std::string_view name) { return name == "." || name == ".."; }

// Remove a folder's entry with all below it; follows no link.
void remove_tree(int parent, const char* name) {
  if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return;
  const auto folder = open_folder(
      Descriptor(openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
  if (!folder) return;
  while (const auto* entry = readdir(folder.get())) {
    if (!is_dot(entry->d_name)) remove_tree(dirfd(folder.get()), entry->d_name);
  }
  unlinkat(parent, name, AT_REMOVEDIR);
}

void remove_all_in(int folder_handle) {
  const auto folder =
      open_folder(Descriptor(openat(folder_handle, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  if (!folder) return;
  while (const auto* entry = readdir(folder.get())) {
    if (!is_dot(entry->d_name)) remove_tree(folder_handle, entry->d_name);
  }
}

bool is_spool(const Path& path) {
  const auto& text = path.text();
  return text == kSpool || text.starts_with(std::string(kSpool) + "/");
}

std::string etag_of(const struct stat& status) {
  const auto modified_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec;
  return fmt::format("\"{:x}-{:x}-{:x}\"", status.st_ino, status.st_size, modified_ns);
}

}  // namespace

LocalStore::LocalStore(std::filesystem::path root, Descriptor root_handle, Descriptor spool_handle)
    : root_(std::move(root)),
      root_handle_(std::move(root_handle)),
      spool_handle_(std::move(spool_handle)) {}

Result<std::unique_ptr<LocalStore>> LocalStore::open(const std::filesystem::path& root) {
  std::error_code error;
  const auto place = std::filesystem::absolute(root, error);
  TRY(make_folder(place));
  Descriptor handle(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.get() < 0) return errno_error(errno, "open the folder", place);
  if (mkdirat(handle.get(), kSpool, 0700) != 0 && errno != EEXIST) {
    return errno_error(errno, "make the folder", place / kSpool);
  }
  Descriptor spool(open_beneath(handle.get(), kSpool, O_RDONLY | O_DIRECTORY));
  if (spool.get() < 0 && errno == ENOSYS) {
    return fail(Code::not_implemented, "artifacts need openat2, which Linux has since 5.6");
  }
  if (spool.get() < 0) return errno_error(errno, "open the folder", place / kSpool);
  // what a crash left goes, unless another server is at work in this folder, as they may be that
  // share a database: each holds the shared lock while it runs
  if (flock(spool.get(), LOCK_EX | LOCK_NB) == 0) remove_all_in(spool.get());
  flock(spool.get(), LOCK_SH | LOCK_NB);
  return std::unique_ptr<LocalStore>(new LocalStore(place, std::move(handle), std::move(spool)));
}

std::filesystem::path LocalStore::spool_folder() const { return root_ / kSpool; }

Result<Descriptor> LocalStore::open_below(const Path& path, int flags) const {
  if (is_spool(path)) return no_such_file(path);
  const char* name = path.is_root() ? "." : path.text().c_str();
  Descriptor opened(open_beneath(root_handle_.get(), name, flags));
  if (opened.get() >= 0) return opened;
  if (errno == ENOENT || errno == ENOTDIR) return no_such_file(path);
  return path_error(errno, "open", path);
}

Result<std::vector<Entry>> LocalStore::list(const Path& path) const {
  std::vector<Entry> entries;
  auto opened = open_below(path, O_RDONLY | O_DIRECTORY);
  if (!opened.ok()) {
    if (opened.error().code == Code::resource_does_not_exist) return entries;
    return std::move(opened).error();
  }
  const auto folder = open_folder(std::move(*opened));
  if (!folder) return path_error(errno, "list", path);
  while (const auto* found = readdir(folder.get())) {
    if (is_dot(found->d_name) || (path.is_root() && std::string_view(found->d_name) == kSpool)) {
      continue;
    }
    struct stat status{};
    if (fstatat(dirfd(folder.get()), found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const bool is_dir = S_ISDIR(status.st_mode);
    if (!is_dir && !S_ISREG(status.st_mode)) continue;
    entries.push_back(Entry{std::string(found->d_name), is_dir, is_dir ? 0 : status.st_size});
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

Result<File> LocalStore::read(const Path& path) const {
  // O_NONBLOCK: a named pipe must not hold the thread
  auto opened = TRY(open_below(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (fstat(opened.get(), &status) != 0) return path_error(errno, "read", path);
  if (S_ISDIR(status.st_mode)) return no_such_file(path);
  if (!S_ISREG(status.st_mode)) return path_error(ENXIO, "read", path);
  File file;
  file.descriptor = std::move(opened);
  file.size_bytes = static_cast<uint64_t>(status.st_size);
  file.etag = etag_of(status);
  return file;
}

Result<Descriptor> LocalStore::open_or_make_folder(const Path& folder) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY;
  Descriptor found(
      open_beneath(root_handle_.get(), folder.is_root() ? "." : folder.text().c_str(), kFlags));
  if (found.get() >= 0) return found;
  Descriptor parent(open_beneath(root_handle_.get(), ".", kFlags));
  for (const auto& segment : folder.segments()) {
    if (mkdirat(parent.get(), segment.c_str(), 0755) == 0) {
      fsync(parent.get());
    } else if (errno != EEXIST) {
      return path_error(errno, "make the folder", folder);
    }
    Descriptor next(open_beneath(parent.get(), segment.c_str(), kFlags));
    if (next.get() < 0) return path_error(errno, "make the folder", folder);
    parent = std::move(next);
  }
  return parent;
}

Result<void> LocalStore::place(const Path& path, const std::string& spooled_name) {
  if (path.is_root() || is_spool(path)) {
    return fail(Code::invalid_parameter_value, "Invalid path '{}': it must name a file",
                path.text());
  }
  const auto name = path.name();
  // a folder that is removed between our making and our using it is made again
  for (int attempt = 1;; ++attempt) {
    const auto folder = open_or_make_folder(path.parent());
    if (!folder.ok()) {
      const bool vanished = folder.error().code == Code::resource_does_not_exist;
      if (!vanished || attempt == kPlaceAttempts) return folder.error();
      continue;
    }
    if (renameat(spool_handle_.get(), spooled_name.c_str(), folder->get(), name.c_str()) == 0) {
      if (fsync(folder->get()) != 0) return path_error(errno, "write", path);
      return {};
    }
    if (errno != ENOENT || attempt == kPlaceAttempts) return path_error(errno, "write", path);
  }
}

Result<void> LocalStore::put_file(const Path& path, const std::filesystem::path& spooled) {
  const auto name = spooled.filename().string();
  {
    const Descriptor file(open_beneath(spool_handle_.get(), name.c_str(), O_RDONLY));
    if (file.get() < 0) return errno_error(errno, "open the spooled file", spooled);
    if (fsync(file.get()) != 0) return path_error(errno, "write", path);
    fchmod(file.get(), 0644);
  }
  return place(path, name);
}

Result<void> LocalStore::put(const Path& path, std::string_view bytes) {
  const auto name = random_hex(16);
  int reason = 0;
  {
    const Descriptor file(
        openat(spool_handle_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (file.get() < 0) return path_error(errno, "write", path);
    if (!write_all(file.get(), bytes) || fsync(file.get()) != 0) reason = errno;
  }
  auto placed = reason == 0 ? place(path, name) : Result<void>(path_error(reason, "write", path));
  if (!placed.ok()) unlinkat(spool_handle_.get(), name.c_str(), 0);
  return placed;
}

Result<std::optional<Descriptor>> LocalStore::folder_to_change(const Path& path) const {
  if (path.is_root()) {
    return fail(Code::invalid_parameter_value, "Invalid path '': the root cannot be removed");
  }
  auto folder = open_below(path.parent(), O_RDONLY | O_DIRECTORY);
  if (folder.ok() && !is_spool(path)) return std::optional(std::move(*folder));
  if (folder.ok() || folder.error().code == Code::resource_does_not_exist) {
    return std::optional<Descriptor>();
  }
  return std::move(folder).error();
}

Result<std::string> LocalStore::bury(const Path& path, const Descriptor& folder) const {
  const auto name = path.name();
  auto grave = random_hex(16);
  if (renameat(folder.get(), name.c_str(), spool_handle_.get(), grave.c_str()) == 0) return grave;
  if (errno == ENOENT) return std::string();
  return path_error(errno, "remove", path);
}

Result<void> LocalStore::remove(const Path& path) { return remove_all({&path, 1}); }

// All go out of sight, then the folders that they were in are synced, each once, and then what they
// hold is unlinked: after a crash that is the next start's work.
Result<void> LocalStore::remove_all(std::span<const Path> paths) {
  struct Buried {
    std::map<std::string, Descriptor> changed;  // folders, by name
    std::vector<std::string> graves;
    Result<void> outcome;
  };
  Guarded<Buried> shared;
  at_once(paths.size(), [&](size_t i) {
    auto folder = folder_to_change(paths[i]);
    if (folder.ok() && !*folder) return;
    auto grave = folder.ok() ? bury(paths[i], **folder) : folder.error();
    shared.with([&](Buried& buried) {
      if (!grave.ok()) {
        buried.outcome = grave.error();
      } else if (!grave->empty()) {
        buried.graves.push_back(*std::move(grave));
        buried.changed.try_emplace(paths[i].parent().text(), std::move(**folder));
      }
    });
  });
  auto buried = shared.with([](Buried& all) { return std::move(all); });
  for (const auto& [name, folder] : buried.changed) {
    if (fsync(folder.get()) == 0 || !buried.outcome.ok()) continue;
    buried.outcome = errno_error(errno, "write the folder", name);
  }
  at_once(buried.graves.size(),
          [&](size_t i) { remove_tree(spool_handle_.get(), buried.graves[i].c_str()); });
  return std::move(buried.outcome);
}

Result<std::filesystem::path> LocalStore::local_folder(const Path& folder) const {
  TRY(open_below(folder, O_RDONLY | O_DIRECTORY));
  return folder.is_root() ? root_ : root_ / folder.text();
}

}  // namespace slipway::files
