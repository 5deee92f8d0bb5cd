#include <algorithm>

#include "store/limits.h"
#include "store/run_rows.h"
#include "store/runs.h"
#include "store/search_sql.h"

namespace slipway::store {
namespace {

constexpr int64_t kMaxResults = 50'000;

constexpr std::string_view kStatusColumn =
    "(CASE r.status WHEN 1 THEN 'RUNNING' WHEN 2 THEN 'SCHEDULED' WHEN 3 THEN 'FINISHED'"
    " WHEN 4 THEN 'FAILED' ELSE 'KILLED' END)";

constexpr Field kFields[] = {
    {"run_id", "r.run_id", FieldKind::text, Lists::accepted},
    {"run_name", "r.run_name"},
    {"run name", "r.run_name"},
    {"Run name", "r.run_name"},
    {"Run Name", "r.run_name"},
    {"status", kStatusColumn},
    {"artifact_uri", "r.artifact_uri"},
    {"user_id", "r.user_id"},
    {"start_time", "r.start_time_ms", FieldKind::number},
    {"created", "r.start_time_ms", FieldKind::number},
    {"Created", "r.start_time_ms", FieldKind::number},
    {"end_time", "r.end_time_ms", FieldKind::number},
};

constexpr Entity kEntities[] = {Entity::metric, Entity::param, Entity::tag, Entity::attribute,
                                Entity::dataset};

std::string_view table_of(Entity entity) {
  if (entity == Entity::metric) return "latest_metrics";
  return entity == Entity::param ? "params" : "run_tags";
}

/// A search under construction: FROM, WHERE and ORDER BY grow together.
class RunQuery {
 public:
  explicit RunQuery(db::Connection& conn) : conn_(conn) {}

  Result<void> add_scope(const std::vector<std::string>& experiment_ids, ViewType view) {
    std::vector<int64_t> keys;
    for (const std::string& experiment_id : experiment_ids) {
      const int64_t key = TRY(experiment_key(experiment_id));
      keys.push_back(key);
    }
    add_integers(where_, "r.experiment_id", keys);
    if (view != ViewType::all) {
      where_.add(" AND r.deleted = ?", int64_t{view == ViewType::deleted_only});
    }
    return {};
  }

  Result<void> add_clause(const Comparison& comparison) {
    TRY(check_size());
    const Entity entity = TRY(entity_of(comparison.identifier.entity, kEntities));
    switch (entity) {
      case Entity::attribute: return add_attribute(comparison);
      case Entity::dataset: return add_dataset(comparison);
      case Entity::metric:
      case Entity::param:
      case Entity::tag: break;
    }
    if (asks_presence(comparison) && entity != Entity::metric) {
      return add_presence(entity, comparison);
    }
    return add_join(entity, comparison);
  }

  Result<void> add_ordering(const Ordering& ordering) {
    TRY(check_size());
    const Entity entity = TRY(entity_of(ordering.identifier.entity, {kEntities, 4}));
    TRY(once_.add(ordering));
    const std::string_view direction = direction_text(ordering.direction);
    if (entity == Entity::attribute) {
      const Field* const field = TRY(find_field(kFields, ordering.identifier.key));
      if (field->name == "end_time") order_ += "r.end_time_ms IS NULL, ";
      order_ += fmt::format("{}{}, ", field->column, direction);
      return {};
    }
    const std::string alias = fmt::format("o{}", ++n_tables_);
    const int64_t name_id = TRY(find_name(conn_, ordering.identifier.key));
    from_.add(fmt::format(" LEFT JOIN {} {} ON {}.run_key = r.run_key AND {}.name_id = ?",
                          table_of(entity), alias, alias, alias),
              name_id);
    // missing keys last, before them NaN, in both directions
    order_ += fmt::format("{}.run_key IS NULL, {}.value IS NULL, {}.value{}, ", alias, alias, alias,
                          direction);
    return {};
  }

  Sql finished() {
    Sql sql;
    sql.add("SELECT r.run_key FROM runs r");
    sql.add(from_);
    sql.add(" WHERE ");
    sql.add(where_);
    sql.add(" ORDER BY " + order_ + "r.start_time_ms DESC, r.run_id");
    return sql;
  }

