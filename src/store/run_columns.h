// store/run_columns.h — what searches compare, in memory: columns over the runs of an experiment.
#pragma once
#include <bit>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/run_changes.h"
#include "store/text_dictionary.h"

namespace slipway::store {

enum class ColumnKind : uint8_t {
  metric,  // numbers
  param,
  tag,
  run_name,
  user_id,
  status,
  artifact_uri,
  end_time,  // integers
  datasets,  // what a run's datasets are called, see dataset_matches()
};

/// Names a column; `name_id` is 0 but for metrics, params and tags.
struct ColumnKey {
  ColumnKind kind = ColumnKind::metric;
  int64_t name_id = 0;
  auto operator<=>(const ColumnKey&) const = default;
};

/// One cell a run. Only the vector of its kind is used; `codes` is for all kinds of text.
struct Column {
  std::vector<double> numbers;
  std::vector<int64_t> integers;
  std::vector<uint32_t> codes;
  int64_t used_at_ms = 0;  // by the index
};

/// The cell of a run that has no such metric, and the one where it is NaN; tests of `!=` tell
/// them apart by their bits.
inline constexpr double kMissingNumber = std::bit_cast<double>(uint64_t{0x7FF80000000000AA});
inline bool is_missing(double number) {
  return std::bit_cast<uint64_t>(number) == std::bit_cast<uint64_t>(kMissingNumber);
}
/// The cell of a run without an end_time.
inline constexpr int64_t kNoTime = INT64_MIN;

enum class RunStage : uint8_t { active, deleted, gone };  // gone: the row is no more

/// The ids of runs, end to end.
class RunIds {
 public:
  void push_back(std::string_view run_id);
  void replace(size_t position, std::string_view run_id);
  std::string_view operator[](size_t position) const {
    return std::string_view(letters_).substr(spans_[position].begin, spans_[position].size);
  }
  size_t size_bytes() const { return letters_.capacity() + spans_.capacity() * sizeof spans_[0]; }

 private:
  struct Span {
    uint64_t begin : 48;
    uint64_t size : 16;
  };
  std::string letters_;
  std::vector<Span> spans_;
};

/// The runs of one experiment, by ascending run_key, and those columns that were asked for.
struct RunTable {
  int64_t experiment_key = 0;
  std::vector<int64_t> run_keys;
  std::vector<int64_t> start_times_ms;
  std::vector<int64_t> change_nos;  // of each run's last change, or of when the table was read
  std::vector<RunStage> stages;
  RunIds run_ids;
  std::map<ColumnKey, Column> columns;
  int64_t used_at_ms = 0;  // by the index

  size_t n_runs() const { return run_keys.size(); }
  /// The place of a run; nothing where it is not here.
  std::optional<size_t> find(int64_t run_key) const;
  size_t size_bytes() const;
};

using Dictionaries = std::map<ColumnKey, TextDictionary>;

/// Read an experiment's runs, without columns. `change_no` is the last change that `conn` sees.
Result<RunTable> load_run_table(db::Connection& conn, int64_t experiment_key, int64_t change_no);

/// Read a column of a table whose runs are as `conn` sees them.
Result<void> load_column(db::Connection& conn, ColumnKey key, RunTable& table,
                         Dictionaries& dictionaries);

/// Tell whether one of a run's datasets passes a test: `cell` is a text of a datasets column,
/// `field` is 'n' for name, 'd' for digest, 'c' for context.
template <typename Test>
bool dataset_matches(std::string_view cell, char field, const Test& test) {
  while (!cell.empty()) {  // field, length, ':', text
    const char found = cell[0];
    size_t size = 0;
    size_t place = 1;
    while (cell[place] != ':') size = size * 10 + static_cast<size_t>(cell[place++] - '0');
    if (found == field && test(cell.substr(place + 1, size))) return true;
    cell.remove_prefix(place + 1 + size);
  }
  return false;
}

/// A row of `runs` as columns take it.
struct RunCells {
  int64_t run_key = 0;
  int64_t experiment_key = 0;
  std::string_view run_id;
  int64_t start_time_ms = 0;
  RunStage stage = RunStage::active;
};

/// Make the cells of a run missing in all columns that are no attributes.
void clear_cells(RunTable& table, size_t position);
/// Set a cell from the value's place in a row.
void set_cell(const db::Row& row, int column, ColumnKey key, size_t position, RunTable& table,
              Dictionaries& dictionaries);
/// Append a run; all its cells are missing.
void append_run(RunTable& table, const RunCells& cells, int64_t change_no);

/// Read datasets columns: calls `set(run_key, cell)` for each run that has datasets. `where` is
/// the rest of the statement, with one `?` for `value`.
Result<void> read_datasets(db::Connection& conn, std::string_view where, const db::Value& value,
                           const std::function<void(int64_t, std::string_view)>& set);

}  // namespace slipway::store
