// api/collect.h — frees what has been deleted long enough: its rows, then its files.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "files/artifact_store.h"
#include "store/gc.h"
#include "store/store.h"

namespace slipway::api {

/// What was freed, or would be in a dry run.
struct Collected {
  int64_t n_runs = 0;
  int64_t n_logged_models = 0;
  int64_t n_experiments = 0;
  int64_t n_folders = 0;                // of artifacts, removed
  std::vector<std::string> left_files;  // addresses of files that this server does not keep
  bool done = true;                     // false: the time was over first; ask again

  JsonObject json() const;
};

/// Count what `request` means and free nothing. Errors as store::find_deleted().
Result<Collected> count_collectable(store::Store& store, const store::GcRequest& request);

/// Free what `request` means, in writes so short that others do not wait for them, for about
/// `limit_ms` at the longest. Rows go first, and what they kept of files is noted with them; files
/// follow, also those that a broken collection had left. So a crash leaves nothing behind for good,
/// and a run that is restored meanwhile keeps all it has.
/// Errors   as store::find_deleted() and ArtifactStore::remove(); what was freed stays so.
Result<Collected> collect(store::Store& store, files::ArtifactStore& artifacts,
                          const store::GcRequest& request, int64_t limit_ms);

/// Make the request that texts ask for; `older_than` is an age such as 30d, or "".
/// Errors   as store::parse_age_ms().
Result<store::GcRequest> gc_request(std::string older_than, std::vector<std::string> run_ids,
                                    std::vector<std::string> experiment_ids,
                                    std::vector<std::string> logged_model_ids);

}  // namespace slipway::api
