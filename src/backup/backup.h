// backup/backup.h — copies a data folder while its server runs, and puts such a copy back.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "backup/manifest.h"
#include "base/result.h"

namespace slipway::backup {

enum class Database { included, left_out };

struct BackupOptions {
  std::filesystem::path data_dir;
  std::filesystem::path artifacts;  // empty: `artifacts` in the data folder
  Database database = Database::included;
  int64_t n_kept = 0;  // older backups beyond this many are removed; 0: none
};

struct BackupReport {
  std::filesystem::path folder;
  Manifest manifest;
  int64_t n_copied = 0;
  int64_t n_linked = 0;  // artifacts that had not changed since the backup before
  int64_t n_removed = 0;
};

/// Make a backup in a folder of its own below `to`, named by its time.
///
/// The database is one consistent view that holds every write acknowledged before the start; the
/// artifacts are copied after it, so all that it names is there. An artifact that has the size and
/// time of the backup before is a hard link to its copy. The folder's name ends with `.partial`
/// until all is on disk and checked.
/// Errors   resource_does_not_exist: no such data folder; data_loss: the database is damaged;
///          temporarily_unavailable: the disk is full.
Result<BackupReport> make_backup(const BackupOptions& options, const std::filesystem::path& to);

struct RestoreReport {
  std::filesystem::path folder;  // the backup that was taken
  Manifest manifest;
};

/// Put the backup in `from`, or the newest one below it, into a data folder that is not there or
/// empty. Every checksum, the database's structure and its counts are checked first.
/// Errors   resource_already_exists: there is something in the data folder;
///          resource_does_not_exist: no whole backup there; data_loss: a file is damaged (nothing
///          is then left in the data folder).
Result<RestoreReport> restore_backup(const std::filesystem::path& from,
                                     const std::filesystem::path& data_dir);

}  // namespace slipway::backup
