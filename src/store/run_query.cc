#include "store/run_query.h"

#include "store/run_rows.h"
#include "store/run_search_fields.h"

namespace slipway::store {
namespace {

std::string_view table_of(Entity entity) {
  if (entity == Entity::metric) return "latest_metrics";
  return entity == Entity::param ? "params" : "run_tags";
}

db::Value value_of(const SortCell& cell) {
  return std::visit([](const auto& value) { return db::Value(value); }, cell.value);
}

}  // namespace

void RunQuery::add_scope(const std::vector<int64_t>& experiment_keys, ViewType view) {
  add_integers(where_, "r.experiment_id", experiment_keys);
  if (view != ViewType::all) {
    where_.add(" AND r.deleted = ?", int64_t{view == ViewType::deleted_only});
  }
}

Result<void> RunQuery::add_clause(const Comparison& comparison) {
  TRY(check_size());
  const Entity entity = TRY(entity_of(comparison.identifier.entity, kRunEntities));
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

Result<void> RunQuery::add_ordering(const Ordering& ordering) {
  TRY(check_size());
  const Entity entity = TRY(entity_of(ordering.identifier.entity, kRunEntities));
  if (entity == Entity::dataset) {
    return fail(Code::invalid_parameter_value, "Invalid identifier type 'dataset'");
  }
  TRY(once_.add(ordering));
  OrderKey key;
  key.direction = ordering.direction;
  if (entity == Entity::attribute) {
    const Field* const field = TRY(find_field(kRunFields, ordering.identifier.key));
    if (field->name.find(' ') != field->name.npos) {  // filters alone know these
      return fail(Code::invalid_parameter_value,
                  "Invalid attribute key '{}' specified. Valid keys are '{{'run_id', 'run_name', "
                  "'status', 'artifact_uri', 'user_id', 'start_time', 'created', 'Created', "
                  "'end_time'}}'",
                  field->name);
    }
    key.column = field->column;
    key.present = key.column;
    key.is_nullable = field->name == "end_time";
    key.kind = field->kind == FieldKind::number ? SortKind::integer : SortKind::text;
    order_.push_back(std::move(key));
    return {};
  }
  const std::string alias = fmt::format("o{}", ++n_tables_);
  const int64_t name_id = TRY(find_name(conn_, ordering.identifier.key));
  from_.add(fmt::format(" LEFT JOIN {} {} ON {}.run_key = r.run_key AND {}.name_id = ?",
                        table_of(entity), alias, alias, alias),
            name_id);
  key.column = alias + ".value";
  key.present = alias + ".run_key";
  key.is_nullable = true;
  key.kind = entity == Entity::metric ? SortKind::number : SortKind::text;
  order_.push_back(std::move(key));
  return {};
}

/// SQLite joins at most 64 tables.
Result<void> RunQuery::check_size() const {
  constexpr int kMaxTables = 60;
  if (n_tables_ < kMaxTables) return {};
  return fail(Code::invalid_parameter_value,
              "The search names more than {} metrics, params and tags; split it up", kMaxTables);
}

void RunQuery::add_where(const Sql& test) {
  where_.add(" AND ");
  where_.add(test);
}

Result<void> RunQuery::add_attribute(const Comparison& comparison) {
  const Field* const field = TRY(find_field(kRunFields, comparison.identifier.key));
  const Sql test = TRY(attribute_test(kRunFields, *field, comparison));
  add_where(test);
  return {};
}

Result<void> RunQuery::add_presence(Entity entity, const Comparison& comparison) {
  const int64_t name_id = TRY(find_name(conn_, comparison.identifier.key));
  where_.add(comparison.comparator == "IS NULL" ? " AND NOT EXISTS (" : " AND EXISTS (");
  where_.add(fmt::format("SELECT 1 FROM {} x WHERE x.run_key = r.run_key AND x.name_id = ?)",
                         table_of(entity)),
             name_id);
  return {};
}

/// A key stands at most once in a run, so a join neither repeats a run nor loses one.
Result<void> RunQuery::add_join(Entity entity, const Comparison& comparison) {
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

Result<void> RunQuery::add_dataset(const Comparison& comparison) {
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

std::vector<RunQuery::OrderKey> RunQuery::order() const {
  std::vector<OrderKey> keys = order_;
  keys.push_back(
      {"r.start_time_ms", "r.start_time_ms", false, SortKind::integer, Direction::descending});
  keys.push_back({"r.run_id", "r.run_id", false, SortKind::text, Direction::ascending});
  return keys;
}

/// Rows equal to a cell, or behind it.
Sql RunQuery::equal_test(const OrderKey& key, const SortCell& cell) {
  Sql sql;
  switch (cell.state) {
    case SortCell::State::missing: sql.add(fmt::format("{} IS NULL", key.present)); break;
    case SortCell::State::nan:
      sql.add(fmt::format("({} IS NOT NULL AND {} IS NULL)", key.present, key.column));
      break;
    case SortCell::State::value: sql.add(fmt::format("{} = ?", key.column), value_of(cell)); break;
  }
  return sql;
}

Sql RunQuery::behind_test(const OrderKey& key, const SortCell& cell) {
  Sql sql;
  switch (cell.state) {
    case SortCell::State::missing: sql.add("1 = 0"); break;
    case SortCell::State::nan: sql.add(fmt::format("{} IS NULL", key.present)); break;
    case SortCell::State::value: {
      const char sign = key.direction == Direction::ascending ? '>' : '<';
      sql.add(fmt::format("({} {} ?", key.column, sign), value_of(cell));
      if (key.is_nullable) sql.add(fmt::format(" OR {} IS NULL", key.column));
      sql.add(")");
      break;
    }
  }
  return sql;
}

/// Rows behind the one with these cells: behind by the first key, or equal and behind by the rest.
Sql RunQuery::after_test(const std::vector<OrderKey>& keys, const std::vector<SortCell>& after) {
  Sql sql;
  sql.add(" AND ");
  for (size_t i = 0; i < keys.size(); ++i) {
    const bool is_last = i + 1 == keys.size();
    if (!is_last) sql.add("(");
    sql.add(behind_test(keys[i], after[i]));
    if (is_last) break;
    sql.add(" OR (");
    sql.add(equal_test(keys[i], after[i]));
    sql.add(" AND ");
  }
  for (size_t i = 1; i < keys.size(); ++i) sql.add("))");
  return sql;
}

Result<Page<int64_t>> RunQuery::page(const PageStart& start, int64_t max_results) {
  const auto keys = order();
  Sql sql;
  sql.add("SELECT r.run_key FROM runs r");
  sql.add(from_);
  sql.add(" WHERE ");
  sql.add(where_);
  if (!start.after.empty()) sql.add(after_test(keys, start.after));
  std::string_view before = " ORDER BY ";
  for (const auto& key : keys) {
    sql.add(before);
    if (key.is_nullable) sql.add(fmt::format("{} IS NULL, ", key.present));
    if (key.is_nullable && key.present != key.column) {
      sql.add(fmt::format("{} IS NULL, ", key.column));
    }
    sql.add(key.column);
    sql.add(direction_text(key.direction));
    before = ", ";
  }
  sql.add(" LIMIT ?", max_results + 1);
  sql.add(" OFFSET ?", start.after.empty() ? start.offset : 0);
  Page<int64_t> page;
  {
    auto cursor = TRY(conn_.query_values(sql.text, sql.values));
    while (TRY(cursor.next())) page.items.push_back(cursor.row().integer(0));
  }
  if (static_cast<int64_t>(page.items.size()) <= max_results) return page;
  page.items.pop_back();
  PageStart next{start.offset + max_results, {}};
  next.after = TRY(sort_cells(page.items.back()));
  page.next_page_token = page_token(next);
  return page;
}

/// What a run is ordered by.
Result<std::vector<SortCell>> RunQuery::sort_cells(int64_t run_key) {
  const auto keys = order();
  Sql sql;
  sql.add("SELECT r.run_key");
  for (const auto& key : keys) sql.add(fmt::format(", {}, {}", key.present, key.column));
  sql.add(" FROM runs r");
  sql.add(from_);
  sql.add(" WHERE r.run_key = ?", run_key);
  auto cursor = TRY(conn_.query_values(sql.text, sql.values));
  if (!TRY(cursor.next())) return fail(Code::internal_error, "a run that was found is gone");
  const db::Row row = cursor.row();
  std::vector<SortCell> cells;
  int column = 1;
  for (const auto& key : keys) {
    SortCell& cell = cells.emplace_back(SortCell{SortCell::State::value, 0.0});
    if (row.is_null(column)) {
      cell.state = SortCell::State::missing;
    } else if (row.is_null(column + 1)) {
      cell.state = SortCell::State::nan;
    } else if (key.kind == SortKind::number) {
      cell.value = row.real(column + 1);
    } else if (key.kind == SortKind::integer) {
      cell.value = row.integer(column + 1);
    } else {
      cell.value = row.text(column + 1);
    }
    column += 2;
  }
  return cells;
}

}  // namespace slipway::store
