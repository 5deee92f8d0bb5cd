#include "store/run_index.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <shared_mutex>

#include "base/clock.h"

namespace slipway::store {
namespace {

/// Changes that are mended one by one; with more, reading all anew is as quick.
constexpr size_t kMaxMended = 20'000;

bool has_all(const RunTable& table, const std::vector<ColumnKey>& columns) {
  return std::all_of(columns.begin(), columns.end(),
                     [&](ColumnKey key) { return table.columns.contains(key); });
}

/// Searches that share the lock may mark a column at the same time.
void mark_used(int64_t& used_at_ms, int64_t time_ms) {
  std::atomic_ref(used_at_ms).store(time_ms, std::memory_order_relaxed);
}

Page<FoundRun> page_of(const RunPlan& plan, const std::vector<const RunTable*>& tables,
                       std::vector<RankedRun> runs) {
  Page<FoundRun> page;
  const bool has_more = runs.size() > plan.max_results;
  if (has_more) runs.pop_back();
  page.items.reserve(runs.size());
  for (const RankedRun& run : runs) {
    const RunTable& table = *tables[run.table];
    page.items.push_back({table.run_keys[run.position], table.change_nos[run.position]});
  }
  if (has_more) {
    const auto offset = plan.start.offset + static_cast<int64_t>(plan.max_results);
    page.next_page_token = page_token({offset, plan.order.cells(runs.back())});
  }
  return page;
}

}  // namespace

Result<RunIndex::Answer> RunIndex::search(db::Connection& conn, RunPlan& plan) {
  start_sweeping();
  const auto columns = plan.columns();
  const int64_t change_no = TRY(last_change(conn));
  // more steps than any search needs: others may drop what this one read
  const size_t most_steps = 2 * (plan.experiment_keys.size() + 1) * (columns.size() + 2);
  for (size_t step = 0; step < most_steps; ++step) {
    auto answer = try_scan(plan, columns, change_no);
    if (answer) return *std::move(answer);
    // one column at a time, so that others need not wait for all of them
    const Outcome outcome = TRY(prepare(conn, plan, columns, change_no));
    if (outcome != Outcome::found) return Answer{outcome, {}, true};
  }
  return Answer{Outcome::too_large, {}, true};
}

/// Scans where all that is needed is there and fresh.
std::optional<RunIndex::Answer> RunIndex::try_scan(RunPlan& plan,
                                                   const std::vector<ColumnKey>& columns,
                                                   int64_t change_no) {
  const std::shared_lock lock(mutex_);
  if (tables_.change_no < change_no) return std::nullopt;
  const int64_t time_ms = now_ms();
  std::vector<const RunTable*> tables;
  for (const int64_t experiment_key : plan.experiment_keys) {
    const auto table = tables_.by_experiment.find(experiment_key);
    if (table == tables_.by_experiment.end()) return std::nullopt;
    mark_used(table->second.used_at_ms, time_ms);
    for (const ColumnKey key : columns) {
      const auto column = table->second.columns.find(key);
      if (column == table->second.columns.end()) return std::nullopt;
      mark_used(column->second.used_at_ms, time_ms);
    }
    tables.push_back(&table->second);
  }
  auto runs = scan(plan, tables, tables_.dictionaries);
  return Answer{Outcome::found, page_of(plan, tables, std::move(runs)),
                tables_.change_no == change_no};
}

/// Does the next step towards a scan: catches up, or reads one column of one table. `found` says
/// that it went on.
Result<RunIndex::Outcome> RunIndex::prepare(db::Connection& conn, const RunPlan& plan,
                                            const std::vector<ColumnKey>& columns,
                                            int64_t change_no) {
  const int64_t started_ms = now_ms();
  const std::unique_lock lock(mutex_);
  if (tables_.change_no < change_no) {
    auto caught_up = catch_up(conn, change_no);
    if (!caught_up.ok()) {
      tables_ = Tables();  // half mended
      return std::move(caught_up).error();
    }
  }
  if (tables_.change_no > change_no) {
    // what this connection reads would be older than the rest
    return lacks_any(plan, columns) ? Outcome::outdated : Outcome::found;
  }
  const auto loaded = TRY(load_next(conn, plan, columns));
  if (!loaded || make_room(started_ms)) return Outcome::found;
  drop(*loaded);
  return Outcome::too_large;
}

Result<void> RunIndex::catch_up(db::Connection& conn, int64_t change_no) {
  if (!tables_.by_experiment.empty()) {
    const auto changes = TRY(changes_after(conn, tables_.change_no));
    if (changes.complete && changes.runs.size() <= kMaxMended) {
      TRY(refresh(conn, changes.runs, tables_.by_experiment, tables_.dictionaries));
    } else {
      tables_ = Tables();
    }
  }
  tables_.change_no = change_no;
  return {};
}

bool RunIndex::lacks_any(const RunPlan& plan, const std::vector<ColumnKey>& columns) const {
  return std::any_of(
      plan.experiment_keys.begin(), plan.experiment_keys.end(), [&](int64_t experiment_key) {
        const auto table = tables_.by_experiment.find(experiment_key);
        return table == tables_.by_experiment.end() || !has_all(table->second, columns);
      });
}

/// Reads the first table, or column of one, that a search lacks. All it has, in those it looks at,
/// is marked as used: it must not go for what comes after it.
Result<std::optional<RunIndex::Loaded>> RunIndex::load_next(db::Connection& conn,
                                                            const RunPlan& plan,
                                                            const std::vector<ColumnKey>& columns) {
  const int64_t time_ms = now_ms();
  for (const int64_t experiment_key : plan.experiment_keys) {
    const auto found = tables_.by_experiment.find(experiment_key);
    if (found == tables_.by_experiment.end()) {
      RunTable table = TRY(load_run_table(conn, experiment_key, tables_.change_no));
      table.used_at_ms = time_ms;
      tables_.by_experiment.emplace(experiment_key, std::move(table));
      return Loaded{experiment_key, std::nullopt};
    }
    RunTable& table = found->second;
    table.used_at_ms = time_ms;
    for (const ColumnKey key : columns) {
      const auto column = table.columns.find(key);
      if (column != table.columns.end()) {
        column->second.used_at_ms = time_ms;
        continue;
      }
      const auto loaded = load_column(conn, key, table, tables_.dictionaries);
      if (!loaded.ok()) {
        table.columns.erase(key);
        return loaded.error();
      }
      table.columns[key].used_at_ms = time_ms;
      return Loaded{experiment_key, key};
    }
  }
  return std::nullopt;
}

}  // namespace slipway::store
