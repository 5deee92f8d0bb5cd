#include "store/registry_search.h"

#include "store/readable.h"

namespace slipway::store {
namespace {

Result<Sql> tag_clause(const RegistrySearch& search, const Comparison& comparison) {
  const bool is_text = comparison.literal.kind == LiteralKind::text;
  if (is_text) TRY(check_text_comparator(comparison, "tag"));
  const Sql test = TRY(text_test("t.value", Entity::tag, comparison));
  Sql sql;
  sql.add("EXISTS (SELECT 1 FROM ");
  sql.add(search.tags);
  sql.add(" AND t.key = ? AND ", comparison.identifier.key);
  sql.add(test);
  sql.add(")");
  return sql;
}

Result<Sql> clause(const RegistrySearch& search, const Comparison& comparison) {
  const Entity entity = TRY(attribute_or_tag(comparison.identifier.entity));
  if (entity == Entity::attribute) return search.attribute_clause(comparison);
  return tag_clause(search, comparison);
}

}  // namespace

Result<Page<int64_t>> find_in_registry(db::Connection& conn, const RegistrySearch& search,
                                       const SearchRequest& request) {
  Sql sql;
  sql.add(search.select);
  sql.add(" WHERE 1 = 1");
  const auto comparisons = TRY(parse_filter(request.filter, Language::registry));
  const bool has_prompts = asks_for_prompts(comparisons);
  for (const Comparison& comparison : comparisons) {
    const Sql test = TRY(clause(search, comparison));
    if (!has_prompts && names_prompt_tag(comparison)) continue;
    sql.add(" AND ");
    sql.add(test);
  }
  if (!has_prompts) {
    sql.add(" AND NOT EXISTS (SELECT 1 FROM ");
    sql.add(search.tags);
    sql.add(" AND t.key = ? AND lower(t.value) = 'true')", std::string(kPromptTag));
  }
  TRY(add_readable(conn, sql, "g.registered_model_key", Resource::registered_model,
                   request.readable));
  const std::string order = TRY(search.order(request.order_by));
  sql.add(order);
  return page_of_keys(conn, std::move(sql), request.page_token, request.max_results, search.most);
}

}  // namespace slipway::store
