#include "api/collect.h"

#include <algorithm>
#include <span>

#include "api/artifact_uri.h"
#include "base/clock.h"

namespace slipway::api {
namespace {

constexpr double kWriteSeconds = 0.02;  // what one write may hold up others
constexpr size_t kFirstBatch = 32;
constexpr size_t kMaxBatch = 2048;
constexpr int64_t kFolderBatch = 512;
constexpr std::string_view kOwn = "mlflow-artifacts:";

// How long a collection may still go on.
class TimeLeft {
 public:
  explicit TimeLeft(int64_t limit_ms) : limit_s_(static_cast<double>(limit_ms) / 1e3) {}
  bool over() const { return watch_.seconds() >= limit_s_; }

 private:
  Stopwatch watch_;
  double limit_s_;
};

using FreeRows = Result<int64_t> (*)(db::Connection&, std::span<const int64_t>);

// Free by batches whose size follows the time that they take. Gives false where the time was over.
Result<bool> free_all(store::Store& store, std::span<const int64_t> keys, FreeRows free_rows,
                      const TimeLeft& time, int64_t& n_freed) {
  size_t n_batch = kFirstBatch;
  while (!keys.empty()) {
    if (time.over()) return false;
    const auto batch = keys.first(std::min(n_batch, keys.size()));
    double seconds = 0;
    const auto n_now = TRY(store.write([&](db::Connection& c) {
      const Stopwatch watch;
      auto freed = free_rows(c, batch);
      seconds = watch.seconds();
      return freed;
    }));
    n_freed += n_now;
    keys = keys.subspan(batch.size());
    if (seconds > kWriteSeconds) n_batch = std::max<size_t>(1, n_batch / 2);
    if (seconds < kWriteSeconds / 2) n_batch = std::min(kMaxBatch, n_batch * 2);
  }
  return true;
}

// The folder that goes: of `…/RUN_ID/artifacts` all that is the run's, or the model's.
files::Path folder_of(const files::Path& path) {
  const auto parent = path.parent();
  const bool is_own = path.name() == "artifacts" && parent.name().size() >= 32;
  return is_own ? parent : path;
}

// Remove the files at these addresses; gives those that are kept elsewhere.
Result<std::vector<std::string>> remove_files(store::Store& store, files::ArtifactStore& artifacts,
                                              const std::vector<std::string>& addresses) {
  std::vector<std::string> elsewhere;
  std::vector<files::Path> folders;
  for (const auto& address : addresses) {
    const auto path = resolve_artifact_uri(address, store);
    if (!address.starts_with(kOwn) || !path.ok() || path->is_root()) {
      elsewhere.push_back(address);
    } else {
      folders.push_back(folder_of(*path));
    }
  }
  TRY(artifacts.remove_all(folders));
  return elsewhere;
}

Result<bool> remove_freed(store::Store& store, files::ArtifactStore& artifacts,
                          const TimeLeft& time, Collected& collected) {
  while (true) {
    const auto addresses =
        TRY(store.read([](db::Connection& c) { return store::freed_artifacts(c, kFolderBatch); }));
    if (addresses.empty()) return true;
    if (time.over()) return false;
    const auto elsewhere = TRY(remove_files(store, artifacts, addresses));
    TRY(store.write([&](db::Connection& c) { return store::forget_artifacts(c, addresses); }));
    collected.n_folders += static_cast<int64_t>(addresses.size() - elsewhere.size());
    auto& left = collected.left_files;
    left.insert(left.end(), elsewhere.begin(), elsewhere.end());
  }
}

Collected counted(const store::GcFound& found) {
  Collected counts;
  counts.n_runs = static_cast<int64_t>(found.run_keys.size());
  counts.n_logged_models = static_cast<int64_t>(found.model_keys.size());
  counts.n_experiments = static_cast<int64_t>(found.experiment_ids.size());
  return counts;
}

}  // namespace

JsonObject Collected::json() const {
  JsonArray left;
  for (const auto& address : left_files) left.push_back(Json(address));
  return {{"runs", n_runs},
          {"logged_models", n_logged_models},
          {"experiments", n_experiments},
          {"artifact_folders", n_folders},
          {"left_files", std::move(left)},
          {"done", done}};
}

Result<Collected> count_collectable(store::Store& store, const store::GcRequest& request) {
  const auto found =
      TRY(store.read([&](db::Connection& c) { return store::find_deleted(c, request); }));
  return counted(found);
}

Result<Collected> collect(store::Store& store, files::ArtifactStore& artifacts,
                          const store::GcRequest& request, int64_t limit_ms) {
  const TimeLeft time(limit_ms);
  const auto found =
      TRY(store.read([&](db::Connection& c) { return store::find_deleted(c, request); }));
  Collected freed;
  freed.done = TRY(free_all(store, found.run_keys, store::free_runs, time, freed.n_runs));
  if (!freed.done) return freed;
  freed.done = TRY(
      free_all(store, found.model_keys, store::free_logged_models, time, freed.n_logged_models));
  if (!freed.done) return freed;
  freed.done = TRY(
      free_all(store, found.experiment_ids, store::free_experiments, time, freed.n_experiments));
  if (!freed.done) return freed;
  freed.done = TRY(remove_freed(store, artifacts, time, freed));
  return freed;
}

Result<store::GcRequest> gc_request(std::string older_than, std::vector<std::string> run_ids,
                                    std::vector<std::string> experiment_ids,
                                    std::vector<std::string> logged_model_ids) {
  store::GcRequest request;
  int64_t age_ms = 0;
  if (!older_than.empty()) age_ms = TRY(store::parse_age_ms(older_than));
  request.deleted_through_ms = now_ms() - age_ms;
  request.older_than = std::move(older_than);
  request.run_ids = std::move(run_ids);
  request.experiment_ids = std::move(experiment_ids);
  request.logged_model_ids = std::move(logged_model_ids);
  return request;
}

}  // namespace slipway::api
