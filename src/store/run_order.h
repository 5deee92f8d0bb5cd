// store/run_order.h — the order of a search over runs, as comparisons of cells in memory.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/run_columns.h"
#include "store/search_page.h"
#include "store/search_parser.h"

namespace slipway::store {

/// A run of a search: which of its tables, and where in it. `rank` is the first 64 bits of what it
/// is ordered by: where two differ, the smaller is the earlier run.
struct RankedRun {
  uint64_t rank = 0;
  uint32_t table = 0;
  uint32_t position = 0;
};

/// order_by, then start_time DESC, then run_id: a total order. In both directions missing values
/// come last, and before them NaN.
class RunOrder {
 public:
  /// Make an order of orderings that are known to be right (their SQL was made).
  static Result<RunOrder> make(db::Connection& conn, const std::vector<Ordering>& orderings);

  /// The columns it needs.
  std::vector<ColumnKey> columns() const;
  /// The kinds of the cells in a page's token.
  std::vector<SortKind> kinds() const;

  /// Take the tables that runs will be of; to be called before the others, while the tables and
  /// dictionaries stay as they are.
  void bind(const std::vector<const RunTable*>& tables, const Dictionaries& dictionaries);

  /// Rank runs of one table: out[i] is for positions[i].
  void rank(uint32_t table, std::span<const uint32_t> positions, std::span<uint64_t> out) const;
  /// Tell whether `a` comes before `b`.
  bool before(const RankedRun& a, const RankedRun& b) const {
    return a.rank != b.rank ? a.rank < b.rank : before_of_equal_rank(a, b);
  }

  /// What a run is ordered by, for the token of the next page; the rank and the comparison of it.
  std::vector<SortCell> cells(const RankedRun& run) const;
  uint64_t rank(const std::vector<SortCell>& cells) const;
  bool before(const std::vector<SortCell>& cells, const RankedRun& run) const;

 private:
  enum class Source : uint8_t { number, end_time, text, start_time, run_id, nothing };
  struct Key {
    Source source = Source::nothing;
    ColumnKey column;
    Direction direction = Direction::ascending;
    const TextDictionary* dictionary = nullptr;
    std::vector<const Column*> columns;  // by table
  };
  struct Cell {
    SortCell::State state = SortCell::State::value;
    double number = 0;
    int64_t integer = 0;
    std::string_view text;
  };

  bool before_of_equal_rank(const RankedRun& a, const RankedRun& b) const;
  static SortKind kind_of(Source source);
  static uint64_t rank_of(const Key& key, const Cell& cell);
  static int compare(const Key& key, const Cell& a, const Cell& b);
  static Cell cell_of(const SortCell& cell);
  Cell cell_at(const Key& key, uint32_t table, uint32_t position) const;

  std::vector<Key> keys_;
  std::vector<const RunTable*> tables_;
};

}  // namespace slipway::store
