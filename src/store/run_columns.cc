#include "store/run_columns.h"

#include <algorithm>
#include <limits>

#include "store/runs.h"

namespace slipway::store {
namespace {

/// The column of `runs` that an attribute is read from.
std::string_view attribute_column(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::run_name: return "run_name";
    case ColumnKind::user_id: return "user_id";
    case ColumnKind::status: return "status";
    case ColumnKind::artifact_uri: return "artifact_uri";
    case ColumnKind::end_time: return "end_time_ms";
    default: return "";
  }
}

std::string_view value_table(ColumnKind kind) {
  if (kind == ColumnKind::metric) return "latest_metrics";
  return kind == ColumnKind::param ? "params" : "run_tags";
}

void resize(Column& column, ColumnKind kind, size_t n_runs) {
  if (kind == ColumnKind::metric) {
    column.numbers.resize(n_runs, kMissingNumber);
  } else if (kind == ColumnKind::end_time) {
    column.integers.resize(n_runs, kNoTime);
  } else {
    column.codes.resize(n_runs, TextDictionary::kNone);
  }
}

std::string netstring(char field, std::string_view text) {
  return fmt::format("{}{}:{}", field, text.size(), text);
}

template <typename T>
size_t bytes_of(const std::vector<T>& items) {
  return items.capacity() * sizeof(T);
}

}  // namespace

void RunIds::push_back(std::string_view run_id) {
  spans_.push_back({letters_.size() & ((uint64_t{1} << 48) - 1), run_id.size() & 0xFFFF});
  letters_ += run_id;
}

void RunIds::replace(size_t position, std::string_view run_id) {
  if ((*this)[position] == run_id) return;
  push_back(run_id);
  spans_[position] = spans_.back();
  spans_.pop_back();
}

std::optional<size_t> RunTable::find(int64_t run_key) const {
  if (run_keys.empty() || run_key < run_keys.front() || run_key > run_keys.back()) {
    return std::nullopt;
  }
  const auto guess = static_cast<size_t>(run_key - run_keys.front());
  if (guess < run_keys.size() && run_keys[guess] == run_key) return guess;  // keys without gaps
  const auto found = std::lower_bound(run_keys.begin(), run_keys.end(), run_key);
  if (*found != run_key) return std::nullopt;
  return static_cast<size_t>(found - run_keys.begin());
}

size_t RunTable::size_bytes() const {
  size_t n_bytes = sizeof *this + bytes_of(run_keys) + bytes_of(start_times_ms) +
                   bytes_of(change_nos) + bytes_of(stages) + run_ids.size_bytes();
  for (const auto& [key, column] : columns) {
    n_bytes += bytes_of(column.numbers) + bytes_of(column.integers) + bytes_of(column.codes);
  }
  return n_bytes;
}

void append_run(RunTable& table, const RunCells& cells, int64_t change_no) {
  table.run_keys.push_back(cells.run_key);
  table.start_times_ms.push_back(cells.start_time_ms);
  table.change_nos.push_back(change_no);
  table.stages.push_back(cells.stage);
  table.run_ids.push_back(cells.run_id);
  for (auto& [key, column] : table.columns) resize(column, key.kind, table.n_runs());
}

Result<RunTable> load_run_table(db::Connection& conn, int64_t experiment_key, int64_t change_no) {
  RunTable table;
  table.experiment_key = experiment_key;
  TRY(conn.for_each(
      "SELECT run_key, run_id, start_time_ms, deleted FROM runs WHERE experiment_id = ?"
      " ORDER BY run_key",
      [&](const db::Row& row) {
        const auto stage = row.integer(3) == 0 ? RunStage::active : RunStage::deleted;
        append_run(table, {row.integer(0), experiment_key, row.bytes(1), row.integer(2), stage},
                   change_no);
      },
      experiment_key));
  return table;
}

void clear_cells(RunTable& table, size_t position) {
  for (auto& [key, column] : table.columns) {
    switch (key.kind) {
      case ColumnKind::metric: column.numbers[position] = kMissingNumber; break;
      case ColumnKind::param:
      case ColumnKind::tag:
      case ColumnKind::datasets: column.codes[position] = TextDictionary::kNone; break;
      default: break;
    }
  }
}

void set_cell(const db::Row& row, int column, ColumnKey key, size_t position, RunTable& table,
              Dictionaries& dictionaries) {
  const auto found = table.columns.find(key);
  if (found == table.columns.end()) return;
  Column& cells = found->second;
  if (key.kind == ColumnKind::metric) {
    cells.numbers[position] =
        row.is_null(column) ? std::numeric_limits<double>::quiet_NaN() : row.real(column);
  } else if (key.kind == ColumnKind::end_time) {
    cells.integers[position] = row.is_null(column) ? kNoTime : row.integer(column);
  } else if (key.kind == ColumnKind::status) {
    const auto status = static_cast<RunStatus>(row.integer(column));
    cells.codes[position] = dictionaries[key].intern(run_status_name(status));
  } else {
    cells.codes[position] = dictionaries[key].intern(row.bytes(column));
  }
}

Result<void> load_column(db::Connection& conn, ColumnKey key, RunTable& table,
                         Dictionaries& dictionaries) {
  Column& column = table.columns[key];
  column = Column();
  resize(column, key.kind, table.n_runs());
  if (key.kind == ColumnKind::datasets) {
    TextDictionary& dictionary = dictionaries[key];
    return read_datasets(conn, "d.experiment_id = ?", table.experiment_key,
                         [&](int64_t run_key, std::string_view cell) {
                           const auto position = table.find(run_key);
                           if (position) column.codes[*position] = dictionary.intern(cell);
                         });
  }
  const auto set = [&](const db::Row& row) {
    const auto position = table.find(row.integer(0));
    if (position) set_cell(row, 1, key, *position, table, dictionaries);
  };
  const auto attribute = attribute_column(key.kind);
  if (!attribute.empty()) {
    return conn.for_each(
        fmt::format("SELECT run_key, {} FROM runs WHERE experiment_id = ?", attribute), set,
        table.experiment_key);
  }
  return conn.for_each(fmt::format("SELECT run_key, value FROM {} WHERE experiment_id = ?"
                                   " AND name_id = ?",
                                   value_table(key.kind)),
                       set, table.experiment_key, key.name_id);
}

Result<void> read_datasets(db::Connection& conn, std::string_view where, const db::Value& value,
                           const std::function<void(int64_t, std::string_view)>& set) {
  const std::string sql = fmt::format(
      "SELECT x.run_key, d.name, d.digest, t.value FROM datasets d"
      " JOIN run_datasets x ON x.dataset_key = d.dataset_key"
      " LEFT JOIN run_dataset_tags t ON t.run_key = x.run_key AND t.dataset_key = x.dataset_key"
      " AND t.key = 'mlflow.data.context' WHERE {} ORDER BY x.run_key, d.name, d.digest",
      where);
  int64_t run_key = 0;
  std::string cell;
  auto cursor = TRY(conn.query_values(sql, {&value, 1}));
  while (TRY(cursor.next())) {
    const db::Row row = cursor.row();
    if (!cell.empty() && row.integer(0) != run_key) {
      set(run_key, cell);
      cell.clear();
    }
    run_key = row.integer(0);
    cell += netstring('n', row.bytes(1)) + netstring('d', row.bytes(2));
    if (!row.is_null(3)) cell += netstring('c', row.bytes(3));
  }
  if (!cell.empty()) set(run_key, cell);
  return {};
}

}  // namespace slipway::store
