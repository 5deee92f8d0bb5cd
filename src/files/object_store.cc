#include "files/object_store.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/io_util.h>
#include <arrow/util/key_value_metadata.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/file.h"
#include "base/guarded.h"
#include "files/at_once.h"
#include "files/object_error.h"

namespace slipway::files {
namespace {

namespace fs = arrow::fs;

constexpr size_t kPiece = 4u << 20;
constexpr int kRemoveAttempts = 4;
constexpr uint64_t kCacheBytes = uint64_t{20} << 30;

std::string etag_of(const arrow::KeyValueMetadata* metadata) {
  const auto found = metadata ? metadata->Get("ETag") : arrow::Status::KeyError("no metadata");
  std::string etag = found.ok() ? *found : "";
  if (!etag.starts_with('"')) etag = "\"" + etag + "\"";
  return etag;
}

struct OpenObject {
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  uint64_t size_bytes = 0;
  std::string etag;
};

arrow::Result<OpenObject> open_object(fs::FileSystem& files, const std::string& key) {
  OpenObject object;
  ARROW_ASSIGN_OR_RAISE(object.file, files.OpenInputFile(key));
  ARROW_ASSIGN_OR_RAISE(const auto size, object.file->GetSize());
  object.size_bytes = static_cast<uint64_t>(size);
  ARROW_ASSIGN_OR_RAISE(const auto metadata, object.file->ReadMetadata());
  object.etag = etag_of(metadata.get());
  return object;
}

// An object may be replaced between two reads; each piece is checked to be of the one opened.
class ObjectContent : public RemoteContent {
 public:
  ObjectContent(std::shared_ptr<fs::FileSystem> files, std::string key, std::string name,
                std::string title, OpenObject object)
      : files_(std::move(files)),
        key_(std::move(key)),
        name_(std::move(name)),
        title_(std::move(title)),
        object_(std::move(object)) {}

  Result<size_t> read_at(uint64_t offset, std::span<char> out) const override {
    const auto n = object_.file->ReadAt(static_cast<int64_t>(offset),
                                        static_cast<int64_t>(out.size()), out.data());
    if (!n.ok()) return object_error(n.status(), "read", name_, title_);
    const auto now = open_object(*files_, key_);
    if (!now.ok()) return object_error(now.status(), "read", name_, title_);
    if (now->etag != object_.etag) {
      return fail(Code::data_loss, "'{}' was replaced while it was read", name_);
    }
    return static_cast<size_t>(*n);
  }

