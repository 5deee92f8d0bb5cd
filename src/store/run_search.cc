#include "store/run_search.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "store/limits.h"
#include "store/run_query.h"
#include "store/run_rows.h"

namespace slipway::store {
namespace {

constexpr int64_t kMaxResults = 50'000;
constexpr int kMaxAttempts = 20;  // each fails only where another search went on meanwhile

/// A search that is known to be right: as SQL, and as parsed.
struct CheckedSearch {
  explicit CheckedSearch(db::Connection& conn) : query(conn) {}
  RunQuery query;
  std::vector<int64_t> experiment_keys;
  std::vector<Comparison> comparisons;
  std::vector<Ordering> orderings;
};

/// Making the SQL is what checks a search, so that both ways refuse with the same words.
Result<CheckedSearch> check_search(db::Connection& conn, const RunSearch& search) {
  CheckedSearch out(conn);
  for (const std::string& experiment_id : search.experiment_ids) {
    const int64_t key = TRY(experiment_key(experiment_id));
    out.experiment_keys.push_back(key);
  }
  out.query.add_scope(out.experiment_keys, search.view);
  std::sort(out.experiment_keys.begin(), out.experiment_keys.end());
  out.experiment_keys.erase(std::unique(out.experiment_keys.begin(), out.experiment_keys.end()),
                            out.experiment_keys.end());
  out.comparisons = TRY(parse_filter(search.request.filter));
  for (const Comparison& comparison : out.comparisons) TRY(out.query.add_clause(comparison));
  for (const std::string& text : search.request.order_by) {
    Ordering ordering = TRY(parse_ordering(text));
    TRY(out.query.add_ordering(ordering));
    out.orderings.push_back(std::move(ordering));
  }
  TRY(check_max_results(search.request.max_results, kMaxResults));
  return out;
}

Result<RunPlan> plan_of(db::Connection& conn, const CheckedSearch& checked,
                        const RunSearch& search) {
  RunPlan plan;
  plan.experiment_keys = checked.experiment_keys;
  plan.view = search.view;
  for (const Comparison& comparison : checked.comparisons) {
    auto clause = TRY(RunClause::make(conn, comparison));
    plan.clauses.push_back(std::move(clause));
  }
  plan.order = TRY(RunOrder::make(conn, checked.orderings));
  plan.start = TRY(read_page_token(search.request.page_token, plan.order.kinds()));
  plan.max_results = static_cast<size_t>(search.request.max_results);
  return plan;
}

Result<Page<FoundRun>> run_sql(CheckedSearch& checked, const PageStart& start,
                               const RunSearch& search) {
  auto keys = TRY(checked.query.page(start, search.request.max_results));
  Page<FoundRun> page;
  page.next_page_token = std::move(keys.next_page_token);
  for (const int64_t key : keys.items) page.items.push_back({key, FoundRun::kUnknown});
  return page;
}

}  // namespace

Result<void> find_runs(Store& store, const RunSearch& search, const UseRuns& use) {
  std::optional<Page<FoundRun>> newer;  // than the view of the connection that found it
  for (int attempt = 1; attempt <= kMaxAttempts; ++attempt) {
    bool again = false;
    TRY(store.read([&](db::Connection& conn) -> Result<void> {
      auto checked = TRY(check_search(conn, search));
      auto plan = TRY(plan_of(conn, checked, search));
      auto answer = TRY(store.run_index().search(conn, plan));
      again = answer.outcome == RunIndex::Outcome::outdated && attempt < kMaxAttempts;
      if (again) return {};
      if (answer.outcome != RunIndex::Outcome::found) {
        const auto page = TRY(run_sql(checked, plan.start, search));
        return use(conn, page);
      }
      if (answer.is_as_seen) return use(conn, answer.page);
      newer = std::move(answer.page);
      return {};
    }));
    if (!again) break;
  }
  if (!newer) return {};
  return store.read([&](db::Connection& conn) { return use(conn, *newer); });
}

Result<Page<Run>> search_runs(Store& store, const RunSearch& search) {
  Page<Run> page;
  TRY(find_runs(store, search,
                [&](db::Connection& conn, const Page<FoundRun>& found) -> Result<void> {
                  auto runs = TRY(load_found(conn, found.items));
                  for (auto& run : runs) {
                    if (run) page.items.push_back(*std::move(run));
                  }
                  page.next_page_token = found.next_page_token;
                  return {};
                }));
  return page;
}

Result<Page<FoundRun>> find_runs_by_sql(db::Connection& conn, const RunSearch& search) {
  auto checked = TRY(check_search(conn, search));
  const auto plan = TRY(plan_of(conn, checked, search));
  return run_sql(checked, plan.start, search);
}

Result<std::vector<std::optional<Run>>> load_found(db::Connection& conn,
                                                   const std::vector<FoundRun>& runs) {
  std::vector<int64_t> keys;
  keys.reserve(runs.size());
  for (const FoundRun& run : runs) keys.push_back(run.run_key);
  auto loaded = TRY(load_runs(conn, keys));
  std::vector<std::optional<Run>> out;
  if (loaded.size() == keys.size()) {
    out.assign(std::move_iterator(loaded.begin()), std::move_iterator(loaded.end()));
    return out;
  }
  for (const int64_t key : keys) {  // some are gone: only one by one it is known which
    auto one = TRY(load_runs(conn, {key}));
    out.push_back(one.empty() ? std::nullopt : std::optional(std::move(one.front())));
  }
  return out;
}

}  // namespace slipway::store
