#include <limits>

#include "store/run_search.h"
#include "store/search_parser.h"
#include "store/test_store.h"

namespace slipway::store {
namespace {

TEST(SearchParserTest, ReadsWhatRealClientsWrite) {
  const std::string filter =
      "metrics.acc >= .5 and params.\"a b\" = 'it''s' AND tags.mlflow.source.name ILIKE \"%x\" AND "
      "run_id not in ('a', \"b\") AND params.`p` is not null AND params.select='1' AND "
      "start_time > -1e3 AND";
  const auto parsed = parse_filter(filter);
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  std::string flat;
  for (const Comparison& c : *parsed) {
    flat += c.identifier.entity + "|" + c.identifier.key + "|" + c.comparator + "|" +
            (c.literal.kind == LiteralKind::text ? c.literal.text : c.literal.written) + "\n";
  }
  EXPECT_EQ(flat,
            "metrics|acc|>=|.5\n"
            "params|a b|=|it''s\n"
            "tags|mlflow.source.name|ILIKE|%x\n"
            "|run_id|NOT IN|('a', \"b\")\n"
            "params|p|IS NOT NULL|\n"
            "params|select|=|1\n"
            "|start_time|>|-1e3\n");
  EXPECT_EQ((*parsed)[3].literal.texts, (std::vector<std::string>{"a", "b"}));
}

TEST(SearchParserTest, RefusesWithMlflowsWords) {
  const std::pair<std::string, std::string> cases[] = {
      {"params.a-b = 'x'", "Expected 'Identifier' found 'params.a-b'"},
      {"metrics.a/b > 1", "Expected 'Identifier' found 'metrics.a/b'"},
      {" ", "Invalid filter ' '. Could not be parsed."},
      {"a $ b", "Invalid clause(s) in filter string: 'a', '$', 'b'"},
      {"name = 'a' OR name = 'b'", "Invalid clause(s) in filter string: 'OR'"},
      {"(name = 'a')", "Invalid clause(s) in filter string"},
      {"name = 'a' -- comment", "Invalid clause(s) in filter string"},
      {"acc", "Invalid clause(s) in filter string: 'acc'"},
      {"name =", "Invalid clause(s) in filter string"},
      {"name = 'a", "Invalid clause(s) in filter string"},
      {"1 = 1", "Expected 'Identifier' found '1'"},
      {"'a' = 'b'", "Expected 'Identifier' found ''a''"},
      {"name = 'a'; name = 'b'", "Search filter contained multiple expression"},
      {"run_id IN ('a'", "Invalid clause(s) in filter string: 'run_id', 'IN', '(', ''a''"},
      {"params.1 = 'x'", "Invalid clause(s) in filter string: 'params'"},
      {"params.1e5 = 'x'", "Invalid clause(s) in filter string: 'params.'"},
      {"params.from = 'x'", "Invalid clause(s) in filter string: 'params.', 'from', '=', ''x''"},
      {"metrics.a > 1e+3 - 1 b", "Invalid clause(s) in filter string: 'metrics.a > 1e+3 - 1 b'"},
      {"a//b = 'x'", "Expected 'Identifier' found 'a//b'"},
      {"a//b", "Invalid clause(s) in filter string: 'a//b'"},
      {"timestamp > 1", "Invalid clause(s) in filter string: 'timestamp', '>', '1'"},
      {"name = 'a', name = 'b'", "Invalid clause(s) in filter string: 'name = 'a', name = 'b''"},
      {"(name = 'a') AND x IS NULL", "Invalid clause(s) in filter string: '(name = 'a')'"},
      {"name = 'a' = 'b'", "Expected 'Identifier' found 'name = 'a''"},
      {"a is not  null", "Invalid clause(s) in filter string: 'a', 'is', 'not  null'"},
  };
  for (const auto& [filter, message] : cases) {
    const auto parsed = parse_filter(filter);
    ASSERT_FALSE(parsed.ok()) << filter;
    EXPECT_EQ(parsed.error().code, Code::invalid_parameter_value);
    EXPECT_NE(parsed.error().message.find(message), std::string::npos)
        << filter << " -> " << parsed.error().message;
  }
}

TEST(SearchParserTest, KeepsWhatIsWrongInAListForWhereListsAreTaken) {
  const std::pair<std::string, std::string> cases[] = {
      {"run_id IN ()", "While parsing a list in the query, expected a non-empty list"},
      {"run_id IN ('a', 1)", "but got different type in list: ('a', 1)"},
      {"run_id IN (1)", "but got different type in list: (1,)"},
      {"run_id IN ('a' 1)", "ill-formed list"},
  };
  for (const auto& [filter, problem] : cases) {
    const auto parsed = parse_filter(filter);
    ASSERT_TRUE(parsed.ok()) << filter;
    EXPECT_NE(parsed->front().literal.problem.find(problem), std::string::npos)
        << filter << " -> " << parsed->front().literal.problem;
  }
  EXPECT_EQ(parse_filter("run_id IN ('a', 'b')")->front().literal.problem, "");
  EXPECT_EQ(parse_filter("run_id IN ('a' 'b', \"c\\'\",)")->front().literal.texts,
            (std::vector<std::string>{"ab", "c'"}));
}

TEST(SearchParserTest, ReadsOrderings) {
  const auto ordering = parse_ordering("metrics.`a b` desc");
  ASSERT_TRUE(ordering.ok());
  EXPECT_EQ(ordering->identifier.entity, "metrics");
  EXPECT_EQ(ordering->identifier.key, "a b");
  EXPECT_EQ(ordering->direction, Direction::descending);
  EXPECT_NE(parse_ordering("a ASCENDING").error().message.find("Invalid ordering key in order_by"),
            std::string::npos);
  for (const std::string bad : {"", "a b c", "1", "a DESC NULLS LAST", "'a'"}) {
    EXPECT_NE(parse_ordering(bad).error().message.find("Invalid order_by clause"),
              std::string::npos)
        << bad;
  }
}

/// Four runs a, b, c, d that start one after the other:
///   metric m: 1, 2, NaN, missing; param p: "x", "X", "y%", missing; tag t: "1", missing, "1", "2".
class RunSearchTest : public StoreTest {
 protected:
  RunSearchTest() {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    add("a", {point("m", 1)}, {{"p", "x"}}, {{"t", "1"}});
    add("b", {point("m", 2)}, {{"p", "X"}}, {});
    add("c", {point("m", nan)}, {{"p", "y%"}}, {{"t", "1"}});
    add("d", {}, {}, {{"t", "2"}});
    const DatasetInput input{{"flights", "d1", "local", "s", "", ""},
                             {{"mlflow.data.context", "train"}}};
    (void)store().write([&](db::Connection& c) { return log_inputs(c, ids_[0], {input}, {}); });
  }

