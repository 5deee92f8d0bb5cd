#include "store/metric_folding.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "base/log.h"
#include "store/store.h"

namespace slipway::store {
namespace {

constexpr size_t kMaxPlanBytes = 128 << 10;    // of log rows: what one write takes over
constexpr int64_t kMinRows = 256;              // of a run's log, before it is folded
constexpr int64_t kMaxMergedPoints = 32'768;   // of old chunks: a write stays short
constexpr int64_t kMaxOverlapPoints = 16'384;  // beyond, chunks stay as they overlap
constexpr int64_t kSavedEvery = 20'000;        // rows looked at
constexpr int kPollMs = 1000;
constexpr int kBusyPollMs = 50;
constexpr int kMaxPauseMs = 60'000;  // after failures, each pause is twice the last

/// An old chunk that new points may be merged with.
struct OldChunk {
  int64_t chunk_id = 0;
  int64_t n_points = 0;
  PointPlace first;
  PointPlace last;
};

Result<std::vector<OldChunk>> old_chunks(db::Connection& conn, std::string_view sql,
                                         int64_t run_key, int64_t name_id, int64_t timestamp_ms) {
  std::vector<OldChunk> out;
  const auto add = [&](const db::Row& row) {
    out.push_back({row.integer(0),
                   row.integer(1),
                   {row.integer(2), row.integer(3)},
                   {row.integer(4), row.integer(5)}});
  };
  TRY(conn.for_each(sql, add, run_key, name_id, timestamp_ms));
  return out;
}

/// Chooses which old chunks one key's new points are merged with, and writes the new ones.
class KeyPlanner {
 public:
  KeyPlanner(db::Connection& conn, FoldPlan& plan, int64_t& n_merged)
      : conn_(conn), plan_(plan), n_merged_(n_merged) {}

  Result<void> add(int64_t name_id, std::vector<MetricPoint> points) {
    make_history(points);
    TRY(merge_overlapping(name_id, points));
    TRY(merge_small_before(name_id, points));
    write(name_id, points);
    return {};
  }

 private:
  static constexpr std::string_view kFrom =
      "SELECT chunk_id, n_points, first_timestamp_ms, first_step, last_timestamp_ms, last_step"
      " FROM metric_chunks WHERE run_key = ? AND name_id = ? AND last_timestamp_ms >= ?";
  static constexpr std::string_view kUpTo =
      "SELECT chunk_id, n_points, first_timestamp_ms, first_step, last_timestamp_ms, last_step"
      " FROM metric_chunks WHERE run_key = ? AND name_id = ? AND last_timestamp_ms <= ?"
      " ORDER BY last_timestamp_ms DESC, last_step DESC LIMIT 16";

  Result<void> take(const OldChunk& chunk, std::vector<MetricPoint>& points) {
    TRY(conn_.for_each(
        "SELECT points FROM metric_chunks WHERE chunk_id = ?",
        [&](const db::Row& row) { return decode_chunk(row.bytes(0), points); }, chunk.chunk_id));
    plan_.old_chunks.push_back(chunk.chunk_id);
    n_merged_ += chunk.n_points;
    return {};
  }

  /// Late points go where they belong, unless that means to rewrite very much.
  Result<void> merge_overlapping(int64_t name_id, std::vector<MetricPoint>& points) {
    const PointPlace first = place_of(points.front());
    const PointPlace last = place_of(points.back());
    auto chunks = TRY(old_chunks(conn_, kFrom, plan_.run_key, name_id, first.timestamp_ms));
    is_end_ = std::ranges::none_of(chunks, [&](const auto& chunk) { return chunk.first > last; });
    std::erase_if(chunks,
                  [&](const auto& chunk) { return chunk.last < first || last < chunk.first; });
    int64_t n_points = 0;
    for (const OldChunk& chunk : chunks) n_points += chunk.n_points;
    if (n_points > kMaxOverlapPoints || n_merged_ + n_points > kMaxMergedPoints) return {};
    for (const OldChunk& chunk : chunks) TRY(take(chunk, points));
    if (!chunks.empty()) make_history(points);
    return {};
  }

