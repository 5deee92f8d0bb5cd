#include "store/run_search.h"

#include <atomic>
#include <limits>
#include <set>
#include <thread>

#include "base/random.h"
#include "base/text.h"
#include "store/run_filter.h"
#include "store/test_store.h"

namespace slipway::store {
namespace {

TEST(LikeTest, TakesPercentAndUnderscore) {
  EXPECT_TRUE(is_like("", ""));
  EXPECT_TRUE(is_like("", "%%"));
  EXPECT_FALSE(is_like("", "_"));
  EXPECT_TRUE(is_like("abcabd", "%ab_"));
  EXPECT_TRUE(is_like("aXbXc", "a%b%c"));
  EXPECT_FALSE(is_like("abc", "a%d"));
  EXPECT_TRUE(is_like("größe", "gr__e"));
  EXPECT_FALSE(is_like("abc", "ABC"));
}

/// Runs with few distinct values, so that searches tie, miss and match often; and searches made of
/// all that the language has.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  size_t below(size_t bound) { return random_.below(bound); }
  bool one_in(size_t n) { return below(n) == 0; }
  template <typename T, size_t n>
  const T& any(const T (&items)[n]) {
    return items[below(n)];
  }

  std::string text() {
    static const std::string kTexts[] = {
        "x",
        "X",
        "xy",
        "",
        "größe",
        "a%b",
        "a_b",
        "zz",
        "10",
        "9",
        "a long text that does not fit into an index of 40 letters",
        "a long text that does not fit into an index of 40 l"};
    return any(kTexts);
  }
  double number() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    static constexpr double kNumbers[] = {
        0, 1, -1, 0.5, 2, 1e300, kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN()};
    return any(kNumbers);
  }
  std::string name() {
    static const std::string kNames[] = {"a", "b", "c"};
    return any(kNames);
  }

  std::string filter(const std::vector<std::string>& run_ids) {
    std::string out;
    for (size_t n = below(4); n > 0; --n) out += (out.empty() ? "" : " AND ") + clause(run_ids);
    return out;
  }
  std::vector<std::string> order_by() {
    static const std::string kFields[] = {
        "metrics.a",  "metrics.b", "params.a", "tags.b",   "tags.none",    "run_id",      "status",
        "start_time", "end_time",  "user_id",  "run_name", "metrics.none", "artifact_uri"};
    std::set<std::string> fields;
    for (size_t n = below(3); n > 0; --n) fields.insert(any(kFields));
    std::vector<std::string> out;
    for (const auto& field : fields) out.push_back(field + (one_in(2) ? " DESC" : " ASC"));
    if (one_in(2)) std::reverse(out.begin(), out.end());
    return out;
  }

 private:
  std::string clause(const std::vector<std::string>& run_ids) {
    static const std::string kSigns[] = {"<", "<=", "=", "!=", ">=", ">"};
    static const std::string kBounds[] = {"0", "1", "-1", "0.5", "1e300", "0.7", "1.5"};
    static const std::string kTimes[] = {"1000", "1001", "1002.5", "0", "-5", "1e3"};
    switch (below(8)) {
      case 0:
      case 1: return fmt::format("metrics.{} {} {}", name(), any(kSigns), any(kBounds));
      case 2: return fmt::format("params.{} {}", name(), text_test());
      case 3: return fmt::format("tags.{} {}", one_in(5) ? "none" : name(), text_test());
      case 4: {
        static const std::string kFields[] = {"start_time", "end_time", "created"};
        return fmt::format("{} {} {}", any(kFields), any(kSigns), any(kTimes));
      }
      case 5: {
        static const std::string kFields[] = {"name", "digest", "context"};
        static const std::string kTests[] = {"= 'x'", "!= 'x'", "LIKE 'x%'", "IN ('x', 'zz')",
                                             "NOT IN ('x', 'zz')"};
        return fmt::format("dataset.{} {}", any(kFields), any(kTests));
      }
      case 6: {
        const std::string& id = run_ids[below(run_ids.size())];
        static const std::string kTests[] = {"= '{0}'", "!= '{0}'", "IN ('{0}', 'none')",
                                             "NOT IN ('{0}', 'none')", "LIKE 'a%'"};
        return "run_id " + fmt::format(fmt::runtime(any(kTests)), id);
      }
      default: {
        static const std::string kTests[] = {"status = 'FINISHED'",
                                             "status != 'RUNNING'",
                                             "status LIKE '%ED'",
                                             "user_id = 'x'",
                                             "run_name ILIKE 'X%'",
                                             "run_name != 'zz'",
                                             "artifact_uri LIKE '%artifacts'"};
        return any(kTests);
      }
    }
  }
  std::string text_test() {
    static const std::string kTests[] = {"IS NULL",    "IS NOT NULL", "LIKE '%'", "LIKE 'a_b'",
                                         "LIKE '%ö%'", "ILIKE 'X%'",  "LIKE 'x_'"};
    if (one_in(2)) return any(kTests);
    return fmt::format("{} '{}'", one_in(2) ? "=" : "!=", text());
  }

