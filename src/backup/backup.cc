#include "backup/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "backup/copy.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "db/connection.h"

namespace slipway::backup {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDatabase = "slipway.db";
constexpr const char* kArtifacts = "artifacts";
constexpr const char* kSecretsKey = "secrets.key";
constexpr const char* kSpool = ".spool";
constexpr const char* kPartial = ".partial";

// 2026-11-23T09-08-07.123Z: sorts by time, and has no colon in it.
std::string name_of(int64_t time_ms) {
  auto name = utc_text(time_ms);
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

// Whole backups below a folder, oldest first.
std::vector<fs::path> backups_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const auto name = entry.path().filename().string();
    if (!name.ends_with(kPartial) && fs::exists(entry.path() / "backup.json")) {
      out.push_back(entry.path());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<void> sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno_error(errno, "opening", folder);
  const int synced = ::fsync(fd);
  ::close(fd);
  return synced == 0 ? Result<void>() : errno_error(errno, "writing", folder);
}

// Check a database's structure and count the rows of its tables.
Result<std::map<std::string, int64_t>> checked_tables(const fs::path& database) {
  auto conn = TRY(db::Connection::open(database, db::Access::read_only));
  const auto found = TRY(conn.text("PRAGMA quick_check(1)"));
  if (found != "ok") {
    return fail(Code::data_loss, "the database '{}' is damaged: {}", database.string(),
                found.value_or("no answer"));
  }
  std::vector<std::string> names;
  TRY(conn.for_each(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
      [&](const db::Row& row) { names.push_back(row.text(0)); }));
  std::map<std::string, int64_t> out;
  for (const auto& name : names) {
    const auto n_rows = TRY(conn.integer("SELECT count(*) FROM \"" + name + "\""));
    out[name] = n_rows.value_or(0);
  }
  return out;
}

// Copy the key that secrets are sealed with, for the owner alone; gives its digest, "" where there
// is none.
Result<std::string> copy_key(const fs::path& from, const fs::path& to) {
  const auto key = read_file(from / kSecretsKey);
  if (!key.ok() && key.error().code == Code::resource_does_not_exist) return std::string();
  if (!key.ok()) return key.error();
  TRY(write_private_file(to / kSecretsKey, *key));
  return sha256_hex(*key);
}

class Backup {
 public:
  Backup(const BackupOptions& options, fs::path folder, const fs::path& previous)
      : options_(options), folder_(std::move(folder)), previous_folder_(previous) {}

  Result<BackupReport> run(int64_t time_ms) {
    report_.manifest.time_ms = time_ms;
    if (!previous_folder_.empty()) {
      auto previous = read_manifest(previous_folder_);
      if (previous.ok()) previous_ = std::move(*previous);
    }
    if (options_.database == Database::included) TRY(copy_database());
    // after it: a key is there before anything is sealed with it
    report_.manifest.secrets_key_sha256 = TRY(copy_key(options_.data_dir, folder_));
    TRY(copy_artifacts());
    TRY(write_manifest(report_.manifest, folder_));
    TRY(sync_folder(folder_));
    return std::move(report_);
  }

 private:
  Result<void> copy_database();
  Result<void> copy_artifacts();
  Result<void> keep(const fs::path& file, const std::string& below);
  bool link(const fs::path& file, const std::string& below);

  const BackupOptions& options_;
  fs::path folder_;
  fs::path previous_folder_;
  Manifest previous_;
  BackupReport report_;
};

// A second process may read the database while the server writes: VACUUM INTO copies what one
// transaction sees. It does not wait for the disk, so that is done after it.
Result<void> Backup::copy_database() {
  const auto copy = folder_ / kDatabase;
  {
    const auto original = options_.data_dir / kDatabase;
    if (!fs::exists(original)) {
      return fail(Code::resource_does_not_exist, "there is no database '{}'", original.string());
    }
    auto conn = TRY(db::Connection::open(original, db::Access::read_only));
    TRY(conn.exec("VACUUM INTO ?", copy.string()));
  }
  const int fd = ::open(copy.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno_error(errno, "opening", copy);
  const int synced = ::fsync(fd);
  ::close(fd);
  if (synced != 0) return errno_error(errno, "writing", copy);
  report_.manifest.tables = TRY(checked_tables(copy));
  report_.manifest.database_sha256 = TRY(sha256_of(copy));
  return {};
}

Result<void> Backup::copy_artifacts() {
  const auto root =
      options_.artifacts.empty() ? options_.data_dir / kArtifacts : options_.artifacts;
  TRY(make_folder(folder_ / kArtifacts));
  std::error_code error;
  fs::recursive_directory_iterator entries(root, error);
  if (error) return {};  // a server that never had any
  while (entries != fs::recursive_directory_iterator()) {
    const auto path = entries->path();
    std::error_code gone;
    if (entries.depth() == 0 && path.filename() == kSpool) {
      entries.disable_recursion_pending();
    } else if (!entries->is_symlink(gone) && entries->is_regular_file(gone)) {
      TRY(keep(path, path.lexically_relative(root).generic_string()));
    }
    // a folder may be removed while it is walked: what it had is not needed any more
    entries.increment(error);
    if (error && error != std::errc::no_such_file_or_directory) {
      return errno_error(error.value(), "listing", path);
    }
  }
  return {};
}

// True where the file is as it was at the previous backup, and is linked from there.
bool Backup::link(const fs::path& file, const std::string& below) {
  const auto known = previous_.artifacts.find(below);
  if (known == previous_.artifacts.end()) return false;
  struct stat about{};
  if (::stat(file.c_str(), &about) != 0) return false;
  const auto time_ns = int64_t{about.st_mtim.tv_sec} * 1'000'000'000 + about.st_mtim.tv_nsec;
  if (known->second.modified_ns != time_ns ||
      known->second.size_bytes != static_cast<uint64_t>(about.st_size)) {
    return false;
  }
  std::error_code error;
  fs::create_hard_link(previous_folder_ / kArtifacts / below, folder_ / kArtifacts / below, error);
  if (error) return false;
  report_.manifest.artifacts[below] = known->second;
  report_.n_linked += 1;
  return true;
}

Result<void> Backup::keep(const fs::path& file, const std::string& below) {
  const auto to = folder_ / kArtifacts / below;
  TRY(make_folder(to.parent_path()));
  if (link(file, below)) return {};
  const auto copied = TRY(copy_whole(file, to));
  if (!copied) return {};
  report_.manifest.artifacts[below] = *copied;
  report_.n_copied += 1;
  return {};
}

Result<void> check_copy(const fs::path& from, const fs::path& to, const std::string& sha256) {
  const auto copied = TRY(copy_whole(from, to));
  if (copied && copied->sha256 == sha256) return {};
  return fail(Code::data_loss, "'{}' of the backup is {}", from.string(),
              copied ? "damaged: its checksum differs" : "missing");
}

Result<void> fill(const fs::path& from, const Manifest& manifest, const fs::path& folder) {
  if (!manifest.database_sha256.empty()) {
    TRY(check_copy(from / kDatabase, folder / kDatabase, manifest.database_sha256));
    const auto tables = TRY(checked_tables(folder / kDatabase));
    if (tables != manifest.tables) {
      return fail(Code::data_loss, "the tables of '{}' do not have the rows that were counted",
                  (from / kDatabase).string());
    }
  }
  const auto key = TRY(copy_key(from, folder));
  if (key != manifest.secrets_key_sha256) {
    return fail(Code::data_loss, "'{}' of the backup is missing, or its checksum differs",
                (from / kSecretsKey).string());
  }
  TRY(make_folder(folder / kArtifacts));
  for (const auto& [below, file] : manifest.artifacts) {
    const auto to = folder / kArtifacts / below;
    if (to.lexically_relative(folder / kArtifacts).generic_string().starts_with("..")) {
      return fail(Code::data_loss, "the backup names the file '{}', which leads out of it", below);
    }
    TRY(make_folder(to.parent_path()));
    TRY(check_copy(from / kArtifacts / below, to, file.sha256));
  }
  return sync_folder(folder);
}

}  // namespace

Result<BackupReport> make_backup(const BackupOptions& options, const fs::path& to) {
  TRY(make_folder(to));
  const auto before = backups_in(to);
  const int64_t time_ms = now_ms();
  const auto folder = to / name_of(time_ms);
  auto partial = folder;
  partial += kPartial;
  TRY(make_folder(partial));
  auto report = Backup(options, partial, before.empty() ? fs::path() : before.back()).run(time_ms);
  std::error_code error;
  if (!report.ok()) {
    fs::remove_all(partial, error);
    return report;
  }
  fs::rename(partial, folder, error);
  if (error) return errno_error(error.value(), "naming", folder);
  TRY(sync_folder(to));
  report->folder = folder;
  const auto n_before = static_cast<int64_t>(before.size());
  for (int64_t i = 0; options.n_kept > 0 && i + options.n_kept <= n_before; ++i) {
    fs::remove_all(before[static_cast<size_t>(i)], error);
    report->n_removed += 1;
  }
  return report;
}

Result<RestoreReport> restore_backup(const fs::path& from, const fs::path& data_dir) {
  std::error_code error;
  if (fs::exists(data_dir) && !fs::is_empty(data_dir, error)) {
    return fail(Code::resource_already_exists,
                "there is something in '{}': a backup is only put into a new or empty folder",
                data_dir.string());
  }
  RestoreReport report{from, {}};
  if (const auto inner = backups_in(from); !inner.empty()) report.folder = inner.back();
  report.manifest = TRY(read_manifest(report.folder));
  auto restoring = data_dir;
  restoring += ".restoring";
  fs::remove_all(restoring, error);
  TRY(make_folder(restoring));
  const auto filled = fill(report.folder, report.manifest, restoring);
  if (!filled.ok()) {
    fs::remove_all(restoring, error);
    return filled.error();
  }
  fs::rename(restoring, data_dir, error);
  if (error) return errno_error(error.value(), "naming", data_dir);
  return report;
}

}  // namespace slipway::backup