  /// Chunks no larger than what comes after them are merged with it, so a point is written again
  /// only each time its chunk doubles.
  Result<void> merge_small_before(int64_t name_id, std::vector<MetricPoint>& points) {
    const PointPlace first = place_of(points.front());
    const auto chunks = TRY(old_chunks(conn_, kUpTo, plan_.run_key, name_id, first.timestamp_ms));
    const size_t n_own = points.size();
    auto n_points = static_cast<int64_t>(n_own);
    for (const OldChunk& chunk : chunks) {
      if (!(chunk.last < first)) continue;
      const bool fits = n_points + chunk.n_points <= static_cast<int64_t>(kMaxChunkPoints) &&
                        n_merged_ + chunk.n_points <= kMaxMergedPoints;
      if (chunk.n_points > n_points || !fits) break;
      TRY(take(chunk, points));
      n_points += chunk.n_points;
    }
    if (points.size() > n_own) make_history(points);
    return {};
  }

  /// At the end of a history its chunks are full but for the last; within it they are even.
  void write(int64_t name_id, std::span<const MetricPoint> points) {
    const size_t n_chunks = (points.size() + kMaxChunkPoints - 1) / kMaxChunkPoints;
    const size_t even = (points.size() + n_chunks - 1) / n_chunks;
    while (!points.empty()) {
      const auto part = points.first(std::min(points.size(), is_end_ ? kMaxChunkPoints : even));
      plan_.new_chunks.push_back({name_id, summary_of(part), encode_chunk(part)});
      points = points.subspan(part.size());
    }
  }

  db::Connection& conn_;
  FoldPlan& plan_;
  int64_t& n_merged_;
  bool is_end_ = true;
};

Result<void> insert_chunk(db::Connection& conn, int64_t run_key, const FoldPlan::Chunk& chunk) {
  const ChunkSummary& summary = chunk.summary;
  return conn.exec(
      "INSERT INTO metric_chunks (run_key, name_id, n_points, first_timestamp_ms, first_step,"
      " last_timestamp_ms, last_step, min_step, max_step, steps_rise, min_value, max_value, points)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      run_key, chunk.name_id, summary.n_points, summary.first.timestamp_ms, summary.first.step,
      summary.last.timestamp_ms, summary.last.step, summary.min_step, summary.max_step,
      summary.steps_rise ? 1 : 0, summary.min_value, summary.max_value, db::Blob{chunk.points});
}

/// Tells whether so much of a run's log lies before `end_log_id` that it is worth folding.
Result<bool> is_worth_folding(db::Connection& conn, int64_t run_key, int64_t end_log_id) {
  auto cursor =
      TRY(conn.query("SELECT length(points) FROM metric_log WHERE run_key = ? AND log_id < ?"
                     " ORDER BY log_id LIMIT ?",
                     run_key, end_log_id, kMinRows));
  int64_t n_rows = 0;
  size_t n_bytes = 0;
  while (TRY(cursor.next())) {
    n_rows += 1;
    n_bytes += static_cast<size_t>(cursor.row().integer(0));
    if (n_rows == kMinRows || n_bytes >= kMaxPlanBytes) return true;
  }
  return false;
}

}  // namespace

Result<FoldPlan> plan_fold(db::Connection& conn, int64_t run_key, int64_t end_log_id) {
  constexpr int64_t kMaxRows = 1024;
  FoldPlan plan;
  plan.run_key = run_key;
  std::map<int64_t, std::vector<MetricPoint>> points_by_key;
  std::vector<MetricSeries> batch;
  {
    auto cursor =
        TRY(conn.query("SELECT log_id, points FROM metric_log WHERE run_key = ? AND log_id < ?"
                       " ORDER BY log_id LIMIT ?",
                       run_key, end_log_id, kMaxRows));
    size_t n_bytes = 0;
    while (TRY(cursor.next())) {
      const std::string_view bytes = cursor.row().bytes(1);
      TRY(decode_batch(bytes, batch));
      n_bytes += bytes.size();
      plan.last_log_id = cursor.row().integer(0);
      if (plan.n_rows++ == 0) plan.first_log_id = plan.last_log_id;
      for (const MetricSeries& series : batch) {
        auto& points = points_by_key[series.name_id];
        points.insert(points.end(), series.points.begin(), series.points.end());
      }
      if (n_bytes >= kMaxPlanBytes) break;
    }
  }
  int64_t n_merged = 0;
  for (auto& [name_id, points] : points_by_key) {
    if (points.empty()) continue;
    TRY(KeyPlanner(conn, plan, n_merged).add(name_id, std::move(points)));
  }
  return plan;
}

Result<void> carry_out(db::Connection& conn, const FoldPlan& plan) {
  // first what a faster server or a deleted run would make fail
  TRY(conn.exec("DELETE FROM metric_log WHERE run_key = ? AND log_id >= ? AND log_id <= ?",
                plan.run_key, plan.first_log_id, plan.last_log_id));
  if (conn.changes() != plan.n_rows) {
    return fail(Code::aborted, "the log of run {} changed before it was folded", plan.run_key);
  }
  for (const int64_t chunk_id : plan.old_chunks) {
    TRY(conn.exec("DELETE FROM metric_chunks WHERE chunk_id = ?", chunk_id));
    if (conn.changes() != 1) {
      return fail(Code::aborted, "the chunks of run {} changed before they were merged",
                  plan.run_key);
    }
  }
  for (const FoldPlan::Chunk& chunk : plan.new_chunks) {
    TRY(insert_chunk(conn, plan.run_key, chunk));
  }
  return {};
}

MetricFolder::MetricFolder(Store& store) : store_(store) {
  thread_ = std::thread([this] { serve(); });
}

MetricFolder::~MetricFolder() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  thread_.join();
}

