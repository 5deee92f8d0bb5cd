// What the run index does about its memory: counting, making room, dropping what no one uses.
#include <malloc.h>

#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "base/clock.h"
#include "store/run_index.h"

namespace slipway::store {
namespace {

constexpr auto kSweepEvery = std::chrono::seconds(60);

}  // namespace

RunIndex::~RunIndex() {
  sweeper_.request_stop();
  sweeper_wakes_.notify_all();
}

size_t RunIndex::Tables::size_bytes() const {
  size_t n_bytes = 0;
  for (const auto& [key, table] : by_experiment) n_bytes += table.size_bytes();
  for (const auto& [key, dictionary] : dictionaries) n_bytes += dictionary.size_bytes();
  return n_bytes;
}

void RunIndex::Tables::drop_unused_dictionaries() {
  std::erase_if(dictionaries, [&](const auto& entry) {
    return std::none_of(by_experiment.begin(), by_experiment.end(), [&](const auto& table) {
      return table.second.columns.contains(entry.first);
    });
  });
}

RunIndexUse RunIndex::use() const {
  const std::shared_lock lock(mutex_);
  RunIndexUse use;
  use.size_bytes = tables_.size_bytes();
  for (const auto& [key, table] : tables_.by_experiment) {
    use.n_runs += table.n_runs();
    use.n_columns += table.columns.size();
  }
  return use;
}

void RunIndex::drop(const Loaded& loaded) {
  if (loaded.column) {
    tables_.by_experiment.at(loaded.experiment_key).columns.erase(*loaded.column);
  } else {
    tables_.by_experiment.erase(loaded.experiment_key);
  }
  tables_.drop_unused_dictionaries();
}

/// Drops columns and tables, those used longest ago first, until the rest fits; never what was used
/// since `kept_since_ms`. False: it does not fit.
bool RunIndex::make_room(int64_t kept_since_ms) {
  struct Victim {
    int64_t used_at_ms;
    Loaded what;
  };
  size_t n_bytes = tables_.size_bytes();
  if (n_bytes <= limits_.max_bytes) return true;
  std::vector<Victim> victims;
  for (const auto& [experiment_key, table] : tables_.by_experiment) {
    victims.push_back({table.used_at_ms, {experiment_key, std::nullopt}});
    for (const auto& [key, column] : table.columns) {
      victims.push_back({column.used_at_ms, {experiment_key, key}});
    }
  }
  std::sort(victims.begin(), victims.end(),
            [](const Victim& a, const Victim& b) { return a.used_at_ms < b.used_at_ms; });
  for (const Victim& victim : victims) {
    if (n_bytes <= limits_.max_bytes || victim.used_at_ms >= kept_since_ms) break;
    if (!tables_.by_experiment.contains(victim.what.experiment_key)) continue;
    drop(victim.what);
    n_bytes = tables_.size_bytes();
  }
  return n_bytes <= limits_.max_bytes;
}

void RunIndex::drop_unused(int64_t time_ms) {
  {
    const std::unique_lock lock(mutex_);
    auto& tables = tables_.by_experiment;
    std::map<ColumnKey, size_t> n_cells;
    std::erase_if(tables, [&](const auto& entry) { return entry.second.used_at_ms < time_ms; });
    for (auto& [experiment_key, table] : tables) {
      std::erase_if(table.columns,
                    [&](const auto& entry) { return entry.second.used_at_ms < time_ms; });
      for (const auto& [key, column] : table.columns) n_cells[key] += table.n_runs();
    }
    // a tag that changes all the time leaves its old texts behind
    for (const auto& [key, dictionary] : tables_.dictionaries) {
      if (dictionary.n_texts() <= 2 * n_cells[key] + 1000) continue;
      for (auto& [experiment_key, table] : tables) table.columns.erase(key);
    }
    tables_.drop_unused_dictionaries();
    (void)make_room(INT64_MAX);
  }
  ::malloc_trim(0);
}

void RunIndex::start_sweeping() {
  const std::scoped_lock lock(sweeper_mutex_);
  if (sweeper_.joinable()) return;
  sweeper_ = std::jthread([this](const std::stop_token& stop) { sweep(stop); });
}

void RunIndex::sweep(const std::stop_token& stop) {
  while (true) {
    {
      std::unique_lock lock(sweeper_mutex_);
      (void)sweeper_wakes_.wait_for(lock, stop, kSweepEvery, [] { return false; });
    }
    if (stop.stop_requested()) return;
    drop_unused(now_ms() - limits_.idle_time.count());
  }
}

}  // namespace slipway::store
