// store/gc.h — rows of what has been deleted long enough, found and freed for good.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/connection.h"

namespace slipway::store {

/// What is to be freed: what is named, or, where nothing is, all that was deleted early enough.
struct GcRequest {
  int64_t deleted_through_ms = 0;  // the latest time of deletion that counts
  std::string older_than;          // the age as the user said it, for messages; empty: any
  std::vector<std::string> run_ids;
  std::vector<std::string> experiment_ids;  // with all that is in them
  std::vector<std::string> logged_model_ids;
  bool ignores_missing = false;  // ids that are unknown are no error: they may be freed already

  bool names_nothing() const {
    return run_ids.empty() && experiment_ids.empty() && logged_model_ids.empty();
  }
};

/// Keys of what is to be freed; those of an experiment's runs and models come with it.
struct GcFound {
  std::vector<int64_t> run_keys;
  std::vector<int64_t> model_keys;
  std::vector<int64_t> experiment_ids;
};

/// Read an age such as `30d` or `1d2h3m4.5s`.
/// Errors   invalid_parameter_value, in the words of mlflow 3.17.2.
Result<int64_t> parse_age_ms(std::string_view text);

/// Find what `request` means.
/// Errors   resource_does_not_exist: an id is unknown; invalid_parameter_value: what an id names is
///          not deleted, or not long enough (messages as mlflow 3.17.2's `gc` has them).
Result<GcFound> find_deleted(db::Connection& conn, const GcRequest& request);

// Each of these frees those of `keys` that are deleted still, with all rows that are theirs alone,
// and notes the addresses of their files in freed_artifacts. Registered versions that were made of
// them stay, as in MLflow. They are for Store::write() and keep to a few keys at a time. Each gives
// how many it freed.
Result<int64_t> free_runs(db::Connection& conn, std::span<const int64_t> keys);
Result<int64_t> free_logged_models(db::Connection& conn, std::span<const int64_t> keys);
/// Only those that hold no run or model any more.
Result<int64_t> free_experiments(db::Connection& conn, std::span<const int64_t> keys);

/// Give up to `limit` addresses whose files are still to be removed.
Result<std::vector<std::string>> freed_artifacts(db::Connection& conn, int64_t limit);
/// Forget addresses whose files are gone.
Result<void> forget_artifacts(db::Connection& conn, const std::vector<std::string>& addresses);

}  // namespace slipway::store