 private:
  std::shared_ptr<fs::FileSystem> files_;
  std::string key_;
  std::string name_;
  std::string title_;
  OpenObject object_;
};

// Those that lie in none of the others, each once: the rest goes with them.
std::vector<Path> outermost(std::span<const Path> paths) {
  std::map<std::string, Path> all;
  for (const auto& path : paths) all.emplace(path.text(), path);
  std::vector<Path> out;
  for (const auto& [text, path] : all) {
    auto above = path.parent();
    while (!above.is_root() && !all.contains(above.text())) above = above.parent();
    if (above.is_root()) out.push_back(path);
  }
  return out;
}

void remove_all_in(const std::filesystem::path& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::error_code ignored;
    std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace

ObjectStore::ObjectStore(ObjectPlace place, std::filesystem::path spool, FolderCache cache)
    : place_(std::move(place)), spool_(std::move(spool)), cache_(std::move(cache)) {}

Result<std::unique_ptr<ObjectStore>> ObjectStore::open(ObjectPlace place,
                                                       const std::filesystem::path& spool,
                                                       const std::filesystem::path& cache) {
  const auto bucket = place.base.substr(0, place.base.find('/'));
  const auto info = place.files->GetFileInfo(bucket);
  if (!info.ok()) return object_error(info.status(), "open", bucket, place.title);
  if (info->type() == fs::FileType::NotFound) {
    return fail(Code::resource_does_not_exist, "there is no {}; make it, or correct --artifacts",
                place.title);
  }
  TRY(make_folder(spool));
  remove_all_in(spool);
  auto copies = TRY(FolderCache::open(cache, kCacheBytes));
  return std::unique_ptr<ObjectStore>(new ObjectStore(std::move(place), spool, std::move(copies)));
}

std::string ObjectStore::key(const Path& path) const {
  return path.is_root() ? place_.base : place_.base + "/" + path.text();
}

Result<std::vector<Entry>> ObjectStore::list(const Path& folder) const {
  fs::FileSelector selector;
  selector.base_dir = key(folder);
  selector.allow_not_found = true;
  const auto infos = place_.files->GetFileInfo(selector);
  std::vector<Entry> entries;
  if (!infos.ok()) {
    const int reason = arrow::internal::ErrnoFromStatus(infos.status());
    if (reason == ENOTDIR || reason == ENOENT) return entries;  // a file, or nothing
    return object_error(infos.status(), "list", folder.text(), place_.title);
  }
  for (const auto& info : *infos) {
    const bool is_dir = info.IsDirectory();
    if (!is_dir && !info.IsFile()) continue;
    entries.push_back(Entry{info.base_name(), is_dir, is_dir ? 0 : info.size()});
  }
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

Result<File> ObjectStore::read(const Path& path) const {
  if (path.is_root()) return no_such_file(path);
  auto object = open_object(*place_.files, key(path));
  if (!object.ok()) return object_error(object.status(), "read", path.text(), place_.title);
  File file;
  file.size_bytes = object->size_bytes;
  file.etag = object->etag;
  file.remote = std::make_shared<ObjectContent>(place_.files, key(path), path.text(), place_.title,
                                                std::move(*object));
  return file;
}

// Write what `next_piece` gives until it gives nothing; after any failure nothing is there.
Result<void> ObjectStore::upload(const Path& path, const NextPiece& next_piece) {
  if (path.is_root()) {
    return fail(Code::invalid_parameter_value, "Invalid path '': it must name a file");
  }
  if (place_.upload) return place_.upload(path, next_piece);
  const auto failed = [&](const arrow::Status& status) {
    return object_error(status, "write", path.text(), place_.title);
  };
  const auto stream = place_.files->OpenOutputStream(key(path), nullptr);
  if (!stream.ok()) return failed(stream.status());
  while (true) {
    const auto piece = next_piece();
    if (!piece.ok()) {
      (void)(*stream)->Abort();
      return piece.error();
    }
    if (piece->empty()) break;
    const auto written = (*stream)->Write(piece->data(), static_cast<int64_t>(piece->size()));
    if (written.ok()) continue;
    (void)(*stream)->Abort();
    return failed(written);
  }
  const auto closed = (*stream)->Close();
  if (closed.ok()) return {};
  (void)(*stream)->Abort();
  return failed(closed);
}

Result<void> ObjectStore::put_file(const Path& path, const std::filesystem::path& spooled) {
  File file;
  file.descriptor = Descriptor(::open(spooled.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.descriptor.get() < 0) return errno_error(errno, "open the spooled file", spooled);
  std::string piece(kPiece, '\0');
  uint64_t offset = 0;
  return upload(path, [&]() -> Result<std::string_view> {
    const auto n_read = TRY(file.read_at(offset, piece));
    offset += n_read;
    return std::string_view(piece).substr(0, n_read);
  });
}

Result<void> ObjectStore::put(const Path& path, std::string_view bytes) {
  return upload(path, [&]() -> Result<std::string_view> { return std::exchange(bytes, {}); });
}

Result<void> ObjectStore::remove(const Path& path) {
  if (path.is_root()) {
    return fail(Code::invalid_parameter_value, "Invalid path '': the root cannot be removed");
  }
  const auto failed = [&](const arrow::Status& status) {
    return object_error(status, "remove", path.text(), place_.title);
  };
  // an object store may have a file and a folder of one name; and others may be removing some of
  // it, which fails here and then is gone
  Result<void> outcome;
  for (int attempt = 0; attempt < kRemoveAttempts; ++attempt) {
    const auto info = place_.files->GetFileInfo(key(path));
    if (!info.ok()) return failed(info.status());
    if (info->type() == fs::FileType::NotFound) return {};
    const auto removed =
        info->IsFile() ? place_.files->DeleteFile(key(path)) : place_.files->DeleteDir(key(path));
    const bool is_gone = removed.ok() || arrow::internal::ErrnoFromStatus(removed) == ENOENT;
    outcome = is_gone ? Result<void>() : failed(removed);
  }
  return outcome;
}

Result<void> ObjectStore::remove_all(std::span<const Path> paths) {
  const auto wanted = outermost(paths);
  Guarded<Result<void>> outcome;
  at_once(wanted.size(), [&](size_t i) {
    if (!outcome.with([](const auto& first) { return first.ok(); })) return;  // it is away, say
    const auto removed = remove(wanted[i]);
    if (!removed.ok()) outcome.with([&](auto& first) { first = removed; });
  });
  return outcome.with([](auto& first) { return std::move(first); });
}

Result<std::filesystem::path> ObjectStore::local_folder(const Path& folder) const {
  return cache_.fetch(*this, folder);
}

}  // namespace slipway::files