 private:
  /// SQLite joins at most 64 tables.
  Result<void> check_size() const {
    constexpr int kMaxTables = 60;
    if (n_tables_ < kMaxTables) return {};
    return fail(Code::invalid_parameter_value,
                "The search names more than {} metrics, params and tags; split it up", kMaxTables);
  }

  void add_where(const Sql& test) {
    where_.add(" AND ");
    where_.add(test);
  }

  Result<void> add_attribute(const Comparison& comparison) {
    const Field* const field = TRY(find_field(kFields, comparison.identifier.key));
    const Sql test = TRY(attribute_test(*field, comparison));
    add_where(test);
    return {};
  }

  Result<void> add_presence(Entity entity, const Comparison& comparison) {
    const int64_t name_id = TRY(find_name(conn_, comparison.identifier.key));
    where_.add(comparison.comparator == "IS NULL" ? " AND NOT EXISTS (" : " AND EXISTS (");
    where_.add(fmt::format("SELECT 1 FROM {} x WHERE x.run_key = r.run_key AND x.name_id = ?)",
                           table_of(entity)),
               name_id);
    return {};
  }

  /// A key stands at most once in a run, so a join neither repeats a run nor loses one.
  Result<void> add_join(Entity entity, const Comparison& comparison) {
    const std::string alias = fmt::format("t{}", ++n_tables_);
    const std::string column = alias + ".value";
    const Sql test = TRY(entity == Entity::metric ? metric_test(column, comparison)
                                                  : text_test(column, entity, comparison));
    const int64_t name_id = TRY(find_name(conn_, comparison.identifier.key));
    from_.add(fmt::format(" JOIN {} {} ON {}.run_key = r.run_key AND"
                          " {}.experiment_id = r.experiment_id AND {}.name_id = ?",
                          table_of(entity), alias, alias, alias, alias),
              name_id);
    add_where(test);
    return {};
  }

  Result<void> add_dataset(const Comparison& comparison) {
    const std::string& key = comparison.identifier.key;
    if (key == "name" || key == "digest") {
      const Sql test = TRY(listable_test("d." + key, Entity::dataset, comparison));
      where_.add(
          " AND EXISTS (SELECT 1 FROM run_datasets x JOIN datasets d"
          " ON d.dataset_key = x.dataset_key WHERE x.run_key = r.run_key");
      add_where(test);
    } else if (key == "context") {
      const Sql test = TRY(listable_test("x.value", Entity::dataset, comparison));
      where_.add(
          " AND EXISTS (SELECT 1 FROM run_dataset_tags x WHERE x.run_key = r.run_key"
          " AND x.key = 'mlflow.data.context'");
      add_where(test);
    } else {
      return fail(Code::invalid_parameter_value,
                  "Invalid dataset key '{}' specified. Valid keys are '{{'name', 'digest', "
                  "'context'}}'",
                  key);
    }
    where_.add(")");
    return {};
  }

  db::Connection& conn_;
  Sql from_;
  Sql where_;
  std::string order_;
  OrderedOnce once_;
  int n_tables_ = 0;
};

}  // namespace

Result<Page<Run>> search_runs(db::Connection& conn, const std::vector<std::string>& experiment_ids,
                              const SearchRequest& request, ViewType view) {
  RunQuery query(conn);
  TRY(query.add_scope(experiment_ids, view));
  const auto comparisons = TRY(parse_filter(request.filter));
  for (const Comparison& comparison : comparisons) TRY(query.add_clause(comparison));
  for (const std::string& text : request.order_by) {
    const Ordering ordering = TRY(parse_ordering(text));
    TRY(query.add_ordering(ordering));
  }
  const auto keys = TRY(
      page_of_keys(conn, query.finished(), request.page_token, request.max_results, kMaxResults));
  Page<Run> page;
  page.next_page_token = keys.next_page_token;
  page.items = TRY(load_runs(conn, keys.items));
  return page;
}

}  // namespace slipway::store