  Random random_;
};

class RunIndexTest : public StoreTest {
 protected:
  void start(size_t n_runs) {
    experiments_ = {"0", new_experiment("one"), new_experiment("two")};
    for (size_t i = 0; i < n_runs; ++i) add_run();
  }

  void add_run() {
    NewRun request;
    request.experiment_id = experiments_[any_.below(experiments_.size())];
    request.user_id = any_.text();
    request.run_name = any_.text();
    request.start_time_ms = 1000 + static_cast<int64_t>(any_.below(4));
    const auto made = store().write([&](db::Connection& c) { return create_run(c, request); });
    if (!made.ok()) return;  // the experiment is deleted
    run_ids_.push_back(made->info.run_id);
    for (int i = 0; i < 3; ++i) change(run_ids_.back());
  }

  /// Any one write to a run; those that are refused are no matter.
  void change(const std::string& run_id) {
    (void)store().write([&](db::Connection& c) -> Result<void> {
      switch (any_.below(9)) {
        case 0:
        case 1:
          return log_batch(c, run_id, {point(any_.name(), any_.number(), 0, n_changes_++)}, {}, {});
        case 2: return log_param(c, run_id, {any_.name(), any_.text()});
        case 3: return set_run_tag(c, run_id, {any_.name(), any_.text()});
        case 4: return delete_run_tag(c, run_id, any_.name());
        case 5: {
          RunUpdate update;
          update.status = static_cast<RunStatus>(1 + any_.below(5));
          if (any_.one_in(2)) update.end_time_ms = 1000 + static_cast<int64_t>(any_.below(4));
          if (any_.one_in(2)) update.run_name = any_.text();
          TRY(update_run(c, run_id, update));
          return {};
        }
        case 6: return any_.one_in(3) ? delete_run(c, run_id) : restore_run(c, run_id);
        case 7: {
          DatasetInput input{{any_.text(), "x", "local", "s", "", ""}, {}};
          if (any_.one_in(2)) input.tags = {{"mlflow.data.context", any_.text()}};
          return log_inputs(c, run_id, {input}, {});
        }
        default: return log_metric(c, run_id, point(any_.name(), any_.number(), 0, n_changes_++));
      }
    });
  }

  RunSearch any_search() {
    RunSearch search;
    for (const auto& id : experiments_) {
      if (any_.one_in(2)) search.experiment_ids.push_back(id);
    }
    search.request.filter = any_.filter(run_ids_);
    search.request.order_by = any_.order_by();
    search.request.max_results = any_.one_in(3) ? 5 : 40;
    constexpr ViewType kViews[] = {ViewType::active_only, ViewType::active_only,
                                   ViewType::deleted_only, ViewType::all};
    search.view = any_.any(kViews);
    return search;
  }

  Page<FoundRun> find(const RunSearch& search) {
    Page<FoundRun> out;
    const auto done = find_runs(store(), search, [&](db::Connection&, const Page<FoundRun>& page) {
      out = page;
      return Result<void>();
    });
    EXPECT_TRUE(done.ok()) << done.error().message;
    return out;
  }

