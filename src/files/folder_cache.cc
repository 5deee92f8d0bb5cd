#include "files/folder_cache.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/id.h"

namespace slipway::files {
namespace {

namespace fs = std::filesystem;
using FileClock = fs::file_time_type::clock;

constexpr size_t kPiece = 4u << 20;
constexpr size_t kMaxFiles = 100'000;
constexpr auto kKept = std::chrono::minutes(10);
constexpr std::string_view kUnfinished = "fetching-";

struct Found {
  Path path;
  File file;
};

// Every file below `folder`, opened, in the order of their paths.
Result<std::vector<Found>> all_files(const ArtifactStore& store, const Path& folder) {
  std::vector<Found> found;
  std::vector<Path> folders{folder};
  while (!folders.empty()) {
    const auto here = folders.back();
    folders.pop_back();
    const auto entries = TRY(store.list(here));
    for (const auto& entry : entries) {
      auto path = TRY(here.below(entry.name));
      if (entry.is_dir) {
        folders.push_back(std::move(path));
        continue;
      }
      auto file = TRY(store.read(path));
      found.push_back(Found{std::move(path), std::move(file)});
      if (found.size() > kMaxFiles) {
        return fail(Code::resource_exhausted, "'{}' has more than {} files", folder.text(),
                    kMaxFiles);
      }
    }
  }
  if (found.empty()) return no_such_file(folder);
  std::ranges::sort(found, {}, [](const Found& f) { return f.path.text(); });
  return found;
}

Result<void> write_copy(const File& file, const fs::path& to) {
  TRY(make_folder(to.parent_path()));
  std::ofstream out(to, std::ios::binary);
  std::string piece;
  for (uint64_t offset = 0; offset < file.size_bytes; offset += piece.size()) {
    piece.resize(std::min<uint64_t>(file.size_bytes - offset, kPiece));
    const auto n_read = TRY(file.read_at(offset, piece));
    if (n_read != piece.size()) return fail(Code::data_loss, "'{}' became shorter", to.string());
    out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
  }
  out.close();
  if (!out) return errno_error(errno, "write", to);
  return {};
}

uint64_t bytes_below(const fs::path& folder) {
  uint64_t n_bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored)) n_bytes += entry.file_size(ignored);
  }
  return n_bytes;
}

}  // namespace

Result<FolderCache> FolderCache::open(const fs::path& root, uint64_t max_bytes) {
  TRY(make_folder(root));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    std::error_code ignored;
    if (entry.path().filename().string().starts_with(kUnfinished)) {
      fs::remove_all(entry.path(), ignored);
    }
  }
  return FolderCache(fs::absolute(root, error), max_bytes);
}

Result<fs::path> FolderCache::fetch(const ArtifactStore& store, const Path& folder) const {
  const std::scoped_lock lock(*fetching_);
  const auto found = TRY(all_files(store, folder));
  std::string content;
  for (const auto& [path, file] : found) {
    content += fmt::format("{}\n{}\n{}\n", path.text().size(), path.text(), file.etag);
  }
  const auto place = root_ / sha256_hex(content);
  std::error_code error;
  if (fs::exists(place, error)) {
    fs::last_write_time(place, FileClock::now(), error);
    return place;
  }
  const auto unfinished = root_ / (std::string(kUnfinished) + random_hex(8));
  const auto n_skipped = folder.is_root() ? 0 : folder.text().size() + 1;
  for (const auto& [path, file] : found) {
    const auto written = write_copy(file, unfinished / path.text().substr(n_skipped));
    if (written.ok()) continue;
    fs::remove_all(unfinished, error);
    return written.error();
  }
  fs::rename(unfinished, place, error);
  if (error) return errno_error(error.value(), "rename to", place);
  fs::last_write_time(place, FileClock::now(), error);
  drop_unused();
  return place;
}

void FolderCache::drop_unused() const {
  struct Copy {
    fs::path path;
    fs::file_time_type used;
    uint64_t n_bytes = 0;
  };
  std::vector<Copy> copies;
  uint64_t n_bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_, error)) {
    std::error_code ignored;
    copies.push_back({entry.path(), entry.last_write_time(ignored), bytes_below(entry.path())});
    n_bytes += copies.back().n_bytes;
  }
  std::ranges::sort(copies, {}, &Copy::used);
  for (const auto& copy : copies) {
    if (n_bytes <= max_bytes_ || FileClock::now() - copy.used < kKept) return;
    fs::remove_all(copy.path, error);
    n_bytes -= copy.n_bytes;
  }
}

}  // namespace slipway::files
