#include "store/metric_history.h"

#include <algorithm>

namespace slipway::store {

Result<HistoryWalk> HistoryWalk::open(db::Connection& conn, int64_t run_key, int64_t name_id,
                                      HistoryPart part) {
  constexpr std::string_view kChunks =
      "SELECT chunk_id, first_timestamp_ms, first_step FROM metric_chunks"
      " WHERE run_key = ? AND name_id = ? AND last_timestamp_ms >= ?"
      " AND max_step >= ? AND min_step <= ?";
  HistoryWalk walk(conn, part);
  const auto add = [&](const db::Row& row) {
    walk.chunks_.push_back({row.integer(0), {row.integer(1), row.integer(2)}});
  };
  const int64_t from_ms = part.after ? part.after->timestamp_ms : INT64_MIN;
  TRY(conn.for_each(kChunks, add, run_key, name_id, from_ms, part.steps.first, part.steps.last));
  std::sort(walk.chunks_.begin(), walk.chunks_.end(),
            [](const Chunk& a, const Chunk& b) { return a.first < b.first; });
  Source unfolded;
  TRY(conn.for_each(
      "SELECT points FROM metric_log WHERE run_key = ? ORDER BY log_id",
      [&](const db::Row& row) { return decode_batch(row.bytes(0), name_id, unfolded.points); },
      run_key));
  make_history(unfolded.points);
  if (!unfolded.points.empty()) walk.sources_.push_back(std::move(unfolded));
  return walk;
}

Result<std::span<const MetricPoint>> HistoryWalk::next() {
  while (true) {
    const bool all_opened = n_opened_ == chunks_.size();
    if (sources_.empty()) {
      if (all_opened) return std::span<const MetricPoint>();
      TRY(open_chunk());
      continue;
    }
    // repeats have one place, so they are all before the next chunk or none of them is
    take_before(all_opened ? std::nullopt : std::optional(chunks_[n_opened_].first));
    drop_outside();
    if (!block_.empty()) return std::span<const MetricPoint>(block_);
    if (!all_opened) TRY(open_chunk());
  }
}

Result<void> HistoryWalk::open_chunk() {
  Source source;
  TRY(conn_->for_each(
      "SELECT points FROM metric_chunks WHERE chunk_id = ?",
      [&](const db::Row& row) { return decode_chunk(row.bytes(0), source.points); },
      chunks_[n_opened_].chunk_id));
  n_opened_ += 1;
  if (!source.points.empty()) sources_.push_back(std::move(source));
  return {};
}

/// Moves the points before `bound`, or all that are left, from the sources to the block.
void HistoryWalk::take_before(std::optional<PointPlace> bound) {
  block_.clear();
  size_t n_givers = 0;
  for (Source& source : sources_) {
    const auto begin = source.points.begin() + static_cast<std::ptrdiff_t>(source.position);
    auto end = source.points.end();
    if (bound) {
      end = std::partition_point(begin, end, [&](const auto& p) { return place_of(p) < *bound; });
    }
    if (begin == end) continue;
    n_givers += 1;
    source.position = static_cast<size_t>(end - source.points.begin());
    if (n_givers == 1 && begin == source.points.begin() && end == source.points.end()) {
      block_ = std::move(source.points);
      source = {};
    } else {
      block_.insert(block_.end(), begin, end);
    }
  }
  std::erase_if(sources_,
                [](const Source& source) { return source.position == source.points.size(); });
  if (n_givers > 1) make_history(block_);
}

void HistoryWalk::drop_outside() {
  if (part_.after) {
    const auto first = std::upper_bound(block_.begin(), block_.end(), *part_.after, comes_before);
    block_.erase(block_.begin(), first);
  }
  const auto [first_step, last_step] = part_.steps;
  if (first_step == INT64_MIN && last_step == INT64_MAX) return;
  std::erase_if(block_, [&](const MetricPoint& point) {
    return point.step < first_step || point.step > last_step;
  });
}

Result<std::vector<MetricPoint>> read_history(db::Connection& conn, int64_t run_key,
                                              int64_t name_id) {
  auto walk = TRY(HistoryWalk::open(conn, run_key, name_id, {}));
  std::vector<MetricPoint> out;
  while (true) {
    const auto points = TRY(walk.next());
    if (points.empty()) return out;
    out.insert(out.end(), points.begin(), points.end());
  }
}

}  // namespace slipway::store
