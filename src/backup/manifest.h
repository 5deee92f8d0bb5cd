// backup/manifest.h — what a backup consists of: its files with their checksums, and counts.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace slipway::backup {

struct BackedUpFile {
  uint64_t size_bytes = 0;
  int64_t modified_ns = 0;  // of the original
  std::string sha256;
};

/// All of a backup; its files lie beside it in the backup's folder.
struct Manifest {
  int64_t time_ms = 0;
  std::string database_sha256;            // of slipway.db; empty: the database is not part of it
  std::map<std::string, int64_t> tables;  // rows of each
  std::string secrets_key_sha256;         // of secrets.key; empty: there was none
  std::map<std::string, BackedUpFile> artifacts;  // by path below artifacts/
};

/// Write `backup.json` and `artifacts.jsonl` into a folder. Errors as write_file.
/// Source   "Backups" in docs/FORMATS.md.
Result<void> write_manifest(const Manifest& manifest, const std::filesystem::path& folder);

/// Errors   resource_does_not_exist: the folder is no whole backup; data_loss: a file is damaged;
///          not_implemented: a newer program wrote it.
Result<Manifest> read_manifest(const std::filesystem::path& folder);

}  // namespace slipway::backup