/// Waits, and tells whether to go on.
bool MetricFolder::pause(int milliseconds) {
  std::unique_lock lock(mutex_);
  return !stop_.wait_for(lock, std::chrono::milliseconds(milliseconds), [&] { return stopping_; });
}

void MetricFolder::serve() {
  // those who write and read go first: a later fold is only a longer log for a while
  constexpr int kNice = 10;
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  int n_failed = 0;  // one after the other, as on a full disk
  for (int pause_ms = kPollMs; pause(pause_ms);) {
    folded_any_ = false;
    const auto outcome = pass();
    if (outcome.ok()) {
      pause_ms = folded_any_ ? kBusyPollMs : kPollMs;
      if (n_failed > 0) log(Level::info, "folding metrics: it works again");
      n_failed = 0;
      continue;
    }
    pause_ms = std::min(kPollMs << std::min(n_failed++, 10), kMaxPauseMs);
    log(Level::warning, "folding metrics: {}; it is tried again in {} s", outcome.error().message,
        pause_ms / 1000);
  }
}

Result<void> MetricFolder::pass() {
  if (through_log_id_ < 0) {
    const auto saved = TRY(store_.read(
        [](db::Connection& c) { return c.integer("SELECT through_log_id FROM metric_folding"); }));
    through_log_id_ = saved_log_id_ = saved.value_or(0);
  }
  int64_t newest = 0;
  std::vector<int64_t> run_keys;
  TRY(store_.read([&](db::Connection& c) -> Result<void> {
    const auto found = TRY(c.integer("SELECT max(log_id) FROM metric_log"));
    newest = found.value_or(0);
    if (newest < through_log_id_) through_log_id_ = 0;  // runs were removed, numbers given again
    return c.for_each(
        "SELECT DISTINCT run_key FROM metric_log WHERE log_id > ? AND log_id <= ?",
        [&](const db::Row& row) { run_keys.push_back(row.integer(0)); }, through_log_id_, newest);
  }));
  for (const int64_t run_key : run_keys) {
    if (unreadable_runs_.contains(run_key)) continue;
    const auto folded = fold_run(run_key, newest);
    if (!pause(0)) return {};
    if (folded.ok()) continue;
    const Code code = folded.error().code;
    if (code != Code::data_loss && code != Code::not_implemented) return folded;
    unreadable_runs_.insert(run_key);
    log(Level::error, "the metrics of run {} stay in the log: {}", run_key, folded.error().message);
  }
  through_log_id_ = newest;
  if (newest - saved_log_id_ < kSavedEvery && newest >= saved_log_id_) return {};
  TRY(store_.write([&](db::Connection& c) {
    return c.exec("UPDATE metric_folding SET through_log_id = ?", newest);
  }));
  saved_log_id_ = newest;
  return {};
}

Result<void> MetricFolder::fold_run(int64_t run_key, int64_t end_log_id) {
  do {
    FoldPlan plan;
    TRY(store_.read([&](db::Connection& c) -> Result<void> {
      const bool is_worth = TRY(is_worth_folding(c, run_key, end_log_id));
      if (!is_worth) return {};
      plan = TRY(plan_fold(c, run_key, end_log_id));
      return {};
    }));
    if (plan.n_rows == 0) return {};
    const auto done = store_.write([&](db::Connection& c) { return carry_out(c, plan); });
    if (!done.ok() && done.error().code == Code::aborted) return {};  // looked at again later
    TRY(done);
    folded_any_ = true;
  } while (pause(1));
  return {};
}

}  // namespace slipway::store