  static std::string keys_of(const Page<FoundRun>& page) {
    std::string out;
    for (const FoundRun& run : page.items) out += std::to_string(run.run_key) + " ";
    return out;
  }

  /// Compares a search by the index with the same by SQL, page by page. Gives the runs compared.
  size_t compare(RunSearch search) {
    size_t n_runs = 0;
    while (true) {
      const auto by_index = find(search);
      const auto by_sql = read([&](db::Connection& c) { return find_runs_by_sql(c, search); });
      const std::string what = fmt::format("filter {} order {} token {}", search.request.filter,
                                           join(search.request.order_by, ", "),
                                           base64_decode(search.request.page_token).value_or(""));
      EXPECT_EQ(keys_of(by_index), keys_of(by_sql)) << what;
      EXPECT_EQ(base64_decode(by_index.next_page_token), base64_decode(by_sql.next_page_token))
          << what;
      n_runs += by_index.items.size();
      if (HasFailure() || by_index.next_page_token.empty()) return n_runs;
      search.request.page_token = by_index.next_page_token;
    }
  }

  Generator any_{20261123};
  std::vector<std::string> experiments_;
  std::vector<std::string> run_ids_;
  int64_t n_changes_ = 0;
};

TEST_F(RunIndexTest, FindsWhatSqlFindsWhileRunsChange) {
  start(120);
  size_t n_runs = 0;
  for (int i = 0; i < 1200 && !HasFailure(); ++i) {
    for (size_t n = any_.below(4); n > 0; --n) change(run_ids_[any_.below(run_ids_.size())]);
    if (any_.one_in(20)) add_run();
    if (any_.one_in(100)) {
      (void)store().write([&](db::Connection& c) { return delete_experiment(c, experiments_[2]); });
    } else if (any_.one_in(30)) {
      (void)store().write(
          [&](db::Connection& c) { return restore_experiment(c, experiments_[2]); });
    }
    n_runs += compare(any_search());
  }
  EXPECT_GT(n_runs, 5'000u);  // not mostly empty answers
  EXPECT_GT(store().run_index().use().n_columns, 10u);
}

TEST_F(RunIndexTest, HoldsNothingBeforeTheFirstSearchAndForgetsWhatIsNotUsed) {
  start(10);
  RunIndex& index = store().run_index();
  EXPECT_EQ(index.use().size_bytes, 0u);
  RunSearch search{experiments_, {"metrics.a > 0 AND tags.b = 'x'", {"params.c"}, 10, ""}};
  (void)find(search);
  EXPECT_EQ(index.use().n_runs, 10u);
  EXPECT_EQ(index.use().n_columns, 9u);
  index.drop_unused(0);
  EXPECT_EQ(index.use().n_columns, 9u);
  index.drop_unused(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(index.use().size_bytes, 0u);
  EXPECT_GE(compare(search), 0u);
}

TEST_F(RunIndexTest, IsMadeAnewWhereChangesAreForgotten) {
  start(20);
  RunSearch search{experiments_, {"metrics.a > 0", {"metrics.b"}, 50, ""}};
  (void)find(search);
  for (int i = 0; i < 30; ++i) change(run_ids_[any_.below(run_ids_.size())]);
  (void)store().write([&](db::Connection& c) {
    return c.exec(
        "DELETE FROM run_changes WHERE change_no < (SELECT max(change_no) FROM"
        " run_changes)");
  });
  EXPECT_GE(compare(search), 0u);
}

TEST_F(RunIndexTest, ARunThatIsGoneIsNotFoundNorWhatTookItsKey) {
  start(20);
  RunSearch search{experiments_, {"", {"metrics.a"}, 50, ""}, ViewType::all};
  EXPECT_EQ(find(search).items.size(), 20u);
  (void)store().write([&](db::Connection& c) -> Result<void> {
    const auto key = TRY(c.integer("SELECT max(run_key) FROM runs"));
    for (const auto table :
         {"latest_metrics", "params", "run_tags", "run_dataset_tags", "run_datasets", "runs"}) {
      TRY(c.exec(fmt::format("DELETE FROM {} WHERE run_key = ?", table), *key));
    }
    return note_change(c, *key);
  });
  EXPECT_EQ(find(search).items.size(), 19u);
  add_run();  // takes the key
  EXPECT_EQ(compare(search), 20u);
}

TEST_F(RunIndexTest, SearchesTooLargeForItGoBySql) {
  start(30);
  RunIndex small({200, std::chrono::minutes(1)});
  RunPlan plan;
  plan.experiment_keys = {0};
  plan.order = read([&](db::Connection& c) { return RunOrder::make(c, {}); });
  plan.max_results = 5;
  const auto answer = read([&](db::Connection& c) { return small.search(c, plan); });
  EXPECT_EQ(answer.outcome, RunIndex::Outcome::too_large);
  EXPECT_EQ(small.use().size_bytes, 0u);
}

TEST_F(RunIndexTest, RefusesForeignTokens) {
  start(3);
  const auto error_of = [&](std::string_view token) {
    RunSearch search{experiments_, {"", {"metrics.a"}, 2, base64_encode(token)}};
    return search_runs(store(), search).error().message;
  };
  EXPECT_EQ(error_of("{\"offset\": 0, \"after\": 3}"),
            "Invalid page token, parsed value={\"offset\": 0, \"after\": 3}");
  EXPECT_NE(error_of("{\"offset\": 0, \"after\": [null]}").find("Invalid page token"),
            std::string::npos);
  EXPECT_NE(error_of("{\"offset\": 0, \"after\": [[\"a\"], [1], [\"r\"]]}").find("Invalid page"),
            std::string::npos);
  RunSearch offset_only{experiments_, {"", {}, 50, base64_encode("{\"offset\": 1}")}};
  EXPECT_EQ(find(offset_only).items.size(), 2u);
  offset_only.request.page_token = base64_encode("{\"offset\": 9223372036854775807}");
  EXPECT_EQ(find(offset_only).items.size(), 0u);
}

TEST_F(RunIndexTest, PagesNeitherRepeatNorSkipWhileRunsCome) {
  start(200);
  for (const bool by_index : {true, false}) {
    const std::set<std::string> before(run_ids_.begin(), run_ids_.end());
    std::atomic<bool> stop = false;
    std::thread writer([&] {
      NewRun request;
      request.experiment_id = "0";
      request.start_time_ms = 1001;
      // not without end: where pages are read more slowly than runs come, none would be the last
      for (int i = 0; i < 1000 && !stop; ++i) {
        (void)store().write([&](db::Connection& c) { return create_run(c, request); });
      }
    });
    RunSearch search{experiments_, {"", {"metrics.a DESC"}, 7, ""}, ViewType::all};
    std::multiset<std::string> seen;
    do {
      auto found = by_index ? find(search)
                            : read([&](db::Connection& c) { return find_runs_by_sql(c, search); });
      const auto runs = read([&](db::Connection& c) { return load_found(c, found.items); });
      for (const auto& found_run : runs) seen.insert(found_run->info.run_id);
      search.request.page_token = found.next_page_token;
    } while (!search.request.page_token.empty() && seen.size() < 100'000);
    stop = true;
    writer.join();
    for (const auto& run_id : before) EXPECT_EQ(seen.count(run_id), 1u);
    EXPECT_EQ(seen.size(), std::set<std::string>(seen.begin(), seen.end()).size());
  }
}

TEST_F(RunIndexTest, SeesEachWriteThatWasAcknowledged) {
  const std::string run_id = new_run();
  std::atomic<bool> stop = false;
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&, i] {
      RunSearch search{{"0"}, {fmt::format("metrics.m{} >= 0", i % 2), {"metrics.m"}, 5, ""}};
      while (!stop) (void)find(search);
    });
  }
  for (int64_t i = 1; i <= 300; ++i) {
    log(run_id, {point("m", static_cast<double>(i), 0, i)});
    RunSearch search{{"0"}, {fmt::format("metrics.m >= {}", i), {}, 5, ""}};
    ASSERT_EQ(find(search).items.size(), 1u) << i;
  }
  stop = true;
  for (auto& other : others) other.join();
}

}  // namespace
}  // namespace slipway::store
