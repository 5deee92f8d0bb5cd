#include "store/search_sql.h"

#include <algorithm>

#include "base/text.h"
#include "store/limits.h"

namespace slipway::store {
namespace {

template <typename... Args>
Error invalid(fmt::format_string<Args...> format, Args&&... args) {
  return Error{Code::invalid_parameter_value, fmt::format(format, std::forward<Args>(args)...)};
}

struct EntityWord {
  std::string_view word;
  Entity entity;
};

constexpr EntityWord kEntityWords[] = {
    {"", Entity::attribute},
    {"attribute", Entity::attribute},
    {"attributes", Entity::attribute},
    {"attr", Entity::attribute},
    {"run", Entity::attribute},
    {"metric", Entity::metric},
    {"metrics", Entity::metric},
    {"parameter", Entity::param},
    {"parameters", Entity::param},
    {"param", Entity::param},
    {"params", Entity::param},
    {"tag", Entity::tag},
    {"tags", Entity::tag},
    {"dataset", Entity::dataset},
    {"datasets", Entity::dataset},
};

constexpr std::string_view kNumberComparators = "{'>', '>=', '!=', '=', '<', '<='}";
constexpr std::string_view kTextComparators =
    "{'!=', '=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'}";
constexpr std::string_view kListComparators = "{'!=', '=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}";

Error bad_comparator(const Comparison& comparison, std::string_view accepted) {
  return invalid("Invalid comparator '{}' not one of '{}'", comparison.comparator, accepted);
}

bool compares_numbers(std::string_view comparator) {
  constexpr std::string_view kAll[] = {">", ">=", "!=", "=", "<", "<="};
  return std::find(std::begin(kAll), std::end(kAll), comparator) != std::end(kAll);
}

db::Value stored_number(const Literal& literal) {
  if (const auto integer = to_integer(literal.written)) return *integer;
  return number_of(literal);
}

/// `column comparator ?` for text, whatever the comparator: it was checked.
Sql plain_test(std::string_view column, const Comparison& comparison) {
  Sql sql;
  const std::string& comparator = comparison.comparator;
  if (comparator == "ILIKE") {
    sql.add(fmt::format("lower({}) LIKE lower(?)", column), comparison.literal.text);
  } else if (comparison.literal.kind == LiteralKind::list && comparison.literal.texts.empty()) {
    sql.add(comparator == "IN" ? "1 = 0" : "1 = 1");
  } else if (comparator == "IN" || comparator == "NOT IN") {
    sql.add(fmt::format("{} {} (", column, comparator));
    for (const std::string& text : comparison.literal.texts) {
      sql.add(sql.values.empty() ? "?" : ", ?", text);
    }
    sql.add(")");
  } else {
    sql.add(fmt::format("{} {} ?", column, comparator), comparison.literal.text);
  }
  return sql;
}

Result<Sql> text_or_list_test(std::string_view column, const Comparison& comparison) {
  const std::string& comparator = comparison.comparator;
  const bool wants_list = comparator == "IN" || comparator == "NOT IN";
  const bool fits = wants_list || comparator == "=" || comparator == "!=" || comparator == "LIKE" ||
                    comparator == "ILIKE";
  if (!fits) return bad_comparator(comparison, kListComparators);
  if (!comparison.literal.problem.empty()) {
    return Error{Code::invalid_parameter_value, comparison.literal.problem};
  }
  if (wants_list != (comparison.literal.kind == LiteralKind::list)) {
    return invalid("Invalid value {} for comparator '{}'", comparison.literal.written, comparator);
  }
  return plain_test(column, comparison);
}

}  // namespace

Error bare_word(const Literal& literal) {
  return invalid(
      "Parameter value is either not quoted or unidentified quote types used for string value {}. "
      "Use either single or double quotes.",
      literal.written);
}

Error no_text_or_list(const Literal& literal) {
  return invalid(
      "Expected a quoted string value or a list of quoted string values for attributes. "
      "Got value {}",
      literal.written);
}

Error only_lists_of(std::span<const Field> fields) {
  std::string names;
  for (const Field& field : fields) {
    if (field.lists == Lists::accepted) {
      names += fmt::format("{}'{}'", names.empty() ? "" : ", ", field.name);
    }
  }
  return invalid("Only [{}] attributes support comparison with a list of quoted string values.",
                 names);
}

std::string python_number(const Literal& literal) {
  auto out = fmt::format("{}", number_of(literal));
  const bool is_whole = out.find_first_not_of("-0123456789") == std::string::npos;
  return out + (is_whole && literal.written.find_first_of(".eE") != std::string::npos ? ".0" : "");
}

Result<Entity> entity_of(std::string_view word, std::span<const Entity> accepted) {
  for (const EntityWord& entry : kEntityWords) {
    const bool fits = std::find(accepted.begin(), accepted.end(), entry.entity) != accepted.end();
    if (entry.word == word && fits) return entry.entity;
  }
  std::string valid;
  for (const Entity entity : accepted) {
    valid += fmt::format("{}'{}'", valid.empty() ? "" : ", ", entity_name(entity));
  }
  return invalid("Invalid entity type '{}'. Valid values are [{}]", word, valid);
}

Result<Entity> attribute_or_tag(std::string_view word) {
  if (word.empty() || word == "attribute") return Entity::attribute;
  if (word == "tag" || word == "tags") return Entity::tag;
  return invalid("Invalid entity type '{}'. Valid entity types are ('attribute', 'tag', 'tags')",
                 word);
}

std::string_view entity_name(Entity entity) {
  switch (entity) {
    case Entity::attribute: return "attribute";
    case Entity::metric: return "metric";
    case Entity::param: return "parameter";
    case Entity::tag: return "tag";
    case Entity::dataset: return "dataset";
  }
  return "";
}

Result<const Field*> find_field(std::span<const Field> fields, std::string_view key) {
  std::string valid;
  for (const Field& field : fields) {
    if (field.name == key) return &field;
    valid += fmt::format("{}'{}'", valid.empty() ? "" : ", ", field.name);
  }
  return invalid("Invalid attribute key '{}' specified. Valid keys are '{{{}}}'", key, valid);
}

Result<Sql> attribute_test(std::span<const Field> fields, const Field& field,
                           const Comparison& comparison) {
  const Literal& literal = comparison.literal;
  if (asks_presence(comparison)) {
    return invalid(
        "IS NULL / IS NOT NULL is only supported for tags and params, not for "
        "'attribute' '{}'",
        field.name);
  }
  if (field.kind == FieldKind::number) {
    if (literal.kind != LiteralKind::number) {
      return invalid("Expected numeric value type for numeric attribute: {}. Found {}", field.name,
                     literal.written);
    }
    if (!compares_numbers(comparison.comparator)) {
      return bad_comparator(comparison, kNumberComparators);
    }
    Sql sql;
    sql.add(fmt::format("{} {} ?", field.column, comparison.comparator), stored_number(literal));
    return sql;
  }
  if (literal.kind == LiteralKind::list && field.lists == Lists::refused) {
    return only_lists_of(fields);
  }
  if (literal.kind == LiteralKind::bare) return bare_word(literal);
  if (literal.kind == LiteralKind::number || literal.kind == LiteralKind::other) {
    return invalid("Expected a quoted string value for attributes. Got value {}", literal.written);
  }
  return text_or_list_test(field.column, comparison);
}

Result<Sql> metric_test(std::string_view column, const Comparison& comparison) {
  if (comparison.literal.kind != LiteralKind::number) {
    if (asks_presence(comparison)) {
      return invalid(
          "IS NULL / IS NOT NULL is only supported for tags and params, not for "
          "'metric' '{}'",
          comparison.identifier.key);
    }
    return invalid("Expected numeric value type for metric. Found {}", comparison.literal.written);
  }
  if (!compares_numbers(comparison.comparator)) {
    return bad_comparator(comparison, kNumberComparators);
  }
  Sql sql;
  const double number = number_of(comparison.literal);
  if (comparison.comparator == "!=") {
    sql.add(fmt::format("({} IS NULL OR {} != ?)", column, column), number);
  } else {
    sql.add(fmt::format("{} {} ?", column, comparison.comparator), number);
  }
  return sql;
}

Result<Sql> text_test(std::string_view column, Entity entity, const Comparison& comparison) {
  const Literal& literal = comparison.literal;
  if (literal.kind == LiteralKind::bare) return bare_word(literal);
  if (literal.kind != LiteralKind::text) {
    return invalid("Expected a quoted string value for {} (e.g. 'my-value'). Got value {}",
                   entity_name(entity), literal.written);
  }
  const std::string& comparator = comparison.comparator;
  if (comparator == "=") {
    Sql sql;
    sql.add(fmt::format("substr({}, 1, 40) = substr(?, 1, 40)", column), literal.text);
    sql.add(fmt::format(" AND {} = ?", column), literal.text);
    return sql;
  }
  if (comparator == "!=" || comparator == "LIKE" || comparator == "ILIKE") {
    return plain_test(column, comparison);
  }
  return bad_comparator(comparison, kTextComparators);
}

Result<Sql> listable_test(std::string_view column, Entity entity, const Comparison& comparison) {
  const Literal& literal = comparison.literal;
  if (asks_presence(comparison)) {
    return invalid("IS NULL / IS NOT NULL is only supported for tags and params, not for '{}' '{}'",
                   entity_name(entity), comparison.identifier.key);
  }
  if (literal.kind == LiteralKind::bare) return bare_word(literal);
  if (literal.kind != LiteralKind::text && literal.kind != LiteralKind::list) {
    return invalid("Expected a quoted string value for {} attributes. Got value {}",
                   entity_name(entity), literal.written);
  }
  return text_or_list_test(column, comparison);
}

Result<void> check_text_comparator(const Comparison& comparison, std::string_view what,
                                   std::span<const std::string_view> more) {
  constexpr std::string_view kAll[] = {"=", "!=", "LIKE", "ILIKE"};
  const auto holds = [&](const auto& accepted) {
    return std::find(std::begin(accepted), std::end(accepted), comparison.comparator) !=
           std::end(accepted);
  };
  if (holds(kAll) || holds(more)) return {};
  return invalid("Invalid comparator for {}: {}", what, comparison.comparator);
}

bool asks_presence(const Comparison& comparison) {
  return comparison.comparator == "IS NULL" || comparison.comparator == "IS NOT NULL";
}

bool names_prompt_tag(const Comparison& comparison) {
  return comparison.identifier.entity.starts_with("tag") && comparison.identifier.key == kPromptTag;
}

bool asks_for_prompts(const std::vector<Comparison>& comparisons) {
  const auto first = std::find_if(comparisons.begin(), comparisons.end(), names_prompt_tag);
  if (first == comparisons.end()) return false;
  const auto value = lower(first->literal.text);
  return (first->comparator == "=" && value == "true") ||
         (first->comparator == "!=" && value == "false");
}

Result<void> OrderedOnce::add(const Ordering& ordering) {
  std::string name = ordering.identifier.entity + "." + ordering.identifier.key;
  if (std::find(seen_.begin(), seen_.end(), name) != seen_.end()) {
    return invalid("`order_by` contains duplicate fields: '{}'", ordering.identifier.key);
  }
  seen_.push_back(std::move(name));
  return {};
}

std::string_view direction_text(Direction direction) {
  return direction == Direction::ascending ? " ASC" : " DESC";
}

void add_integers(Sql& sql, std::string_view column, const std::vector<int64_t>& keys) {
  if (keys.size() == 1) {
    sql.add(fmt::format("{} = ?", column), keys[0]);
    return;
  }
  std::string list = "[";
  for (const int64_t key : keys) list += (list.size() == 1 ? "" : ",") + std::to_string(key);
  sql.add(fmt::format("{} IN (SELECT value FROM json_each(?))", column), list + "]");
}

Result<Page<int64_t>> page_of_keys(db::Connection& conn, Sql sql, std::string_view token,
                                   int64_t max_results, int64_t most) {
  TRY(check_max_results(max_results, most));
  const int64_t offset = TRY(page_offset(token));
  sql.add(" LIMIT ?", max_results + 1);
  sql.add(" OFFSET ?", offset);
  Page<int64_t> page;
  auto cursor = TRY(conn.query_values(sql.text, sql.values));
  while (TRY(cursor.next())) page.items.push_back(cursor.row().integer(0));
  if (static_cast<int64_t>(page.items.size()) > max_results) {
    page.items.pop_back();
    page.next_page_token = page_token(offset + max_results);
  }
  return page;
}

}  // namespace slipway::store