  void add(const std::string& name, const std::vector<Metric>& metrics,
           const std::vector<Param>& params, const std::vector<Tag>& tags) {
    NewRun request;
    request.experiment_id = "0";
    request.run_name = name;
    request.user_id = "user-" + name;
    request.start_time_ms = 1000 + static_cast<int64_t>(ids_.size());
    ids_.push_back(write([&](db::Connection& c) { return create_run(c, request); }).info.run_id);
    log(ids_.back(), metrics, params, tags);
  }

  Result<Page<store::Run>> search(const SearchRequest& request,
                                  ViewType view = ViewType::active_only) {
    return search_runs(store(), {{"0"}, request, view});
  }
  /// The names of the runs found, joined.
  std::string names(const std::string& filter, const std::vector<std::string>& order_by = {}) {
    const auto page = search({filter, order_by, 100, ""});
    if (!page.ok()) return page.error().message;
    std::string out;
    for (const auto& found : page->items) out += found.info.run_name;
    return out;
  }

  std::vector<std::string> ids_;
};

TEST_F(RunSearchTest, ComparesMetrics) {
  EXPECT_EQ(names("metrics.m > 1"), "b");
  EXPECT_EQ(names("metric.m >= 1"), "ba");
  EXPECT_EQ(names("metrics.m != 1"), "cb");
  EXPECT_EQ(names("metrics.m <= 1e3 AND metrics.m < 2"), "a");
  EXPECT_EQ(names("metrics.unknown != 1"), "");
}

TEST_F(RunSearchTest, ComparesParamsAndTags) {
  EXPECT_EQ(names("params.p = 'x'"), "a");
  EXPECT_EQ(names("params.p != 'x'"), "cb");
  EXPECT_EQ(names("params.p LIKE 'x%'"), "a");
  EXPECT_EQ(names("params.p ILIKE 'x%'"), "ba");
  EXPECT_EQ(names("params.p IS NULL"), "d");
  EXPECT_EQ(names("params.p IS NOT NULL AND tags.t = '1'"), "ca");
  EXPECT_EQ(names("tags.t IS NULL"), "b");
  EXPECT_EQ(names("tags.unknown IS NULL AND tags.unknown IS NOT NULL"), "");
}

TEST_F(RunSearchTest, ComparesAttributes) {
  EXPECT_EQ(names("run_name = 'a'"), "a");
  EXPECT_EQ(names("attributes.`run name` LIKE 'b%'"), "b");
  EXPECT_EQ(names("status = 'RUNNING' AND user_id != 'user-a'"), "dcb");
  EXPECT_EQ(names("start_time > 1001 AND created <= 1002"), "c");
  EXPECT_EQ(names("run_id IN ('" + ids_[0] + "', '" + ids_[3] + "')"), "da");
  EXPECT_EQ(names("run_id NOT IN ('" + ids_[0] + "')"), "dcb");
  EXPECT_EQ(names("end_time > 0"), "");
}

TEST_F(RunSearchTest, ComparesDatasets) {
  EXPECT_EQ(names("dataset.name = 'flights'"), "a");
  EXPECT_EQ(names("datasets.digest IN ('d1', 'd2') AND dataset.context LIKE 'tr%'"), "a");
  EXPECT_EQ(names("dataset.context = 'test'"), "");
}

TEST_F(RunSearchTest, OrdersWithNanAfterValuesAndMissingLast) {
  EXPECT_EQ(names(""), "dcba");
  EXPECT_EQ(names("", {"metrics.m ASC"}), "abcd");
  EXPECT_EQ(names("", {"metrics.m DESC"}), "bacd");
  EXPECT_EQ(names("", {"params.p DESC"}), "cabd");
  EXPECT_EQ(names("", {"tags.t", "start_time"}), "acdb");
  EXPECT_EQ(names("", {"attributes.start_time ASC"}), "abcd");
  EXPECT_EQ(names("", {"run_name DESC"}), "dcba");
}

TEST_F(RunSearchTest, RefusesWithMlflowsWords) {
  const std::pair<std::string, std::string> cases[] = {
      {"nothing.x = 'a'", "Invalid entity type 'nothing'"},
      {"attribute.x = 'a'", "Invalid attribute key 'x' specified"},
      {"metrics.m > '1'", "Expected numeric value type for metric. Found '1'"},
      {"metrics.m LIKE 1", "Invalid comparator 'LIKE' not one of"},
      {"metrics.m IS NULL", "IS NULL / IS NOT NULL is only supported for tags and params"},
      {"status IS NULL", "IS NULL / IS NOT NULL is only supported for tags and params"},
      {"params.p = 1",
       "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"},
      {"tags.t > 'a'", "Invalid comparator '>' not one of"},
      {"params.p = abc", "Parameter value is either not quoted or unidentified quote types used"},
      {"params.p = `abc`", "value is either not quoted or unidentified quote types"},
      {"start_time = 'x'", "Expected numeric value type for numeric attribute: start_time"},
      {"status = 1", "Expected a quoted string value for attributes. Got value 1"},
      {"status IN ('RUNNING')", "list of quoted string values"},
      {"dataset.x = 'a'", "Invalid dataset key 'x' specified"},
  };
  for (const auto& [filter, message] : cases) {
    const auto page = search({filter, {}, 10, ""});
    ASSERT_FALSE(page.ok()) << filter;
    EXPECT_EQ(page.error().code, Code::invalid_parameter_value) << filter;
    EXPECT_NE(page.error().message.find(message), std::string::npos)
        << filter << " -> " << page.error().message;
  }
  EXPECT_FALSE(search({"", {"dataset.name"}, 10, ""}).ok());
  EXPECT_FALSE(search({"", {"start_time", "start_time DESC"}, 10, ""}).ok());
  EXPECT_FALSE(search({"", {}, 50'001, ""}).ok());
  EXPECT_FALSE(search({"", {}, 0, ""}).ok());
}

TEST_F(RunSearchTest, PagesAreStable) {
  SearchRequest request{"", {"metrics.m"}, 3, ""};
  const auto first = search(request);
  ASSERT_EQ(first->items.size(), 3u);
  request.page_token = first->next_page_token;
  const auto second = search(request);
  ASSERT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->items[0].info.run_name, "d");
  EXPECT_EQ(second->next_page_token, "");
}

TEST_F(RunSearchTest, ViewsTellActiveFromDeleted) {
  (void)store().write([&](db::Connection& c) { return delete_run(c, ids_[1]); });
  EXPECT_EQ(names(""), "dca");
  EXPECT_EQ(search({"", {}, 10, ""}, ViewType::deleted_only)->items.size(), 1u);
  EXPECT_EQ(search({"", {}, 10, ""}, ViewType::all)->items.size(), 4u);
}

TEST_F(RunSearchTest, LongValuesAreComparedWhole) {
  const std::string start(40, 'v');
  log(ids_[0], {}, {{"long", start + "1"}});
  log(ids_[1], {}, {{"long", start + "2"}});
  EXPECT_EQ(names("params.long = '" + start + "2'"), "b");
}

TEST_F(RunSearchTest, TooManyClausesAreAnErrorOfTheCaller) {
  std::string filter = "params.p = 'x'";
  for (int i = 0; i < 100; ++i) filter += " AND params.p = 'x'";
  EXPECT_EQ(search({filter, {}, 10, ""}).error().code, Code::invalid_parameter_value);
}

}  // namespace
}  // namespace slipway::store
