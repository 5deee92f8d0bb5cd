#include "store/run_changes.h"

#include <algorithm>
#include <atomic>

namespace slipway::store {
namespace {

constexpr int64_t kKept = 500'000;      // about 6 MB; one more and an index starts anew
constexpr uint64_t kTrimEvery = 1'024;  // changes of this server between two trimmings

}  // namespace

Result<void> note_change(db::Connection& conn, int64_t run_key) {
  static std::atomic<uint64_t> n_noted = 0;
  TRY(conn.exec_later("INSERT INTO run_changes (run_key) VALUES (?)", run_key));
  if (++n_noted % kTrimEvery != 0) return {};
  return conn.exec_later(
      "DELETE FROM run_changes WHERE change_no <= (SELECT max(change_no) FROM run_changes) - ?",
      kKept);
}

Result<void> note_experiment_changes(db::Connection& conn, int64_t experiment_key) {
  return conn.exec_later(
      "INSERT INTO run_changes (run_key) SELECT run_key FROM runs WHERE experiment_id = ?",
      experiment_key);
}

Result<int64_t> last_change(db::Connection& conn) {
  const auto change_no = TRY(conn.integer("SELECT max(change_no) FROM run_changes"));
  return change_no.value_or(0);
}

Result<RunChanges> changes_after(db::Connection& conn, int64_t change_no) {
  RunChanges out;
  const auto first = TRY(conn.integer("SELECT min(change_no) FROM run_changes"));
  // the first number may be greater than 1 without a loss, where a database does not give all
  out.complete = first.value_or(0) <= change_no + 1;
  if (!out.complete) return out;
  TRY(conn.for_each(
      "SELECT change_no, run_key FROM run_changes WHERE change_no > ?",
      [&](const db::Row& row) { out.runs.push_back({row.integer(1), row.integer(0)}); },
      change_no));
  std::sort(out.runs.begin(), out.runs.end(), [](const RunChange& a, const RunChange& b) {
    return a.run_key != b.run_key ? a.run_key < b.run_key : a.change_no > b.change_no;
  });
  const auto repeats =
      std::unique(out.runs.begin(), out.runs.end(),
                  [](const RunChange& a, const RunChange& b) { return a.run_key == b.run_key; });
  out.runs.erase(repeats, out.runs.end());
  return out;
}

}  // namespace slipway::store
