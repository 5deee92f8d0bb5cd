// store/metric_history.h — one key's history in order: its chunks and the unfolded rest, merged.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "db/connection.h"
#include "store/metric_chunks.h"
#include "store/metrics.h"

namespace slipway::store {

/// Which part of a history to walk: behind a point, within steps, or both.
struct HistoryPart {
  std::optional<MetricPoint> after;
  StepRange steps;
};

/// Walks a history in order of timestamp, step and value; exact repeats come once. It holds only
/// the chunks whose times overlap, and what is not folded yet.
class HistoryWalk {
 public:
  /// Find the chunks and read the unfolded points. The connection must outlive the walk.
  static Result<HistoryWalk> open(db::Connection& conn, int64_t run_key, int64_t name_id,
                                  HistoryPart part);

  /// Give the next points, empty at the end; valid until the next call.
  /// Errors   data_loss, not_implemented: a batch or a chunk cannot be read.
  Result<std::span<const MetricPoint>> next();

 private:
  struct Chunk {
    int64_t chunk_id = 0;
    PointPlace first;
  };
  struct Source {
    std::vector<MetricPoint> points;
    size_t position = 0;
  };

  HistoryWalk(db::Connection& conn, HistoryPart part) : conn_(&conn), part_(part) {}
  Result<void> open_chunk();
  void take_before(std::optional<PointPlace> bound);
  void drop_outside();

  db::Connection* conn_;
  HistoryPart part_;
  std::vector<Chunk> chunks_;  // by their first place
  size_t n_opened_ = 0;
  std::vector<Source> sources_;  // with points left
  std::vector<MetricPoint> block_;
};

/// Read all points of one key, in order of timestamp, step and value, exact repeats dropped.
Result<std::vector<MetricPoint>> read_history(db::Connection& conn, int64_t run_key,
                                              int64_t name_id);

}  // namespace slipway::store
