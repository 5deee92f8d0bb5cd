#include "store/run_scan.h"

#include <algorithm>
#include <array>

namespace slipway::store {
namespace {

constexpr size_t kFewRuns = 2048;  // that are not worth a cut
constexpr size_t kBlock = 1024;  // runs whose cells stay in the nearest cache from clause to clause

/// Keeps the first `n` of the runs that come, in any order, without sorting all of them.
class FirstRuns {
  auto before() const {
    return [this](const RankedRun& a, const RankedRun& b) { return order_.before(a, b); };
  }

 public:
  FirstRuns(const RunOrder& order, size_t n) : order_(order), n_(n) {}

  void add(const RankedRun& run) {
    if (is_full_ && !order_.before(run, last_)) return;
    runs_.push_back(run);
    if (runs_.size() >= std::max(2 * n_, kFewRuns)) cut();
  }
  /// Runs of a greater rank need not come.
  uint64_t greatest_rank() const { return is_full_ ? last_.rank : UINT64_MAX; }

  std::vector<RankedRun> sorted() {
    const auto end = runs_.begin() + static_cast<std::ptrdiff_t>(std::min(n_, runs_.size()));
    std::partial_sort(runs_.begin(), end, runs_.end(), before());
    runs_.erase(end, runs_.end());
    return std::move(runs_);
  }

 private:
  void cut() {
    const auto last = runs_.begin() + static_cast<std::ptrdiff_t>(n_ - 1);
    std::nth_element(runs_.begin(), last, runs_.end(), before());
    last_ = *last;
    is_full_ = true;
    runs_.erase(last + 1, runs_.end());
  }

  const RunOrder& order_;
  size_t n_;
  std::vector<RankedRun> runs_;
  RankedRun last_;
  bool is_full_ = false;
};

/// Sets passes to 1 for the runs of a block that the view shows and all clauses let through.
void filter(RunPlan& plan, const RunTable& table, size_t first, std::span<uint8_t> passes) {
  const auto stages = std::span(table.stages).subspan(first, passes.size());
  const RunStage shown = plan.view == ViewType::active_only ? RunStage::active : RunStage::deleted;
  if (plan.view == ViewType::all) {
    for (size_t i = 0; i < passes.size(); ++i) passes[i] = stages[i] != RunStage::gone ? 1 : 0;
  } else {
    for (size_t i = 0; i < passes.size(); ++i) passes[i] = stages[i] == shown ? 1 : 0;
  }
  for (RunClause& clause : plan.clauses) clause.test(table, first, passes);
}

/// One table's part of a scan.
class TableScan {
 public:
  TableScan(RunPlan& plan, uint32_t number, const RunTable& table, FirstRuns& found)
      : plan_(plan), number_(number), table_(table), found_(found) {
    if (!plan.start.after.empty()) least_rank_ = plan.order.rank(plan.start.after);
  }

  /// The last first: most searches want the newest runs, and then can pass over all others.
  void run() {
    const size_t n_blocks = (table_.n_runs() + kBlock - 1) / kBlock;
    for (size_t block = n_blocks; block-- > 0;) {
      const size_t first = block * kBlock;
      const auto passes = std::span(passes_).first(std::min(kBlock, table_.n_runs() - first));
      filter(plan_, table_, first, passes);
      size_t n_found = 0;
      for (size_t i = 0; i < passes.size(); ++i) {
        positions_[n_found] = static_cast<uint32_t>(first + i);
        n_found += passes[i];
      }
      take(n_found);
    }
  }

 private:
  void take(size_t n_found) {
    const auto positions = std::span(positions_).first(n_found);
    plan_.order.rank(number_, positions, ranks_);
    const auto& after = plan_.start.after;
    uint64_t greatest = found_.greatest_rank();
    for (size_t i = 0; i < n_found; ++i) {
      if (ranks_[i] > greatest || ranks_[i] < least_rank_) continue;
      const RankedRun run{ranks_[i], number_, positions[i]};
      if (!after.empty() && !plan_.order.before(after, run)) continue;
      found_.add(run);
      greatest = found_.greatest_rank();
    }
  }

  RunPlan& plan_;
  uint32_t number_;
  const RunTable& table_;
  FirstRuns& found_;
  uint64_t least_rank_ = 0;
  std::array<uint8_t, kBlock> passes_;
  std::array<uint32_t, kBlock> positions_;
  std::array<uint64_t, kBlock> ranks_;
};

}  // namespace

std::vector<ColumnKey> RunPlan::columns() const {
  std::vector<ColumnKey> columns = order.columns();
  for (const RunClause& clause : clauses) {
    if (clause.column() != nullptr) columns.push_back(*clause.column());
  }
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  return columns;
}

std::vector<RankedRun> scan(RunPlan& plan, const std::vector<const RunTable*>& tables,
                            const Dictionaries& dictionaries) {
  for (RunClause& clause : plan.clauses) clause.bind(dictionaries);
  std::stable_sort(plan.clauses.begin(), plan.clauses.end(),
                   [](const RunClause& a, const RunClause& b) { return a.cost() < b.cost(); });
  plan.order.bind(tables, dictionaries);
  // rows before an offset without cells must be found, too
  const auto offset = plan.start.after.empty() ? static_cast<size_t>(plan.start.offset) : 0;
  size_t n_runs = 0;
  for (const RunTable* const table : tables) n_runs += table->n_runs();
  const size_t n_skipped = std::min(offset, n_runs);
  FirstRuns found(plan.order, n_skipped + plan.max_results + 1);
  for (auto number = static_cast<uint32_t>(tables.size()); number-- > 0;) {
    TableScan(plan, number, *tables[number], found).run();
  }
  auto runs = found.sorted();
  runs.erase(runs.begin(),
             runs.begin() + static_cast<std::ptrdiff_t>(std::min(n_skipped, runs.size())));
  return runs;
}

}  // namespace slipway::store
