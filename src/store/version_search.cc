#include <algorithm>

#include "base/text.h"
#include "store/model_versions.h"
#include "store/readable.h"
#include "store/search_sql.h"
#include "store/version_rows.h"

namespace slipway::store {
namespace {

constexpr int64_t kMaxResults = 200'000;

constexpr Field kFields[] = {
    {"name", "g.name", FieldKind::text, Lists::accepted},
    {"version_number", "v.version", FieldKind::number},
    {"run_id", "v.run_id", FieldKind::text, Lists::accepted},
    {"source_path", "v.source"},
};

constexpr Field kOrderFields[] = {
    {"name", "g.name"},
    {"version_number", "v.version", FieldKind::number},
    {"creation_timestamp", "v.creation_timestamp_ms", FieldKind::number},
    {"last_updated_timestamp", "v.last_updated_timestamp_ms", FieldKind::number},
};

/// A number may stand in quotes.
Result<Sql> number_clause(const Field& field, const Comparison& comparison) {
  constexpr std::string_view kAll[] = {"=", "!=", "<", "<=", ">", ">="};
  const Literal& literal = comparison.literal;
  if (literal.kind != LiteralKind::text && literal.kind != LiteralKind::number) {
    return attribute_test(kFields, field, comparison);
  }
  if (std::find(std::begin(kAll), std::end(kAll), comparison.comparator) == std::end(kAll)) {
    return fail(Code::invalid_parameter_value, "Invalid comparator for attribute {}: {}",
                field.name, comparison.comparator);
  }
  Comparison plain = comparison;
  if (literal.kind == LiteralKind::text) {
    if (!to_number(literal.text)) {
      return fail(Code::invalid_parameter_value, "Invalid value for numeric attribute '{}': '{}'",
                  field.name, literal.text);
    }
    plain.literal.kind = LiteralKind::number;
    plain.literal.written = literal.text;
  }
  return attribute_test(kFields, field, plain);
}

Result<Sql> clause(const Comparison& comparison) {
  const Entity entity = TRY(attribute_or_tag(comparison.identifier.entity));
  const bool is_text = comparison.literal.kind == LiteralKind::text;
  if (entity == Entity::attribute) {
    const Field* const field = TRY(find_field(kFields, comparison.identifier.key));
    if (field->kind == FieldKind::number) return number_clause(*field, comparison);
    constexpr std::string_view kLists[] = {"IN", "NOT IN"};
    if (is_text) TRY(check_text_comparator(comparison, "attribute", kLists));
    return attribute_test(kFields, *field, comparison);
  }
  if (is_text) TRY(check_text_comparator(comparison, "tag"));
  const Sql test = TRY(text_test("t.value", entity, comparison));
  Sql sql;
  sql.add(
      "EXISTS (SELECT 1 FROM model_version_tags t WHERE t.version_key = v.version_key"
      " AND t.key = ?",
      comparison.identifier.key);
  sql.add(" AND ");
  sql.add(test);
  sql.add(")");
  return sql;
}

Result<std::string> order_of(const std::vector<std::string>& order_by) {
  if (order_by.empty()) {
    return std::string(" ORDER BY v.last_updated_timestamp_ms DESC, g.name, v.version DESC");
  }
  std::string out = " ORDER BY ";
  OrderedOnce once;
  for (const std::string& text : order_by) {
    const Ordering ordering = TRY(parse_ordering(text));
    TRY(attribute_or_tag(ordering.identifier.entity));
    const auto field = find_field(kOrderFields, ordering.identifier.key);
    if (!field.ok()) {
      return fail(Code::invalid_parameter_value,
                  "Invalid order by key '{}' specified. Valid keys are {{'name', "
                  "'version_number', 'creation_timestamp', 'last_updated_timestamp'}}",
                  ordering.identifier.key);
    }
    TRY(once.add(ordering));
    out += fmt::format("{}{}, ", (*field)->column, direction_text(ordering.direction));
  }
  return out + "g.name, v.version DESC";
}

}  // namespace

Result<Page<ModelVersion>> search_model_versions(db::Connection& conn,
                                                 const SearchRequest& request) {
  Sql sql;
  sql.add(
      "SELECT v.version_key FROM model_versions v JOIN registered_models g"
      " ON g.registered_model_key = v.registered_model_key WHERE 1 = 1");
  const auto comparisons = TRY(parse_filter(request.filter, ClauseStyle::plain));
  for (const Comparison& comparison : comparisons) {
    if (hides_prompts(comparison)) continue;
    const Sql test = TRY(clause(comparison));
    sql.add(" AND ");
    sql.add(test);
  }
  if (!names_prompts(comparisons)) {
    sql.add(
        " AND NOT EXISTS (SELECT 1 FROM model_version_tags t"
        " WHERE t.version_key = v.version_key AND t.key = ?",
        std::string(kPromptTag));
    sql.add(" AND lower(t.value) = 'true')");
  }
  TRY(add_readable(conn, sql, "g.registered_model_key", Resource::registered_model,
                   request.readable));
  const std::string order = TRY(order_of(request.order_by));
  sql.add(order);
  const auto keys =
      TRY(page_of_keys(conn, std::move(sql), request.page_token, request.max_results, kMaxResults));
  Page<ModelVersion> page;
  page.next_page_token = keys.next_page_token;
  for (const int64_t key : keys.items) {
    ModelVersion version = TRY(load_version(conn, key));
    page.items.push_back(std::move(version));
  }
  return page;
}

}  // namespace slipway::store
