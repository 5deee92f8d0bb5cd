#include <algorithm>

#include "base/text.h"
#include "store/model_versions.h"
#include "store/registry_search.h"
#include "store/search_lists.h"
#include "store/version_rows.h"

namespace slipway::store {
namespace {

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
  if (literal.kind == LiteralKind::list) return only_lists_of(kFields);
  if (literal.kind == LiteralKind::bare) return bare_word(literal);
  if (literal.kind == LiteralKind::other) return no_text_or_list(literal);
  if (std::find(std::begin(kAll), std::end(kAll), comparison.comparator) == std::end(kAll)) {
    return fail(Code::invalid_parameter_value, "Invalid comparator for attribute {}: {}",
                field.name, comparison.comparator);
  }
  Comparison plain = comparison;
  if (literal.kind == LiteralKind::text) {
    plain.literal.kind = LiteralKind::number;
    plain.literal.written = literal.text;
  }
  if (!to_integer(plain.literal.written)) {
    const bool is_text = literal.kind == LiteralKind::text;
    return fail(Code::invalid_parameter_value, "Invalid value for numeric attribute '{}': {}",
                field.name, is_text ? python_text(literal.text) : python_number(literal));
  }
  return attribute_test(kFields, field, plain);
}

Result<Sql> attribute_clause(const Comparison& comparison) {
  const Field* const field = TRY(find_field(kFields, comparison.identifier.key));
  if (field->kind == FieldKind::number) return number_clause(*field, comparison);
  constexpr std::string_view kLists[] = {"IN", "NOT IN"};
  const bool is_text = comparison.literal.kind == LiteralKind::text;
  if (is_text) TRY(check_text_comparator(comparison, "attribute", kLists));
  if (comparison.literal.kind == LiteralKind::number) {
    return fail(Code::invalid_parameter_value,
                "Only the '{{'version_number', 'creation_timestamp', 'last_updated_timestamp'}}' "
                "attributes support comparison with numeric values.");
  }
  if (comparison.literal.kind == LiteralKind::other) return no_text_or_list(comparison.literal);
  return attribute_test(kFields, *field, comparison);
}

Result<std::string> order_of(const std::vector<std::string>& order_by) {
  if (order_by.empty()) {
    return std::string(" ORDER BY v.last_updated_timestamp_ms DESC, g.name, v.version DESC");
  }
  std::string out = " ORDER BY ";
  OrderedOnce once;
  for (const std::string& text : order_by) {
    const Ordering ordering = TRY(parse_ordering(text));
    const Entity entity = TRY(attribute_or_tag(ordering.identifier.entity));
    const auto field = find_field(kOrderFields, ordering.identifier.key);
    if (!field.ok() && entity == Entity::attribute) return field.error();
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

constexpr RegistrySearch kSearch{
    "SELECT v.version_key FROM model_versions v JOIN registered_models g"
    " ON g.registered_model_key = v.registered_model_key",
    "model_version_tags t WHERE t.version_key = v.version_key", attribute_clause, order_of,
    200'000};

}  // namespace

Result<Page<ModelVersion>> search_model_versions(db::Connection& conn,
                                                 const SearchRequest& request) {
  const auto keys = TRY(find_in_registry(conn, kSearch, request));
  Page<ModelVersion> page;
  page.next_page_token = keys.next_page_token;
  for (const int64_t key : keys.items) {
    ModelVersion version = TRY(load_version(conn, key));
    version.aliases.clear();  // a search does not tell them
    page.items.push_back(std::move(version));
  }
  return page;
}

}  // namespace slipway::store
