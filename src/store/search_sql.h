// store/search_sql.h — the search language as SQL: clauses of a filter as tests on columns.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/connection.h"
#include "store/search_parser.h"
#include "store/values.h"

namespace slipway::store {

/// Part of a statement, and the values of its `?` in order.
struct Sql {
  std::string text;
  std::vector<db::Value> values;

  void add(std::string_view more) { text += more; }
  void add(std::string_view more, db::Value value) {
    text += more;
    values.push_back(std::move(value));
  }
  void add(const Sql& other) {
    text += other.text;
    values.insert(values.end(), other.values.begin(), other.values.end());
  }
};

enum class Entity { attribute, metric, param, tag, dataset };

/// Find what `word` means: `metrics` a metric, none an attribute.
/// Errors   invalid_parameter_value: nothing, or none of `accepted`.
Result<Entity> entity_of(std::string_view word, std::span<const Entity> accepted);

/// The same where only `attribute`, `tag`, `tags` and no word at all mean something.
Result<Entity> attribute_or_tag(std::string_view word);

/// Give the name that messages use, such as `parameter`.
std::string_view entity_name(Entity entity);

enum class FieldKind { text, number };
enum class Lists { refused, accepted };

/// An attribute that filters and orderings may name, and the SQL that computes it.
struct Field {
  std::string_view name;
  std::string_view column;
  FieldKind kind = FieldKind::text;
  Lists lists = Lists::refused;
};

/// The words for a literal that is no quoted text, for one that is neither text nor list, and for a
/// list where only others of the fields take one.
Error bare_word(const Literal& literal);
Error no_text_or_list(const Literal& literal);
Error only_lists_of(std::span<const Field> fields);

/// Write a number as Python does: `1000.0` for 1e3.
std::string python_number(const Literal& literal);

/// Find an attribute. Errors invalid_parameter_value: there is none (the message lists all).
Result<const Field*> find_field(std::span<const Field> fields, std::string_view key);

/// Give the test `column comparator literal` as SQL.
/// Errors   invalid_parameter_value: the operator or the literal's kind does not fit.
/// fields   all of the search: messages name those that accept lists.
Result<Sql> attribute_test(std::span<const Field> fields, const Field& field,
                           const Comparison& comparison);
/// The same for the value of a metric (numbers only; NULL is NaN and matches only `!=`).
Result<Sql> metric_test(std::string_view column, const Comparison& comparison);
/// The same for the value of a param or tag (quoted text only, no lists). Where an index holds
/// the first 40 characters of the column, `=` uses it.
Result<Sql> text_test(std::string_view column, Entity entity, const Comparison& comparison);
/// The same where lists are accepted too.
Result<Sql> listable_test(std::string_view column, Entity entity, const Comparison& comparison);

/// Refuse an operator other than `=`, `!=`, `LIKE`, `ILIKE` and those in `more`, in the words of
/// the searches of experiments and of the registry.
Result<void> check_text_comparator(const Comparison& comparison, std::string_view what,
                                   std::span<const std::string_view> more = {});

/// Tell whether the clause asks only for presence (IS NULL, IS NOT NULL).
bool asks_presence(const Comparison& comparison);

/// The tag that makes a registered model or version a prompt; searches hide these unless a clause
/// names the tag.
inline constexpr std::string_view kPromptTag = "mlflow.prompt.is_prompt";

/// Tell whether a clause is about the tag that makes a registered model a prompt, and whether the
/// first such clause asks for prompts. Where none does, prompts are left out and the clauses about
/// the tag mean nothing more.
bool names_prompt_tag(const Comparison& comparison);
bool asks_for_prompts(const std::vector<Comparison>& comparisons);

/// Refuse an ordering that names one field twice.
class OrderedOnce {
 public:
  Result<void> add(const Ordering& ordering);

 private:
  std::vector<std::string> seen_;
};

/// Give ` ASC` or ` DESC`.
std::string_view direction_text(Direction direction);

/// Add `column IN (…)` for any number of integers.
void add_integers(Sql& sql, std::string_view column, const std::vector<int64_t>& keys);

/// Run a statement that gives one integer key a row, and cut it to a page: `sql` has no LIMIT.
/// Errors   invalid_parameter_value: the page token, or max_results outside 1..`most`.
Result<Page<int64_t>> page_of_keys(db::Connection& conn, Sql sql, std::string_view token,
                                   int64_t max_results, int64_t most);

}  // namespace slipway::store
