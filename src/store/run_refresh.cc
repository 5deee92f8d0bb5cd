#include "store/run_refresh.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>

namespace slipway::store {
namespace {

constexpr size_t kRunsAtOnce = 1'000;
/// With few columns it is cheaper to name them than to read all that a run has.
constexpr size_t kFewNames = 8;

struct Place {
  RunTable* table = nullptr;
  size_t position = 0;
};

std::string json_list(const auto& keys) {
  std::string list = "[";
  for (const int64_t key : keys) list += (list.size() == 1 ? "" : ",") + std::to_string(key);
  return list + "]";
}

/// One pass over some of the changed runs.
class Refresh {
 public:
  Refresh(db::Connection& conn, RunTables& tables, Dictionaries& dictionaries)
      : conn_(conn), tables_(tables), dictionaries_(dictionaries) {}

  Result<void> run(std::span<const RunChange> changes) {
    std::vector<int64_t> keys;
    for (const RunChange& change : changes) {
      keys.push_back(change.run_key);
      forget(change.run_key, change.change_no);
    }
    TRY(read_rows(json_list(keys), changes));
    if (places_.empty()) return {};
    keys.clear();
    for (const auto& [key, place] : places_) keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    const std::string list = json_list(keys);
    TRY(read_values(ColumnKind::metric, "latest_metrics", list));
    TRY(read_values(ColumnKind::param, "params", list));
    TRY(read_values(ColumnKind::tag, "run_tags", list));
    return read_inputs(list);
  }

 private:
  /// Takes a run for gone until its row is read: a key may come back in another experiment.
  void forget(int64_t run_key, int64_t change_no) {
    for (auto& [experiment_key, table] : tables_) {
      const auto position = table.find(run_key);
      if (!position) continue;
      table.stages[*position] = RunStage::gone;
      table.change_nos[*position] = change_no;
      clear_cells(table, *position);
    }
  }

  Result<void> read_rows(const std::string& list, std::span<const RunChange> changes) {
    return conn_.for_each(
        "SELECT run_key, experiment_id, run_id, start_time_ms, deleted, run_name, user_id, status,"
        " artifact_uri, end_time_ms FROM runs"
        " WHERE run_key IN (SELECT value FROM json_each(?)) ORDER BY run_key",
        [&](const db::Row& row) {
          const auto change = std::lower_bound(
              changes.begin(), changes.end(), row.integer(0),
              [](const RunChange& a, int64_t run_key) { return a.run_key < run_key; });
          read_row(row, change->change_no);
        },
        list);
  }

  void read_row(const db::Row& row, int64_t change_no) {
    const auto found = tables_.find(row.integer(1));
    if (found == tables_.end()) return;
    RunTable& table = found->second;
    const RunCells cells{row.integer(0), row.integer(1), row.bytes(2), row.integer(3),
                         row.integer(4) == 0 ? RunStage::active : RunStage::deleted};
    auto position = table.find(cells.run_key);
    if (!position) {
      if (!table.run_keys.empty() && cells.run_key < table.run_keys.back()) {
        std::erase_if(places_, [&](const auto& entry) { return entry.second.table == &table; });
        tables_.erase(found);  // its order is broken; the next search reads it anew
        return;
      }
      append_run(table, cells, change_no);
      position = table.n_runs() - 1;
    }
    table.stages[*position] = cells.stage;
    table.start_times_ms[*position] = cells.start_time_ms;
    table.run_ids.replace(*position, cells.run_id);
    set_cell(row, 5, {ColumnKind::run_name}, *position, table, dictionaries_);
    set_cell(row, 6, {ColumnKind::user_id}, *position, table, dictionaries_);
    set_cell(row, 7, {ColumnKind::status}, *position, table, dictionaries_);
    set_cell(row, 8, {ColumnKind::artifact_uri}, *position, table, dictionaries_);
    set_cell(row, 9, {ColumnKind::end_time}, *position, table, dictionaries_);
    places_[cells.run_key] = {&table, *position};
  }

  std::set<int64_t> names_of(ColumnKind kind) const {
    std::set<const RunTable*> changed;
    for (const auto& [run_key, place] : places_) changed.insert(place.table);
    std::set<int64_t> names;
    for (const RunTable* const table : changed) {
      for (const auto& [key, column] : table->columns) {
        if (key.kind == kind) names.insert(key.name_id);
      }
    }
    return names;
  }

  Result<void> read_values(ColumnKind kind, std::string_view from, const std::string& list) {
    const auto names = names_of(kind);
    if (names.empty()) return {};
    const auto set = [&](const db::Row& row) {
      const Place& place = places_.at(row.integer(0));
      set_cell(row, 2, {kind, row.integer(1)}, place.position, *place.table, dictionaries_);
    };
    std::string sql = fmt::format(
        "SELECT run_key, name_id, value FROM {} WHERE run_key IN (SELECT value FROM json_each(?))",
        from);
    if (names.size() > kFewNames) return conn_.for_each(sql, set, list);
    sql += " AND name_id IN (SELECT value FROM json_each(?))";
    return conn_.for_each(sql, set, list, json_list(names));
  }

  Result<void> read_inputs(const std::string& list) {
    constexpr ColumnKey kKey{ColumnKind::datasets};
    if (!names_of(ColumnKind::datasets).contains(0)) return {};
    return read_datasets(conn_, "x.run_key IN (SELECT value FROM json_each(?))", list,
                         [&](int64_t run_key, std::string_view cell) {
                           const Place& place = places_.at(run_key);
                           const auto column = place.table->columns.find(kKey);
                           if (column == place.table->columns.end()) return;
                           column->second.codes[place.position] = dictionaries_[kKey].intern(cell);
                         });
  }

  db::Connection& conn_;
  RunTables& tables_;
  Dictionaries& dictionaries_;
  std::unordered_map<int64_t, Place> places_;
};

}  // namespace

Result<void> refresh(db::Connection& conn, std::span<const RunChange> changes, RunTables& tables,
                     Dictionaries& dictionaries) {
  while (!changes.empty()) {
    const auto some = changes.first(std::min(kRunsAtOnce, changes.size()));
    TRY(Refresh(conn, tables, dictionaries).run(some));
    changes = changes.subspan(some.size());
  }
  return {};
}

}  // namespace slipway::store
