// intake/import.h — brings all of another tracker into a workspace, and counts both sides.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "files/artifact_store.h"
#include "intake/artifacts.h"
#include "intake/source.h"
#include "store/store.h"

namespace slipway::intake {

struct ImportOptions {
  std::filesystem::path artifacts_root;  // as ArtifactTaker
  /// Who gets MANAGE on every experiment and registered model of the source, and the group that
  /// gets READ; empty: nobody. What was granted on one of them before stays.
  std::string owner;
  std::string readers;
  /// Told now and then how many runs and points were put in; may be empty. False ends the import.
  std::function<bool(int64_t n_runs, int64_t n_points)> on_progress;
};

/// One kind of thing, counted by the source and in the workspace.
struct ImportRow {
  std::string kind;
  int64_t n_source = 0;
  int64_t n_here = 0;
};

struct ImportReport {
  std::vector<ImportRow> rows;
  ArtifactCounts artifacts;
  int64_t n_runs_before = 0;  // that an earlier import had brought
  std::vector<std::pair<std::string, int64_t>> left_out;
  bool admins_only = false;  // the workspace has users, and no one was to see what was imported
  bool is_whole() const;
};

/// Put in all that `source` has, then count it on both sides.
///
/// A run comes with all its data in one transaction, after its files: where an import ended, the
/// next one goes on, and the result is the same. Ids and times are kept.
/// Servers over the same database see each transaction's runs at once; one holds up their writes
/// for half a second or so, or as long as a single run takes.
/// Errors   resource_conflict: the workspace has other things under the same ids or names;
///          resource_does_not_exist: no such owner or group (nothing is imported then); cancelled:
///          on_progress said so; others as the source, the store and the artifacts.
Result<ImportReport> import_all(Source& source, store::Store& store,
                                files::ArtifactStore& artifacts, const ImportOptions& options);

}  // namespace slipway::intake
