#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "store/limits.h"
#include "store/logged_model_rows.h"
#include "store/logged_models.h"
#include "store/search_sql.h"

namespace slipway::store {
namespace {

constexpr int64_t kMaxResults = 1'000'000;

constexpr std::string_view kStatusColumn =
    "(CASE l.status WHEN 1 THEN 'PENDING' WHEN 2 THEN 'READY' WHEN 3 THEN 'UPLOAD_FAILED'"
    " ELSE 'UNSPECIFIED' END)";

constexpr Field kFields[] = {
    {"name", "l.name", FieldKind::text, Lists::accepted},
    {"model_id", "l.model_id", FieldKind::text, Lists::accepted},
    {"model_type", "l.model_type", FieldKind::text, Lists::accepted},
    {"status", kStatusColumn, FieldKind::text, Lists::accepted},
    {"source_run_id", "l.source_run_id", FieldKind::text, Lists::accepted},
    {"creation_timestamp", "l.creation_timestamp_ms", FieldKind::number},
    {"creation_time", "l.creation_timestamp_ms", FieldKind::number},
    {"creation_timestamp_ms", "l.creation_timestamp_ms", FieldKind::number},
    {"last_updated_timestamp", "l.last_updated_timestamp_ms", FieldKind::number},
    {"last_updated_timestamp_ms", "l.last_updated_timestamp_ms", FieldKind::number},
    {"experiment_id", "CAST(l.experiment_id AS TEXT)", FieldKind::text, Lists::accepted},
    {"artifact_location", "l.artifact_uri", FieldKind::text, Lists::accepted},
    {"status_message", "l.status_message", FieldKind::text, Lists::accepted},
    {"lifecycle_stage", "'active'", FieldKind::text, Lists::accepted},
};

Result<Entity> entity_of_name(std::string_view word) {
  if (word.empty() || word == "attributes") return Entity::attribute;
  if (word == "metrics") return Entity::metric;
  if (word == "params") return Entity::param;
  if (word == "tags") return Entity::tag;
  return fail(Code::invalid_parameter_value,
              "Invalid entity type: '{}'. Expected one of ['attributes', 'metrics', 'params', "
              "'tags'].",
              word);
}

/// Adds ` AND (of one of the datasets)`; nothing where there are none. Without a digest a dataset
/// is one whose metric was logged without a digest.
void add_datasets(Sql& sql, const std::vector<DatasetFilter>& datasets) {
  if (datasets.empty()) return;
  std::string_view before = " AND (";
  for (const DatasetFilter& dataset : datasets) {
    sql.add(before);
    sql.add("(m.dataset_name = ?", dataset.name);
    sql.add(" AND m.dataset_digest = ?)", dataset.digest);
    before = " OR ";
  }
  sql.add(")");
}

Result<Sql> metric_clause(const Comparison& comparison,
                          const std::vector<DatasetFilter>& datasets) {
  Comparison plain = comparison;
  if (plain.literal.kind != LiteralKind::number && to_number(plain.literal.written)) {
    plain.literal.kind = LiteralKind::number;  // `inf`, `1e+3`: whatever reads as a number
  }
  const Sql test = TRY(metric_test("m.value", plain));
  Sql sql;
  sql.add(
      "EXISTS (SELECT 1 FROM logged_model_metrics m WHERE m.model_key = l.model_key"
      " AND m.key = ?",
      comparison.identifier.key);
  sql.add(" AND ");
  sql.add(test);
  add_datasets(sql, datasets);
  sql.add(")");
  return sql;
}

/// Refuses an operator that the field does not know, before its value is looked at.
Result<void> check_operator(const Comparison& comparison, std::string_view entity, FieldKind kind) {
  constexpr std::string_view kNumeric[] = {"<", "<=", ">", ">=", "=", "!="};
  constexpr std::string_view kText[] = {"=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"};
  const std::string& key = comparison.identifier.key;
  const bool is_number = kind == FieldKind::number;
  const std::span<const std::string_view> accepted(is_number ? kNumeric : kText);
  if (std::find(accepted.begin(), accepted.end(), comparison.comparator) != accepted.end()) {
    return {};
  }
  return fail(Code::invalid_parameter_value,
              "Invalid comparison operator for {}.{}: '{}'. Expected one of {}.", entity, key,
              comparison.comparator,
              is_number ? "('<', '<=', '>', '>=', '=', '!=')"
                        : "('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')");
}

/// A text may stand without quotes here, and a list be empty or hold numbers, which no text equals.
Comparison quoted(Comparison comparison) {
  Literal& literal = comparison.literal;
  if (literal.problem.find("ill-formed") == std::string::npos) literal.problem.clear();
  if (literal.kind == LiteralKind::bare || literal.kind == LiteralKind::number ||
      literal.kind == LiteralKind::other) {
    literal.kind = LiteralKind::text;
    literal.text = literal.written;
  }
  return comparison;
}

Result<Sql> clause(const Comparison& comparison, const std::vector<DatasetFilter>& datasets) {
  const Entity entity = TRY(entity_of_name(comparison.identifier.entity));
  if (entity == Entity::attribute) {
    const Field* const field = TRY(find_field(kFields, comparison.identifier.key));
    TRY(check_operator(comparison, "attributes", field->kind));
    const bool is_text = field->kind == FieldKind::text;
    return attribute_test(kFields, *field, is_text ? quoted(comparison) : comparison);
  }
  if (entity == Entity::metric) {
    TRY(check_operator(comparison, "metrics", FieldKind::number));
    return metric_clause(comparison, datasets);
  }
  TRY(check_operator(comparison, entity == Entity::param ? "params" : "tags", FieldKind::text));
  const Sql test = TRY(listable_test("x.value", entity, quoted(comparison)));
  Sql sql;
  sql.add(fmt::format("EXISTS (SELECT 1 FROM {} x WHERE x.model_key = l.model_key AND x.key = ?",
                      entity == Entity::param ? "logged_model_params" : "logged_model_tags"),
          comparison.identifier.key);
  sql.add(" AND ");
  sql.add(test);
  sql.add(")");
  return sql;
}

/// The selected columns that orderings name, and the ORDER BY over them.
struct Order {
  Sql columns;
  std::string text;
};

/// The value of a metric that was logged last, within a dataset where one is given.
Sql last_metric(std::string_view key, const LoggedModelOrder& ordering) {
  Sql sql;
  sql.add(
      "(SELECT m.value FROM logged_model_metrics m WHERE m.model_key = l.model_key"
      " AND m.key = ?",
      std::string(key));
  if (!ordering.dataset_name.empty()) sql.add(" AND m.dataset_name = ?", ordering.dataset_name);
  if (!ordering.dataset_digest.empty()) {
    sql.add(" AND m.dataset_digest = ?", ordering.dataset_digest);
  }
  sql.add(" ORDER BY m.timestamp_ms DESC, m.step DESC, m.run_id LIMIT 1)");
  return sql;
}

Result<Order> order_of(const std::vector<LoggedModelOrder>& order_by) {
  Order order;
  for (size_t i = 0; i < order_by.size(); ++i) {
    const LoggedModelOrder& ordering = order_by[i];
    const std::string_view name = ordering.field_name;
    const size_t dot = name.find('.');
    order.columns.add(", ");
    if (dot == std::string_view::npos) {
      const auto field = find_field(kFields, name);
      if (!field.ok()) {
        return fail(Code::invalid_parameter_value, "Invalid order by field name: {}", name);
      }
      // as a number, though filters compare it as text
      order.columns.add(name == "experiment_id" ? "l.experiment_id" : (*field)->column);
    } else if (name.substr(0, dot) == "metrics") {
      order.columns.add(last_metric(name.substr(dot + 1), ordering));
    } else {
      return fail(Code::invalid_parameter_value,
                  "Invalid order by field name: {}. Only metrics are supported.", name);
    }
    order.columns.add(fmt::format(" AS o{}", i));
    order.text += fmt::format("o{} IS NULL, o{}{}, ", i, i, ordering.ascending ? "" : " DESC");
  }
  order.text += "creation_timestamp_ms DESC, model_id";
  return order;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

/// A page token holds the search it belongs to.
JsonObject token_of(const LoggedModelSearch& request, int64_t offset) {
  JsonArray order_by;
  for (const LoggedModelOrder& ordering : request.order_by) {
    order_by.push_back(JsonObject{{"field_name", ordering.field_name},
                                  {"ascending", ordering.ascending},
                                  {"dataset_name", text_or_null(ordering.dataset_name)},
                                  {"dataset_digest", text_or_null(ordering.dataset_digest)}});
  }
  return {
      {"experiment_ids", JsonArray(request.experiment_ids.begin(), request.experiment_ids.end())},
      {"filter_string", text_or_null(request.filter)},
      {"order_by", order_by.empty() ? Json() : Json(std::move(order_by))},
      {"offset", offset}};
}

Result<int64_t> offset_of(const LoggedModelSearch& request) {
  if (request.page_token.empty()) return 0;
  const auto parsed = parse_json(base64_decode(request.page_token).value_or(""));
  const Json token = parsed.ok() ? *parsed : Json();
  const auto offset = integer_member(token, "offset");
  if (!offset.ok() || *offset < 0) {
    return fail(Code::invalid_parameter_value, "Invalid page token: {}", request.page_token);
  }
  struct Part {
    std::string_view key;
    std::string_view name;
    std::string_view asked;
  };
  constexpr Part kParts[] = {
      {"experiment_ids", "Experiment IDs in the page token do", "experiment IDs"},
      {"filter_string", "Filter string in the page token does", "filter string"},
      {"order_by", "Order by in the page token does", "order by"}};
  const Json now = token_of(request, 0);
  for (const Part& part : kParts) {
    const Json* const held = find(token, part.key);
    const auto expected = to_text(*find(now, part.key));
    const auto found = held ? to_text(*held) : "null";
    if (expected == found) continue;
    return fail(Code::invalid_parameter_value,
                "{} not match the requested {}. Expected: {}. Found: {}", part.name, part.asked,
                expected, found);
  }
  return *offset;
}

Result<Sql> query_of(const LoggedModelSearch& request) {
  const auto comparisons = TRY(parse_filter(request.filter, Language::logged_models));
  Sql filter;
  bool has_metric = false;
  for (const Comparison& comparison : comparisons) {
    const Sql test = TRY(clause(comparison, request.datasets));
    has_metric = has_metric || comparison.identifier.entity.starts_with("metric");
    filter.add(" AND ");
    filter.add(test);
  }
  const Order order = TRY(order_of(request.order_by));
  Sql sql;
  // a query around it: PostgreSQL orders by names of selected columns, but by no expressions of
  // them
  sql.add("SELECT model_key FROM (SELECT l.model_key, l.creation_timestamp_ms, l.model_id");
  sql.add(order.columns);
  sql.add(" FROM logged_models l WHERE l.deleted = 0 AND ");
  std::vector<int64_t> keys;
  for (const std::string& experiment_id : request.experiment_ids) {
    const int64_t key = TRY(experiment_key(experiment_id));
    keys.push_back(key);
  }
  add_integers(sql, "l.experiment_id", keys);
  sql.add(filter);
  if (!has_metric && !request.datasets.empty()) {
    sql.add(" AND EXISTS (SELECT 1 FROM logged_model_metrics m WHERE m.model_key = l.model_key");
    add_datasets(sql, request.datasets);
    sql.add(")");
  }
  sql.add(") AS found ORDER BY " + order.text);
  return sql;
}

}  // namespace

Result<Page<LoggedModel>> search_logged_models(db::Connection& conn,
                                               const LoggedModelSearch& request) {
  for (const DatasetFilter& dataset : request.datasets) {
    if (!dataset.name.empty()) continue;
    return fail(Code::invalid_parameter_value,
                "`dataset_name` in the `datasets` clause must be specified.");
  }
  const int64_t offset = TRY(offset_of(request));
  const Sql sql = TRY(query_of(request));
  const auto keys = TRY(page_of_keys(conn, sql, offset == 0 ? "" : page_token(offset),
                                     request.max_results, kMaxResults));
  Page<LoggedModel> page;
  for (const int64_t key : keys.items) {
    LoggedModel model = TRY(load_logged_model(conn, key));
    page.items.push_back(std::move(model));
  }
  if (!keys.next_page_token.empty()) {
    page.next_page_token = base64_encode(to_text(token_of(request, offset + request.max_results)));
  }
  return page;
}

}  // namespace slipway::store
